//! Sending and receiving.

use std::io;
use std::time::Duration;

#[cfg(feature = "http")]
use rustix::buffer::spare_capacity;
use rustix::net::RecvFlags;
use socket2::Type;

use super::descriptor::{errno, receive_flags, send_flags};
use super::handle::{Shared, Socket};
use super::layer::{Wire, send_through};
use crate::address::Address;
use crate::address::ToAddress;
use crate::sys;
#[cfg(any(feature = "proxy", feature = "tls"))]
use crate::wait::Part;
use crate::wait::{Interest, Patience, without_peer};

/// The largest buffer that is made because a caller passed a number, in bytes. The number may come
/// from a client, and a client must not be able to use up this machine's memory.
pub(crate) const LARGEST_BUFFER: usize = 1 << 20;

impl Socket {
    /// Receives the bytes that are there, at most `bufsize`, waiting for the first of them. An
    /// empty result is the end of the stream.
    ///
    /// One call receives at most 1 MiB of a stream, however large `bufsize` is, so a length that
    /// came from a client is safe to pass. A message always comes whole, up to `bufsize`.
    ///
    /// # Errors
    /// `TimedOut`, `ConnectionReset`, and the system's.
    ///
    /// Python: `socket.recv`
    pub fn recv(&self, bufsize: usize) -> io::Result<Vec<u8>> {
        let shared = self.open()?;
        let room = shared.room(bufsize)?;
        if room == 0 || shared.layer().is_some() {
            return self.recv_through_layer(room);
        }
        shared.wire(Interest::Read).recv_new(room)
    }

    /// The same through a layer. Holds little memory until the layer has more.
    fn recv_through_layer(&self, room: usize) -> io::Result<Vec<u8>> {
        const FIRST: usize = 4_096;
        let mut data = vec![0; room.min(FIRST)];
        let mut received = self.recv_into(&mut data)?;
        if received == FIRST && room > FIRST && self.layer_has_pending() {
            data.resize(room, 0);
            // If this fails, the next call does so too.
            received += self.recv_into(&mut data[FIRST..]).unwrap_or(0);
        }
        data.truncate(received);
        Ok(data)
    }

