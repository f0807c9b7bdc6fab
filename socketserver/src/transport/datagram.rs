//! What UDP and Unix datagrams share: the receive buffer.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;

use super::options::Packets;
use super::unbound;
use crate::address::Address;
use crate::request::{Datagram, ReplySocket};
use crate::socket::Socket;

/// Checks that clients can send to a socket that was handed over.
pub(super) fn check_bound(socket: &Socket) -> io::Result<()> {
    let own = socket.getsockname()?;
    let is_bound = own != Address::Unnamed && own.port() != Some(0);
    // One of a pair has no address, and a peer.
    if is_bound || socket.getpeername().is_ok() { Ok(()) } else { Err(unbound(socket)) }
}

/// A client that does not read must not block a handler, and with it an inline server, for ever.
pub(super) fn activate(socket: &Socket, options: &Packets) -> io::Result<()> {
    socket.settimeout(Some(options.send_timeout))
}

/// The buffer into which datagrams are received. Only the loop's thread uses it, or a caller that
/// drains while no loop runs.
#[derive(Debug, Default)]
pub(super) struct PacketBuffer {
    bytes: Mutex<Vec<u8>>,
    /// Bytes that control messages of a datagram take: where it arrived, if the socket is bound to
    /// every address, and what the socket's options ask for. Mostly 0.
    remarks: AtomicUsize,
}

impl Clone for PacketBuffer {
    /// The copy is for another server, which has its own buffer.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PacketBuffer {
    /// Determines which control messages each datagram has.
    pub(super) fn watch(&self, socket: &Socket) -> io::Result<()> {
        let room = socket.room_for_remarks(socket.watch_arrivals()?)?;
        self.remarks.store(room, Relaxed);
        Ok(())
    }

    pub(super) fn get_request(
        &self,
        socket: &Socket,
        options: &Packets,
        is_inet: bool,
    ) -> io::Result<(Datagram, Address)> {
        let mut buffer = self.bytes.lock();
        buffer.resize(options.max_packet_size, 0);
        let packet = match self.remarks.load(Relaxed) {
            0 if is_inet => socket.try_recv_plain(&mut buffer)?,
            room => socket.try_recv_packet(&mut buffer, room)?,
        };
        let client = packet.client;
        let held = packet.length.min(buffer.len());
        let socket = ReplySocket::new(socket.clone(), Some(client.clone()), packet.arrival);
        let truncated = packet.length > held;
        let datagram = Datagram::received(&buffer[..held], truncated, socket, packet.remarks);
        Ok((datagram, client))
    }
}
