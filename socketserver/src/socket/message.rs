//! Messages with control messages: descriptors, and what the system reports about the sender.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use socket2::{SockAddr, Type};

use super::descriptor::{errno, receive_flags, send_flags};
use super::handle::Socket;
use crate::address::Address;
use crate::control::{self, Ancillary, MOST_DESCRIPTORS};
use crate::sys;
use crate::wait::{Interest, without_peer};

/// A control message to send: what goes with a message beside its bytes.
///
/// Python: an item of `ancdata`, an argument of `sendmsg`
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SendAncillary<'a> {
    /// Descriptors for the process at the other end of a Unix socket, which gets duplicates of
    /// them. Python: `SCM_RIGHTS`
    Descriptors(&'a [BorrowedFd<'a>]),
}

/// The flags of a received message.
///
/// Python: `msg_flags`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageFlags {
    /// The message was longer than `bufsize`, and its rest is lost. Python: `MSG_TRUNC`
    pub truncated: bool,
    /// There was no room for all control messages, most often for all descriptors. The missing
    /// descriptors were closed. Python: `MSG_CTRUNC`
    pub ancdata_truncated: bool,
    /// The message ends a record. Python: `MSG_EOR`
    pub end_of_record: bool,
    /// The bytes are urgent data. Python: `MSG_OOB`
    pub out_of_band: bool,
}

/// A message, as [`Socket::recvmsg`] returns it.
///
/// Python: the tuple that `recvmsg` returns
#[derive(Debug)]
#[non_exhaustive]
pub struct Message {
    /// The bytes.
    pub data: Vec<u8>,
    /// The control messages that came with the bytes.
    pub ancdata: Vec<Ancillary>,
    /// Whether parts of the message are missing, and whether it is urgent.
    pub flags: MessageFlags,
    /// The sender of a datagram; [`Address::Unnamed`] on a stream.
    pub address: Address,
}

impl From<i32> for MessageFlags {
    /// From the system's bits.
    fn from(flags: i32) -> Self {
        let has = |flag| flags & flag != 0;
        MessageFlags {
            truncated: has(libc::MSG_TRUNC),
            ancdata_truncated: has(libc::MSG_CTRUNC),
            end_of_record: has(libc::MSG_EOR),
            out_of_band: has(libc::MSG_OOB),
        }
    }
}

impl Socket {
    /// Receives at most `bufsize` bytes, as [`recv`](Self::recv) and [`recvfrom`](Self::recvfrom),
    /// with their control messages: at most `maxfds` descriptors, and whatever the socket's options
    /// ask for.
    ///
    /// Descriptors that a client sends unasked are closed at once, here as with `recv`.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), and `Unsupported` with a [`Layer`](crate::Layer).
    ///
    /// Python: `socket.recvmsg(bufsize, ancbufsize)`, whose second argument is a number of bytes
    pub fn recvmsg(&self, bufsize: usize, maxfds: usize) -> io::Result<Message> {
        let descriptor = self.without_layer()?;
        let mut data = vec![0; self.0.room(bufsize)?];
        let mut control = vec![0; control::ROOM + control::room_for(maxfds)];
        let (mut received, sender) = descriptor.until_ready(Interest::Read, |may_block| {
            let flags = receive_flags(may_block).bits() as i32;
            sys::message::recv_msg(&descriptor.fd, &mut data, &mut control, flags)
                .map_err(|error| errno(&error))
        })?;
        descriptor.note_received(received.length, data.len());
        if received.length == 0 {
            descriptor.check_empty()?;
        }
        data.truncate(received.length);
        let mut flags = MessageFlags::from(received.flags);
        // The room for other control messages may have held more.
        flags.ancdata_truncated |= received.descriptors.len() > maxfds;
        received.descriptors.truncate(maxfds);
        let descriptors = Some(received.descriptors).filter(|descriptors| !descriptors.is_empty());
        let ancdata = control::ancillary(&control[..received.control])
            .chain(received.process.map(Ancillary::Process))
            .chain(descriptors.map(Ancillary::Descriptors))
            .collect();
        Ok(Message { data, ancdata, flags, address: sender.into() })
    }

