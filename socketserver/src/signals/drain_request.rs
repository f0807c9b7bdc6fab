//! The drain that a signal asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use parking_lot::Mutex;

use crate::handler::Core;

pub(super) struct DrainRequest {
    pub(super) received: Arc<AtomicBool>,
    /// Set when the server has been asked for the drain.
    answered: AtomicBool,
    /// Locked while the server is asked.
    pub(super) timeout: Mutex<Duration>,
}

impl DrainRequest {
    pub(super) fn new(received: Arc<AtomicBool>, timeout: Duration) -> Self {
        DrainRequest { received, answered: AtomicBool::new(false), timeout: Mutex::new(timeout) }
    }

    /// Whether a signal has come and was not answered yet.
    pub(super) fn waits(&self) -> bool {
        self.received.load(SeqCst) && !self.answered.load(SeqCst)
    }

    /// Asks the server for the drain, once, if a signal has come. Two threads may call this, the
    /// loop's and one that watches for signals. Neither goes on before the server was asked,
    /// because the loop would serve another client.
    pub(super) fn answer(&self, core: &Core) {
        if !self.waits() {
            return;
        }
        let timeout = self.timeout.lock();
        if self.waits() {
            core.begin_drain(*timeout);
            self.answered.store(true, SeqCst);
        }
    }
}
