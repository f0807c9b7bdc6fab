//! One conversation.

use rustix::buffer::spare_capacity;
use socket2::{SockAddr, Socket};
use tests::prelude::*;

use crate::job::Job;
use crate::rounds::load::{connect, send_whole};

/// Where clients connect.
pub(crate) struct Target {
    domain: Domain,
    kind: Type,
    address: SockAddr,
}

impl Target {
    /// A path, or `udp:` and an address, or an address of TCP.
    pub(crate) fn parse(text: &str) -> io::Result<Self> {
        if text.starts_with('/') {
            let address = SockAddr::unix(text)?;
            return Ok(Target { domain: Domain::UNIX, kind: Type::STREAM, address });
        }
        let (kind, text) = match text.strip_prefix("udp:") {
            Some(text) => (Type::DGRAM, text),
            None => (Type::STREAM, text),
        };
        let address: SocketAddr = text.parse().map_err(io::Error::other)?;
        Ok(Target { domain: Domain::IPV4, kind, address: address.into() })
    }
}

/// A client.
pub(crate) struct Client {
    socket: Socket,
    message: [u8; 64],
    answer: Vec<u8>,
    /// When its message was sent, or its connection begun.
    pub(crate) asked: Instant,
}

impl Client {
    pub(crate) fn open(
        target: &Target,
        epoll: &OwnedFd,
        number: usize,
        job: Job,
    ) -> io::Result<Self> {
        let asked = Instant::now();
        let Target { domain, kind, address } = target;
        let socket = connect((*domain, *kind, address), epoll, number)?;
        let message = job.message();
        Ok(Client { socket, message, answer: Vec::with_capacity(message.len()), asked })
    }

    pub(crate) fn send(&mut self) -> io::Result<()> {
        self.answer.clear();
        send_whole(&self.socket, &self.message)
    }

    /// Receives the available bytes. Returns whether the answer is complete.
    pub(crate) fn receive(&mut self) -> io::Result<bool> {
        if rustix::io::read(&self.socket, spare_capacity(&mut self.answer))? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if self.answer.len() < self.message.len() {
            return Ok(false);
        }
        if self.answer != self.message {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(true)
    }
}
