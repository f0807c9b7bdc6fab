//! The option of concurrencies whose requests run on threads, ordinary or green.

/// Whether the server's close leaves live requests alone: an option of
/// [`Threading`](crate::Threading) and [`Green`](crate::Green).
#[derive(Clone, Copy, Debug, Default)]
pub struct DaemonThreads {
    pub(crate) daemon: bool,
}

macro_rules! daemon_threads_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The option of [`DaemonThreads`](crate::options::DaemonThreads).
    $($header)* {
        /// Whether the server's close leaves live requests alone, instead of waiting for them. Off
        /// unless set. As in Python, the end of the process does not wait for them either. A
        /// [`drain`](crate::Server::drain), by a signal too, waits for them nevertheless, and then
        /// aborts them, because its caller says for how long. With `Duration::ZERO` it does not
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