    /// Receives `size` bytes, waiting for all of them. It uses memory only as bytes come, so a
    /// length that came from a client is safe to pass. The timeout is for each part that comes.
    /// After an error, the bytes that had come are lost: an `rfile`'s
    /// [`read_up_to`](crate::SocketReader::read_up_to) keeps them.
    ///
    /// # Errors
    /// `UnexpectedEof` at the end of the stream; as [`recv`](Self::recv).
    ///
    /// Python: `socket.recv(size, MSG_WAITALL)`
    pub fn recv_exact(&self, size: usize) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        while data.len() < size {
            let part = self.recv(size - data.len())?;
            if part.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("expected {size} bytes, got {} before the end", data.len()),
                ));
            }
            data.extend_from_slice(&part);
        }
        Ok(data)
    }

    /// As [`recv`](Self::recv), but leaves the bytes there: the next call receives them again.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), and `Unsupported` with a [`Layer`](crate::Layer).
    ///
    /// Python: `socket.recv(bufsize, MSG_PEEK)`
    pub fn peek(&self, bufsize: usize) -> io::Result<Vec<u8>> {
        let descriptor = self.without_layer()?;
        if bufsize == 0 {
            // The system would wait for data nevertheless.
            return Ok(Vec::new());
        }
        let mut data = vec![0; self.0.room(bufsize)?];
        let received = descriptor.until_ready(Interest::Read, |may_block| {
            let flags = receive_flags(may_block) | RecvFlags::PEEK;
            rustix::net::recv(&descriptor.fd, &mut data[..], flags).map(|(received, _)| received)
        })?;
        if received == 0 {
            descriptor.check_empty()?;
        }
        data.truncate(received);
        Ok(data)
    }

    /// Receives into the caller's buffer. Returns how many bytes; 0 at the end of the stream.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// Python: `socket.recv_into`
    pub fn recv_into(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let shared = self.open()?;
        if buffer.is_empty() {
            // The system would wait for data nevertheless.
            return Ok(0);
        }
        match shared.layer() {
            None => shared.wire(Interest::Read).recv(buffer),
            Some(layer) => {
                let patience = shared.descriptor.patience(Interest::Read);
                layer.recv(&shared.wire_for_layer(patience), buffer)
            }
        }
    }

    /// As [`recv_into`](Self::recv_into), with this time instead of the socket's timeout. This is
    /// for protocols in which each phase, such as the head of a request, has its own deadline.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// Python: `settimeout` before the call, and once more after it
    pub fn recv_into_within(&self, buffer: &mut [u8], time: Duration) -> io::Result<usize> {
        if buffer.is_empty() {
            return self.recv_into(buffer);
        }
        self.recv_within(buffer, Patience::of_socket(Some(time)))
    }

    pub(crate) fn recv_within(&self, buffer: &mut [u8], patience: Patience) -> io::Result<usize> {
        let shared = self.open()?;
        let wire = shared.wire_for_layer(patience);
        match shared.layer() {
            None => wire.recv(buffer),
            Some(layer) => layer.recv(&wire, buffer),
        }
    }

    /// As [`peek`](Self::peek), into the caller's buffer, and not with the socket's timeout.
    #[cfg(any(feature = "proxy", feature = "tls"))]
    pub(crate) fn peek_within(&self, buffer: &mut [u8], patience: Patience) -> io::Result<usize> {
        let descriptor = self.without_layer()?;
        let time = (patience, Part::Later);
        descriptor.until_ready_within(time, Interest::Read, |may_block| {
            let flags = receive_flags(may_block) | RecvFlags::PEEK;
            rustix::net::recv(&descriptor.fd, &mut *buffer, flags).map(|(received, _)| received)
        })
    }

    /// Receives the bytes that are there, below any layer.
    ///
    /// # Errors
    /// `WouldBlock` if there are none; the system's.
    pub(crate) fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Wire::new(&self.0.descriptor, Patience::Nonblocking).recv(buffer)
    }

    /// The same into the room of an empty vector. A `glance` blocks for a short time, but fails at once
    /// on a socket with a timeout.
    #[cfg(feature = "http")]
    pub(crate) fn try_recv_in(&self, mut data: Vec<u8>, glance: bool) -> io::Result<Vec<u8>> {
        let descriptor = &self.open()?.descriptor;
        if glance && !descriptor.set_glance() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let (room, flags) = (data.capacity(), receive_flags(glance));
        let received = rustix::net::recv(&descriptor.fd, spare_capacity(&mut data), flags);
        descriptor.unless_aborted(received.map_err(io::Error::from))?;
        descriptor.note_received(data.len(), room);
        Ok(data)
    }

    /// Receives one datagram of at most `bufsize` bytes, and its sender's address. The rest of a
    /// longer datagram is lost.
    ///
    /// # Errors
    /// `TimedOut`, and the system's.
    ///
    /// Python: `socket.recvfrom`
    pub fn recvfrom(&self, bufsize: usize) -> io::Result<(Vec<u8>, Address)> {
        self.without_layer()?;
        let mut data = vec![0; self.0.room(bufsize)?];
        let (received, address) = self.recvfrom_into(&mut data)?;
        data.truncate(received);
        Ok((data, address))
    }

    /// Receives one datagram into the caller's buffer. Returns its length and sender's address.
    ///
    /// # Errors
    /// As [`recvfrom`](Self::recvfrom).
    ///
    /// Python: `socket.recvfrom_into`
    pub fn recvfrom_into(&self, buffer: &mut [u8]) -> io::Result<(usize, Address)> {
        let descriptor = self.without_layer()?;
        let (received, address) = descriptor.until_ready(Interest::Read, |may_block| {
            let flags = receive_flags(may_block).bits() as i32;
            sys::message::recv_from(&descriptor.socket(), buffer, flags)
                .map_err(|error| errno(&error))
        })?;
        if received == 0 {
            descriptor.check_empty()?;
        }
        Ok((received, address.into()))
    }

    /// Takes the next datagram, if there is one. Returns its whole length, which may exceed the
    /// buffer's, and its sender's address.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; the system's.
    pub(crate) fn try_recvfrom(&self, buffer: &mut [u8]) -> io::Result<(usize, Address)> {
        let flags = (receive_flags(false) | RecvFlags::TRUNC).bits() as i32;
        let socket = self.raw_open()?;
        let (length, address) = sys::message::recv_from(&socket, buffer, flags)?;
        Ok((length, address.into()))
    }

    /// Sends some of `data` and returns how many bytes. The caller sends the rest.
    ///
    /// # Errors
    /// `TimedOut`; `BrokenPipe` and `ConnectionReset` when the peer has gone; the system's.
    ///
    /// Python: `socket.send`
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        let shared = self.open()?;
        match shared.layer() {
            None => shared.wire(Interest::Write).send(data),
            Some(layer) => {
                let patience = shared.descriptor.patience(Interest::Write);
                send_through(layer, &shared.wire_for_layer(patience), data)
            }
        }
    }

    /// As [`send`](Self::send), with this time instead of the socket's timeout.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// Python: `settimeout` before the call, and once more after it
    pub fn send_within(&self, data: &[u8], time: Duration) -> io::Result<usize> {
        let shared = self.open()?;
        let wire = || shared.wire_for_layer(Patience::of_socket(Some(time)));
        match shared.layer() {
            // Most need no clock.
            None => shared.descriptor.send_once(data).unwrap_or_else(|| wire().send(data)),
            Some(layer) => send_through(layer, &wire(), data),
        }
    }

    /// Sends all of `data`. The timeout covers the whole.
    ///
    /// Threads may share a socket: the bytes of one call stay together. A later call waits until
    /// the earlier ones have ended, as long as its timeout allows. That holds for all handles, and
    /// for the writes of a [`SocketWriter`](crate::SocketWriter). A plain [`send`](Self::send) does
    /// not wait for a `sendall`, and its bytes may come in between. After an error a part of `data`
    /// may have been sent, so a program that shares the socket should then close it.
    ///
    /// # Errors
    /// As [`send`](Self::send). How much was sent is then unknown.
    ///
    /// Python: `socket.sendall`, which other threads' calls interrupt
    pub fn sendall(&self, data: &[u8]) -> io::Result<()> {
        let shared = self.open()?;
        let patience = shared.descriptor.patience(Interest::Write);
        let _turn = shared.descriptor.take_turn(patience)?;
        shared.send_whole(data, patience)
    }

    /// Sends `data` as one datagram to `address`, and returns how many bytes. The socket's timeout
    /// also covers the look-up of a host's name.
    ///
    /// # Errors
    /// `TimedOut` when the receiver's queue stays full; "message too long" for more than one
    /// datagram holds; `AddrNotAvailable` for [`Address::Unnamed`]; the system's.
    ///
    /// Python: `socket.sendto`
    pub fn sendto(&self, data: &[u8], address: impl ToAddress) -> io::Result<usize> {
        let descriptor = self.without_layer()?;
        match address.to_peer(descriptor.timeout(Interest::Write))? {
            Address::Inet(to) => descriptor.send_to(data, &to),
            Address::Other(to) => {
                let to = to.to_sock_addr()?;
                descriptor.until_ready(Interest::Write, |may_block| {
                    let flags = send_flags(may_block).bits() as i32;
                    let sent = descriptor.socket().send_to_with_flags(data, &to, flags);
                    sent.map_err(|error| errno(&error))
                })
            }
            address => descriptor.send_to(data, &address.to_unix()?).map_err(without_peer),
        }
    }
}

