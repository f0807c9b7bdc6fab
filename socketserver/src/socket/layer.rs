//! What may be put under a socket, as TLS is: every handle, `rfile` and `wfile` speak through it
//! from then on.

use std::fmt;
use std::io;

use super::Inner;
use super::wait::Patience;

/// A protocol between the handler's bytes and the wire's.
///
/// It reads and writes the wire without holding its own lock meanwhile, since another thread may be
/// waiting the other way. At a deadline the wire below is shut down, and its `recv` sees the end.
pub trait Layer: Send + Sync + 'static {
    /// Fills `buffer` with what the other side said; 0 at the end of its stream.
    ///
    /// # Errors
    /// The wire's, and `InvalidData` for what the layer cannot read.
    fn recv(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize>;

    /// Sends some of `data`, at least one byte of it, and tells how much.
    ///
    /// # Errors
    /// The wire's.
    fn send(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize>;

    /// Tells the other side that nothing more will come, before the wire's own end.
    ///
    /// # Errors
    /// The wire's; nobody looks at them, as nothing could be done.
    fn end(&self, wire: &Wire<'_>) -> io::Result<()>;
}

/// The socket below a [`Layer`].
pub struct Wire<'a> {
    pub(super) inner: &'a Inner,
    pub(super) patience: Patience,
}

impl Wire<'_> {
    /// Receives what there is, waiting as long as the socket's timeout says; 0 at the end of the
    /// stream.
    ///
    /// # Errors
    /// `TimedOut`, or the system's.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.recv_part(buffer, self.patience)
    }

    /// Sends some of `data` and tells how much.
    ///
    /// # Errors
    /// `TimedOut`, or the system's.
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.inner.send_part(data, self.patience)
    }

    /// Sends all of `data`.
    ///
    /// # Errors
    /// `TimedOut`, or the system's; how much was sent is not known then.
    pub fn sendall(&self, data: &[u8]) -> io::Result<()> {
        let mut left = data;
        while !left.is_empty() {
            left = &left[self.send(left)?..];
        }
        Ok(())
    }
}

impl fmt::Debug for Wire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("fileno", &self.inner.fileno())
            .finish()
    }
}
