//! A datagram as a request.

use std::fmt;
use std::sync::Arc;

use crate::socket::Socket;

/// One datagram as a request: its bytes, and the server's socket to answer with.
///
/// ```
/// # use socketserver::{Address, Datagram};
/// fn handle(request: Datagram, client_address: Address) -> std::io::Result<()> {
///     let Datagram { data, socket, .. } = &request;
///     socket.sendto(&data.to_ascii_uppercase(), &client_address)?;
///     Ok(())
/// }
/// ```
///
/// Python: `self.request` of a datagram server, the pair `(data, socket)`
#[derive(Clone)]
#[non_exhaustive]
pub struct Datagram {
    /// The bytes. An empty datagram is a request too.
    pub data: Arc<[u8]>,
    /// The server's socket.
    pub socket: Socket,
    truncated: bool,
}

impl Datagram {
    /// A datagram that a transport of your own received.
    pub fn new(data: impl Into<Arc<[u8]>>, socket: Socket) -> Self {
        Datagram {
            data: data.into(),
            socket,
            truncated: false,
        }
    }

    pub(crate) fn received(data: &[u8], truncated: bool, socket: Socket) -> Self {
        Datagram {
            data: data.into(),
            socket,
            truncated,
        }
    }

    /// Whether the datagram was longer than `max_packet_size`, so that `data` is only its
    /// beginning.
    pub fn truncated(&self) -> bool {
        self.truncated
    }
}

impl fmt::Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagram")
            .field("data", &format_args!("b\"{}\"", self.data.escape_ascii()))
            .field("socket", &self.socket)
            .field("truncated", &self.truncated)
            .finish()
    }
}
