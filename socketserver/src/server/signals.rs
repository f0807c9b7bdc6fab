//! The first signal drains, the second ends the process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

use super::Server;
use super::base::BaseServer;
use super::waker::Waker;
use crate::concurrency::Concurrency;
use crate::handler::RequestHandler;
use crate::transport::Transport;

/// What a server keeps while it listens to signals.
#[derive(Debug)]
pub(super) struct Signals {
    received: Arc<AtomicBool>,
    timeout: Duration,
    bells: Vec<SigId>,
}

impl Signals {
    fn register(waker: &Waker, received: Arc<AtomicBool>, timeout: Duration) -> io::Result<Self> {
        let mut bells = Vec::new();
        for signal in [SIGINT, SIGTERM] {
            // In this order, so that only a second signal finds the flag set. It ends the process
            // right in the signal handler: an inline server whose handler waits has no thread that
            // could look.
            flag::register_conditional_shutdown(signal, 128 + signal, received.clone())?;
            flag::register(signal, received.clone())?;
            bells.push(low_level::pipe::register(signal, waker.bell()?)?);
        }
        Ok(Signals {
            received,
            timeout,
            bells,
        })
    }

    /// How long live requests may go on, if a signal came.
    pub(super) fn received(&self) -> Option<Duration> {
        self.received.load(SeqCst).then_some(self.timeout)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for bell in self.bells.drain(..) {
            low_level::unregister(bell);
        }
        // Nobody would act on a first signal any more: the next one ends the process.
        self.received.store(true, SeqCst);
    }
}

impl<T, C, H, S> Server<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    /// From now on the first SIGINT or SIGTERM drains the server, live requests having `timeout` to
    /// finish, and `serve_forever` returns; a second one ends the process at once, with status 128
    /// + number. Several servers of one process may each do this, and all of them drain.
    ///
    /// It takes no thread: a flag is set and the loop's bell is rung. An inline server begins to
    /// drain when the handler that runs has returned. Once the server is dropped, the next signal
    /// ends the process.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `except KeyboardInterrupt` around `serve_forever`
    pub fn drain_on_signals(&self, timeout: Duration) -> io::Result<()> {
        let core = self.core();
        let mut signals = self.signals.lock();
        match &mut *signals {
            Some(signals) => signals.timeout = timeout,
            None => {
                let received = core.signalled.clone();
                *signals = Some(Signals::register(&core.waker, received, timeout)?);
            }
        }
        Ok(())
    }
}
