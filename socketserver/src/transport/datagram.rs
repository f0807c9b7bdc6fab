//! What UDP and Unix datagrams share: the request, and the loop's buffer.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::socket::{Address, Socket};

/// One datagram as a request: what it says, and the server's socket to answer with.
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
    /// The bytes; none for an empty datagram, which is one all the same.
    pub data: Arc<[u8]>,
    /// The server's socket.
    pub socket: Socket,
    truncated: bool,
}

impl Datagram {
    /// A datagram as a transport of your own makes it.
    pub fn new(data: impl Into<Arc<[u8]>>, socket: Socket) -> Self {
        Datagram {
            data: data.into(),
            socket,
            truncated: false,
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

/// The attributes that both datagram transports have, and the loop's buffer.
#[derive(Debug)]
pub(super) struct Packets {
    pub(super) max_packet_size: usize,
    pub(super) send_timeout: Duration,
    /// Only the loop takes it, or who drains when no loop runs.
    buffer: Mutex<Vec<u8>>,
}

impl Default for Packets {
    fn default() -> Self {
        Packets {
            max_packet_size: 65_535,
            send_timeout: Duration::from_secs(1),
            buffer: Mutex::default(),
        }
    }
}

impl Clone for Packets {
    fn clone(&self) -> Self {
        Packets {
            max_packet_size: self.max_packet_size,
            send_timeout: self.send_timeout,
            buffer: Mutex::default(),
        }
    }
}

impl Packets {
    /// One client that does not read must not hold up a handler, and with it an inline server, for
    /// ever.
    pub(super) fn activate(&self, socket: &Socket) -> io::Result<()> {
        socket.settimeout(Some(self.send_timeout))
    }

    pub(super) fn get_request(&self, socket: &Socket) -> io::Result<(Datagram, Address)> {
        let mut buffer = self.buffer.lock();
        buffer.resize(self.max_packet_size, 0);
        let (length, address) = socket.try_recvfrom(&mut buffer)?;
        let held = length.min(buffer.len());
        let datagram = Datagram {
            data: buffer[..held].into(),
            socket: socket.clone(),
            truncated: length > held,
        };
        Ok((datagram, address))
    }
}
