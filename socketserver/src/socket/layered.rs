//! What lies over a socket's descriptor: a layer, input that was taken and not read, and what its
//! transport has learnt.

#[cfg(feature = "proxy")]
use std::any::Any;
use std::io;
use std::sync::atomic::Ordering::Relaxed;

use super::handle::Socket;
use super::layer::Layer;

impl Socket {
    /// Puts a [`Layer`] under the socket. From then on every handle, and every file made from one,
    /// speaks through it.
    ///
    /// # Errors
    /// `AlreadyExists` if there is one. `InvalidInput` if an `rfile` holds unread bytes: they were
    /// sent without the layer's protection, and would pass for protected ones.
    pub fn set_layer(&self, layer: impl Layer) -> io::Result<()> {
        let shared = self.open()?;
        self.expect_nothing_unread("a connection that gets a layer")?;
        shared.extras().layer.set(Box::new(layer)).map_err(|_| {
            io::Error::new(
                io::ErrorKind::AlreadyExists,
                "expected a socket without a layer, got one that has a layer",
            )
        })
    }

    pub(crate) fn has_layer(&self) -> bool {
        self.0.layer().is_some()
    }

    /// Whether anything has been received.
    pub(crate) fn has_received(&self) -> bool {
        self.0.descriptor.has_received()
    }

    /// Whether there are bytes that were taken from the system and not read yet.
    ///
    /// # Errors
    /// "Bad file descriptor".
    pub(crate) fn has_pending(&self) -> io::Result<bool> {
        let shared = self.open()?;
        Ok(shared.unread.load(Relaxed) > 0 || self.layer_has_pending())
    }

    pub(super) fn layer_has_pending(&self) -> bool {
        self.0.layer().is_some_and(Layer::pending)
    }

    /// Keeps what a transport has learnt about the connection, once.
    #[cfg(feature = "proxy")]
    pub(crate) fn set_learnt<V: Any + Send + Sync>(&self, learnt: V) {
        // What is learnt first holds.
        let _ = self.0.extras().learnt.set(Box::new(learnt));
    }

    /// What a transport has learnt about the connection, if it is of this type.
    #[cfg(feature = "proxy")]
    pub(crate) fn learnt<V: Any>(&self) -> Option<&V> {
        self.0.extras.get()?.learnt.get()?.downcast_ref()
    }

    /// What was received so far was not the client's: the wait for its first byte is still to come.
    #[cfg(feature = "proxy")]
    pub(crate) fn forget_received(&self) {
        self.0.descriptor.forget_received();
    }
}
