//! The option of concurrencies whose requests run on threads, of either kind.

/// Whether live requests are left alone at the end: an option of [`Threading`](crate::Threading) and
/// [`Green`](crate::Green).
#[derive(Clone, Copy, Debug, Default)]
pub struct DaemonThreads {
    pub(crate) daemon: bool,
}

macro_rules! daemon_threads_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The option of [`DaemonThreads`](crate::options::DaemonThreads).
    $($header)* {
        /// Whether live requests are left alone when the server closes. Off unless set. In Rust, as
        /// in Python, the end of the process does not wait for them. A
        /// [`drain`](crate::Server::drain), by a signal too, waits for them and aborts them
        /// nevertheless, because its caller says for how long: with `Duration::ZERO` it does not
        /// wait.
        ///
        /// Python: `ThreadingMixIn.daemon_threads`
        pub fn daemon_threads(mut self, daemon: bool) -> Self
        where
            $owner: $crate::axis::Has<$crate::concurrency::DaemonThreads>,
        {
            let options: &mut $crate::concurrency::DaemonThreads = $options(&mut self);
            options.daemon = daemon;
            self
        }
    }
} }
pub(crate) use daemon_threads_setters;
