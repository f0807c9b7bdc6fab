//! What UDP and Unix datagrams share: how they are received.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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

thread_local! {
    /// Where datagrams are received on this thread. A lock around a buffer of each server would
    /// cost more.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Receives the datagrams of a server.
#[derive(Debug, Default)]
pub(super) struct PacketReceiver {
    /// Bytes that control messages of a datagram take: where it arrived, if the socket is bound to
    /// every address, and what the socket's options ask for. Mostly 0.
    remarks: AtomicUsize,
}

impl Clone for PacketReceiver {
    /// The copy is for another server, which has its own socket.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PacketReceiver {
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
        let mut buffer = BUFFER.take();
        if buffer.len() < options.max_packet_size {
            // Not `resize`, which would touch all of it.
            buffer = vec![0; options.max_packet_size];
        }
        let received = self.receive(socket, &mut buffer[..options.max_packet_size], is_inet);
        BUFFER.set(buffer);
        received
    }

    fn receive(
        &self,
        socket: &Socket,
        buffer: &mut [u8],
        is_inet: bool,
    ) -> io::Result<(Datagram, Address)> {
        let packet = match self.remarks.load(Relaxed) {
            0 if is_inet => socket.try_recv_plain(buffer)?,
            room => socket.try_recv_packet(buffer, room)?,
        };
        let client = packet.client;
        let held = packet.length.min(buffer.len());
        let socket = ReplySocket::new(socket.clone(), Some(client.clone()), packet.arrival);
        let truncated = packet.length > held;
        let datagram = Datagram::received(&buffer[..held], truncated, socket, packet.remarks);
        Ok((datagram, client))
    }
}
