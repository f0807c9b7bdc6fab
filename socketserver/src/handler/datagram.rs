//! The base class's part of a datagram handler: its files, and the reply.

use std::io::Cursor;
use std::sync::Arc;

use crate::socket::{Address, Socket};

/// The datagram as a file.
///
/// Python: `DatagramRequestHandler.setup`
pub fn packet_reader(packet: &Arc<[u8]>) -> Cursor<Arc<[u8]>> {
    Cursor::new(packet.clone())
}

/// Sends what was written as the reply, if anything was. A client without a name cannot be
/// answered.
///
/// Python: `DatagramRequestHandler.finish`, which sends an empty reply too
pub fn reply(socket: &Socket, client_address: &Address, wfile: &[u8]) {
    if wfile.is_empty() || *client_address == Address::Unnamed {
        return;
    }
    if let Err(error) = socket.sendto(wfile, client_address) {
        log::debug!(target: super::TARGET, "the reply to {client_address} was not sent: {error}");
    }
}
