//! The option of concurrencies whose requests live on in workers.

/// Whether closing waits for workers: an option of [`Threading`](crate::Threading),
/// [`Green`](crate::Green) and [`Forking`](crate::Forking).
#[derive(Clone, Copy, Debug)]
pub struct OnClose {
    pub(crate) block: bool,
}

impl Default for OnClose {
    fn default() -> Self {
        OnClose { block: true }
    }
}

macro_rules! on_close_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The option of [`OnClose`](crate::options::OnClose).
    $($header)* {
        /// Whether closing the server waits for live requests, for at most `drain_timeout`; then
        /// they are aborted. On unless set. A [`drain`](crate::Server::drain) waits in any case.
        ///
        /// Python: `ThreadingMixIn.block_on_close`, `ForkingMixIn.block_on_close`, which wait for
        /// ever
        pub fn block_on_close(mut self, block: bool) -> Self
        where
            $owner: $crate::axis::Has<$crate::concurrency::OnClose>,
        {
            let options: &mut $crate::concurrency::OnClose = $options(&mut self);
            options.block = block;
            self
        }
    }
} }
pub(crate) use on_close_setters;
