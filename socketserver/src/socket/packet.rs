//! How a server receives datagrams and their control messages.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustix::net::RecvFlags;

use super::descriptor::receive_flags;
use super::handle::Socket;
use crate::address::{Address, AddressFamily};
use crate::control::{self, Arrival, Remarks};
use crate::sys;

/// One datagram without its bytes.
pub(crate) struct Packet {
    /// The whole length, which may exceed the buffer's.
    pub(crate) length: usize,
    pub(crate) client: Address,
    pub(crate) arrival: Option<Arrival>,
    pub(crate) remarks: Option<Arc<Remarks>>,
}

impl Socket {
    /// Takes the next datagram of a UDP socket, if there is one. Its control messages are lost.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; the system's.
    pub(crate) fn try_recv_plain(&self, buffer: &mut [u8]) -> io::Result<Packet> {
        let flags = receive_flags(false) | RecvFlags::TRUNC;
        let socket = self.raw_open()?;
        let (_, length, client) = rustix::net::recvfrom(&*socket, buffer, flags)?;
        let client = client.and_then(|client| SocketAddr::try_from(client).ok());
        let client = client.map_or(Address::Unnamed, Address::Inet);
        Ok(Packet { length, client, arrival: None, remarks: None })
    }

    /// Bytes to reserve for control messages. They suffice for those that the socket's options ask
    /// for, and no more, because without room for descriptors the system opens none.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn room_for_remarks(&self, watches_arrivals: bool) -> io::Result<usize> {
        let is_unix = self.getsockname()?.family() == AddressFamily::Unix;
        let rooms = [
            (watches_arrivals, control::ARRIVAL_ROOM),
            (is_unix && self.raw_open()?.passcred()?, control::CREDENTIALS_ROOM),
            (sys::timestamps(self)?, control::TIMESTAMP_ROOM),
            (sys::count_dropped(self)?, control::DROPPED_ROOM),
        ];
        Ok(rooms.iter().filter(|(asked, _)| *asked).map(|(_, room)| room).sum())
    }

    /// Takes the next datagram, if there is one, with at most `room` bytes of control messages.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; the system's.
    pub(crate) fn try_recv_packet(&self, buffer: &mut [u8], room: usize) -> io::Result<Packet> {
        if room == 0 {
            let (length, client) = self.try_recvfrom(buffer)?;
            return Ok(Packet { length, client, arrival: None, remarks: None });
        }
        let flags = (receive_flags(false) | RecvFlags::TRUNC).bits() as i32;
        let mut control = [0; control::ROOM];
        let control = &mut control[..room.min(control::ROOM)];
        let socket = self.raw_open()?;
        let (received, sender) = sys::message::recv_msg(&*socket, buffer, control, flags)?;
        let said = &control[..received.control];
        Ok(Packet {
            length: received.length,
            client: sender.into(),
            arrival: control::arrival(said),
            remarks: control::remarks(said),
        })
    }
}
