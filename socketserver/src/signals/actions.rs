//! Actions that run at a signal, for as long as their owner lives.

use std::io;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{SigId, low_level};

/// The signals that end a program.
pub(super) const ENDING: [i32; 2] = [SIGINT, SIGTERM];

/// Registered actions. A drop unregisters them.
#[derive(Default)]
pub(super) struct Actions(Vec<SigId>);

impl Actions {
    pub(super) fn add(&mut self, registered: io::Result<SigId>) -> io::Result<()> {
        self.0.push(registered?);
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        for action in self.0.drain(..) {
            low_level::unregister(action);
        }
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        self.clear();
    }
}