impl Shared {
    /// How much room to make for a call that may receive `bufsize` bytes.
    #[inline]
    pub(super) fn room(&self, bufsize: usize) -> io::Result<usize> {
        if bufsize <= LARGEST_BUFFER {
            return Ok(bufsize);
        }
        self.room_for_message(bufsize)
    }

    /// A stream may give less than was asked for. A message that does not fit would lose its rest,
    /// so the next one is measured.
    #[cold]
    fn room_for_message(&self, bufsize: usize) -> io::Result<usize> {
        let descriptor = &self.descriptor;
        if self.layer().is_some() || descriptor.socket().r#type()? == Type::STREAM {
            return Ok(LARGEST_BUFFER);
        }
        let length = descriptor.until_ready(Interest::Read, |may_block| {
            let flags = receive_flags(may_block) | RecvFlags::PEEK | RecvFlags::TRUNC;
            rustix::net::recv(&descriptor.fd, &mut [0], flags).map(|(_, length)| length)
        })?;
        Ok(bufsize.min(length.max(LARGEST_BUFFER)))
    }

    /// A `sendall` that has its turn.
    pub(super) fn send_whole(&self, data: &[u8], patience: Patience) -> io::Result<()> {
        let wire = Wire::new(&self.descriptor, patience);
        match self.layer() {
            // An empty datagram is one, too.
            None if data.is_empty() => wire.send(data).map(drop),
            None => wire.sendall(data),
            Some(layer) => {
                let wire = wire.in_parts();
                let mut left = data;
                while !left.is_empty() {
                    left = &left[send_through(layer, &wire, left)?..];
                }
                Ok(())
            }
        }
    }

    /// The wire for one operation of a socket that has no layer.
    #[inline]
    fn wire(&self, interest: Interest) -> Wire<'_> {
        Wire::new(&self.descriptor, self.descriptor.patience(interest))
    }
}
