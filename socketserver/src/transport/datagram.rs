//! What UDP and Unix datagrams share: the receive buffer.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::Mutex;

use super::options::Packets;
use crate::address::Address;
use crate::request::{Datagram, ReplySocket};
use crate::socket::Socket;

/// A client that does not read must not block a handler, and with it an inline server, for ever.
pub(super) fn activate(socket: &Socket, options: &Packets) -> io::Result<()> {
    socket.settimeout(Some(options.send_timeout))
}

/// The buffer into which datagrams are received. Only the loop's thread uses it, or a caller that
/// drains while no loop runs.
#[derive(Debug, Default)]
pub(super) struct PacketBuffer {
    bytes: Mutex<Vec<u8>>,
    /// The socket is bound to every address, so each datagram says where it arrived.
    has_arrivals: AtomicBool,
}

impl Clone for PacketBuffer {
    /// The copy is for another server, which has a buffer of its own.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PacketBuffer {
    /// Finds out whether datagrams must say where they arrived.
    pub(super) fn watch_arrivals(&self, socket: &Socket) -> io::Result<()> {
        self.has_arrivals.store(socket.watch_arrivals()?, Relaxed);
        Ok(())
    }

    pub(super) fn get_request(
        &self,
        socket: &Socket,
        options: &Packets,
    ) -> io::Result<(Datagram, Address)> {
        let mut buffer = self.bytes.lock();
        buffer.resize(options.max_packet_size, 0);
        let (length, client, arrival) = if self.has_arrivals.load(Relaxed) {
            socket.try_recv_arrival(&mut buffer)?
        } else {
            let (length, client) = socket.try_recvfrom(&mut buffer)?;
            (length, client, None)
        };
        let held = length.min(buffer.len());
        let socket = ReplySocket::new(socket.clone(), Some(client.clone()), arrival);
        let datagram = Datagram::received(&buffer[..held], length > held, socket);
        Ok((datagram, client))
    }
}