    /// Receives at most `bufsize` bytes and at most `maxfds` descriptors over a Unix socket.
    /// Returns the bytes, the descriptors, the flags and the sender's address. The descriptors
    /// close on exec. If the peer has sent more of them, the others are closed, and
    /// `ancdata_truncated` is set.
    ///
    /// ```
    /// use std::fs::File;
    /// use socketserver::{SocketKind, socketpair};
    ///
    /// let (one, other) = socketpair(SocketKind::Stream)?;
    /// one.send_fds(&[b"log"], &[File::open("/dev/null")?])?;
    /// let (name, mut fds, _flags, _address) = other.recv_fds(100, 1)?;
    /// assert_eq!(name, b"log");
    /// let file = File::from(fds.pop().expect("a descriptor"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`recvmsg`](Self::recvmsg).
    ///
    /// Python: `socket.recv_fds(sock, bufsize, maxfds)`
    pub fn recv_fds(
        &self,
        bufsize: usize,
        maxfds: usize,
    ) -> io::Result<(Vec<u8>, Vec<OwnedFd>, MessageFlags, Address)> {
        let message = self.recvmsg(bufsize, maxfds)?;
        let fds = message.ancdata.into_iter().find_map(|item| match item {
            Ancillary::Descriptors(fds) => Some(fds),
            _ => None,
        });
        let fds = fds.unwrap_or_default();
        Ok((message.data, fds, message.flags, message.address))
    }

    /// Sends `buffers`, one after the other, with `ancdata`; a datagram also to an `address`.
    /// Returns the number of bytes that were sent. On a stream not all may have been sent: then
    /// send the rest without `ancdata`, which went with the first byte.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`sendto`](Self::sendto), and `Unsupported` with a
    /// [`Layer`](crate::Layer). With descriptors: `Unsupported` if the socket cannot pass them, and
    /// `InvalidInput` for more than 253 of them, or on a stream without a byte that carries them.
    ///
    /// Python: `socket.sendmsg(buffers, ancdata, 0, address)`
    pub fn sendmsg(
        &self,
        buffers: &[&[u8]],
        ancdata: &[SendAncillary<'_>],
        address: Option<&Address>,
    ) -> io::Result<usize> {
        let descriptor = self.without_layer()?;
        let control = self.control_of(buffers, ancdata)?;
        let address = address.map(Address::to_sock_addr).transpose()?;
        let buffers: Vec<_> = buffers.iter().map(|buffer| IoSlice::new(buffer)).collect();
        let mut message = socket2::MsgHdr::new().with_buffers(&buffers);
        if !control.is_empty() {
            message = message.with_control(&control);
        }
        if let Some(address) = &address {
            message = message.with_addr(address);
        }
        let sent = descriptor.until_ready(Interest::Write, |may_block| {
            let flags = send_flags(may_block).bits() as i32;
            let sent = descriptor.socket().sendmsg(&message, flags);
            sent.map_err(|error| errno(&error))
        });
        sent.map_err(|error| if address.is_some() { without_peer(error) } else { error })
    }

    /// Sends bytes, at least one, and descriptors with them over a Unix socket. Returns the number
    /// of bytes that were sent. The other process gets duplicates of the descriptors; this one may
    /// close its own.
    ///
    /// # Errors
    /// As [`sendmsg`](Self::sendmsg).
    ///
    /// Python: `socket.send_fds(sock, buffers, fds)`
    pub fn send_fds(&self, buffers: &[&[u8]], fds: &[impl AsFd]) -> io::Result<usize> {
        let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
        self.sendmsg(buffers, &[SendAncillary::Descriptors(&fds)], None)
    }

    /// The control messages that pass descriptors. If the socket cannot pass them, the system would
    /// drop them silently, so that is an error here.
    fn control_of(&self, buffers: &[&[u8]], ancdata: &[SendAncillary<'_>]) -> io::Result<Vec<u8>> {
        let fds = ancdata.iter().flat_map(|item| match item {
            SendAncillary::Descriptors(fds) => fds.iter().copied(),
        });
        let fds: Vec<_> = fds.collect();
        if fds.is_empty() {
            return Ok(Vec::new());
        }
        let refuse = |kind, text: String| Err(io::Error::new(kind, text));
        let (socket, count) = (self.raw_open()?, fds.len());
        if count > MOST_DESCRIPTORS {
            let text = format!("expected at most {MOST_DESCRIPTORS} descriptors, got {count}");
            return refuse(io::ErrorKind::InvalidInput, text);
        }
        if !SockAddr::is_unix(&socket.local_addr()?) {
            let text = "expected a Unix socket, got a socket that cannot pass descriptors";
            return refuse(io::ErrorKind::Unsupported, text.to_owned());
        }
        if buffers.iter().all(|buffer| buffer.is_empty()) && socket.r#type()? == Type::STREAM {
            let text = "expected at least one byte to carry the descriptors, got none";
            return refuse(io::ErrorKind::InvalidInput, text.to_owned());
        }
        Ok(control::rights(&fds))
    }
}
