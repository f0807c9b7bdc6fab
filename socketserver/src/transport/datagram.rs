//! What UDP and Unix datagrams share: the receive buffer.

use std::io;

use parking_lot::Mutex;

use super::options::Packets;
use crate::request::Datagram;
use crate::socket::{Address, Socket};

/// A client that does not read must not block a handler, and with it an inline server, for ever.
pub(super) fn activate(socket: &Socket, options: &Packets) -> io::Result<()> {
    socket.settimeout(Some(options.send_timeout))
}

/// The buffer into which datagrams are received. Only the loop's thread uses it, or a caller that
/// drains while no loop runs.
#[derive(Debug, Default)]
pub(super) struct PacketBuffer(Mutex<Vec<u8>>);

impl Clone for PacketBuffer {
    /// The copy is for another server, which has a buffer of its own.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PacketBuffer {
    pub(super) fn get_request(
        &self,
        socket: &Socket,
        options: &Packets,
    ) -> io::Result<(Datagram, Address)> {
        let mut buffer = self.0.lock();
        buffer.resize(options.max_packet_size, 0);
        let (length, address) = socket.try_recvfrom(&mut buffer)?;
        let held = length.min(buffer.len());
        let datagram = Datagram::received(&buffer[..held], length > held, socket.clone());
        Ok((datagram, address))
    }
}
