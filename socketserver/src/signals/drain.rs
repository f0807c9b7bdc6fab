//! The signals that end a program: the first drains, the second ends the process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use parking_lot::Mutex;
use signal_hook::{flag, low_level};

use super::actions::{Actions, ENDING};
use super::drain_request::DrainRequest;
use super::watch::Watch;

use crate::handler::Core;
use crate::sys;

/// The servers of this process that drain on signals.
static DRAINERS: Mutex<Drainers> = Mutex::new(Drainers { count: 0, none: None });

struct Drainers {
    count: usize,
    /// True while no server drains on signals: a signal then ends the process, as it does by
    /// default. Made with the first server that drains on signals.
    none: Option<Arc<AtomicBool>>,
}

impl Drainers {
    fn prepare(&mut self) -> io::Result<()> {
        if self.none.is_none() {
            let none = Arc::new(AtomicBool::new(true));
            for signal in ENDING {
                flag::register_conditional_default(signal, none.clone())?;
            }
            self.none = Some(none);
        }
        Ok(())
    }

    fn more(&mut self) {
        self.set(self.count + 1);
    }

    fn fewer(&mut self) {
        self.set(self.count - 1);
    }

    fn set(&mut self, count: usize) {
        self.count = count;
        if let Some(none) = &self.none {
            none.store(count == 0, SeqCst);
        }
    }
}

/// One server's actions at the signals that end a program.
pub(super) struct DrainSignals {
    request: Arc<DrainRequest>,
    actions: Actions,
    /// Whether all actions are registered, and the server counts as one that drains.
    registered: bool,
    watch: Option<Watch>,
}

impl DrainSignals {
    pub(super) fn register(core: &Core, timeout: Duration) -> io::Result<Self> {
        let received = core.signalled.clone();
        let mut signals = DrainSignals {
            request: Arc::new(DrainRequest::new(received, timeout)),
            actions: Actions::default(),
            registered: false,
            watch: None,
        };
        DRAINERS.lock().prepare()?;
        let (actions, received) = (&mut signals.actions, &signals.request.received);
        for signal in ENDING {
            // In this order, so that only a second signal finds the flag set. It ends the process
            // right in the signal handler, because a program whose loop is stuck has no thread that
            // could look at the flag.
            let status = 128 + signal;
            let shutdown = flag::register_conditional_shutdown(signal, status, received.clone());
            actions.add(shutdown)?;
            actions.add(flag::register(signal, received.clone()))?;
            actions.add(low_level::pipe::register(signal, core.waker.wake_fd()?))?;
        }
        ENDING.into_iter().for_each(sys::unblock);
        // Only now: until then a signal ends the process, so none is lost.
        DRAINERS.lock().more();
        signals.registered = true;
        Ok(signals)
    }

    pub(super) fn set_timeout(&self, timeout: Duration) {
        *self.request.timeout.lock() = timeout;
    }

    /// The drain that a signal has asked for, if no thread has answered it yet.
    pub(super) fn waiting(&self) -> Option<Arc<DrainRequest>> {
        self.request.waits().then(|| self.request.clone())
    }

    /// Starts the thread that answers while the loop cannot, unless this process has it already.
    pub(super) fn watch(&mut self, core: &Arc<Core>) -> io::Result<()> {
        if !self.watch.as_ref().is_some_and(Watch::is_in_this_process) {
            self.watch = Some(Watch::start(core.clone(), self.request.clone())?);
        }
        Ok(())
    }
}

impl Drop for DrainSignals {
    fn drop(&mut self) {
        // Before the actions go: from here on a signal may end the process.
        if self.registered {
            DRAINERS.lock().fewer();
        }
    }
}
