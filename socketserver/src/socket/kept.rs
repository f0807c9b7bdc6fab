//! Handles of a socket that code has kept after what the socket was made for has ended.

use std::sync::{Arc, Weak};

use super::handle::{Shared, Socket};

impl Socket {
    /// Gives the system's socket up if there are other handles.
    pub(crate) fn give_up_if_shared(&self) {
        if Arc::strong_count(&self.0) > 1 && !self.is_detached() {
            self.0.descriptor.give_up();
        }
    }

    /// A handle that does not keep the socket open.
    pub(crate) fn downgrade(&self) -> WeakSocket {
        WeakSocket(Arc::downgrade(&self.0))
    }
}

/// Handle to a socket that does not keep it open.
pub(crate) struct WeakSocket(Weak<Shared>);

impl WeakSocket {
    /// Gives the system's socket up if there are still handles.
    pub(crate) fn give_up(&self) {
        if let Some(shared) = self.0.upgrade() {
            shared.descriptor.give_up();
        }
    }
}
