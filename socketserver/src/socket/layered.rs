//! What lies over a socket's descriptor: a layer, input that was taken and not read, and what its
//! transport has learnt.

#[cfg(any(feature = "proxy", feature = "tls"))]
use std::any::Any;
use std::io;
use std::sync::atomic::Ordering::Relaxed;

use super::handle::Socket;
use super::layer::Layer;
#[cfg(feature = "tls")]
use super::layer::Wire;
#[cfg(feature = "tls")]
use crate::wait::Patience;

impl Socket {
    /// Puts a [`Layer`] under the socket. From then on every handle, and every file made from one,
    /// speaks through it.
    ///
    /// # Errors
    /// `AlreadyExists` if there is one. `InvalidInput` if an `rfile` holds unread bytes: they were
    /// sent without the layer's protection, and would pass for protected ones.
    pub fn set_layer(&self, layer: impl Layer) -> io::Result<()> {
        self.ready_for_layer()?;
        self.open()?.extras().layer.set(Box::new(layer)).map_err(|_| has_layer())
    }

    /// Checks what `set_layer` asks for.
    pub(crate) fn ready_for_layer(&self) -> io::Result<()> {
        self.open()?;
        self.expect_nothing_unread("a connection that gets a layer")?;
        if self.has_layer() { Err(has_layer()) } else { Ok(()) }
    }

    /// The layer, if it is of this type.
    #[cfg(feature = "tls")]
    pub(crate) fn layer_as<L: Layer>(&self) -> Option<&L> {
        let layer: &dyn Any = self.0.layer()?;
        layer.downcast_ref()
    }

    /// The wire, for operations that share this time.
    #[cfg(feature = "tls")]
    pub(crate) fn wire_within(&self, patience: Patience) -> io::Result<Wire<'_>> {
        Ok(self.open()?.wire_for_layer(patience))
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
    #[cfg(any(feature = "proxy", feature = "tls"))]
    pub(crate) fn forget_received(&self) {
        self.0.descriptor.forget_received();
    }
}

#[cold]
fn has_layer() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "expected a socket without a layer, got one that has a layer",
    )
}
