//! One conversation.

use rustix::buffer::spare_capacity;
use rustix::net::RecvFlags;
use socket2::{SockAddr, Socket};
use tests::prelude::*;

use crate::job::Job;
use crate::rounds::load::{connect, send_whole};

/// How much of a body one call drops, in bytes.
const PIECE: usize = 1 << 20;

/// Where clients connect.
pub(crate) struct Target(SockAddr);

impl Target {
    pub(crate) fn parse(text: &str) -> io::Result<Self> {
        let address: SocketAddr = text.parse().map_err(io::Error::other)?;
        Ok(Target(address.into()))
    }
}

enum Rest {
    /// This many bytes are missing.
    Length(u64),
    /// Chunks are missing. These are the last bytes that came.
    Chunks(Vec<u8>),
}

/// The end of a chunked body: the last chunk, which is empty.
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// A client.
pub(crate) struct Client {
    socket: Socket,
    job: Job,
    request: Vec<u8>,
    /// The head of the answer, and the bytes that came with it.
    head: Vec<u8>,
    /// What of the body is missing, once the head is whole.
    rest: Option<Rest>,
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
        let socket = connect((Domain::IPV4, Type::STREAM, &target.0), epoll, number)?;
        let head = Vec::with_capacity(4096);
        Ok(Client { socket, job, request: job.request(), head, rest: None, asked })
    }

    pub(crate) fn send(&mut self) -> io::Result<()> {
        self.head.clear();
        self.rest = None;
        send_whole(&self.socket, &self.request)
    }

    /// Receives the available bytes. Returns whether the answer is complete.
    pub(crate) fn receive(&mut self) -> io::Result<bool> {
        match &mut self.rest {
            None => self.receive_head(),
            Some(Rest::Length(left)) => {
                // The system drops them without a copy, so that the client costs little.
                let mut piece = vec![0; PIECE];
                let received = rustix::net::recv(&self.socket, &mut piece[..], RecvFlags::TRUNC)?;
                let received = some(received.1)?;
                *left = left.checked_sub(received as u64).ok_or(io::ErrorKind::InvalidData)?;
                Ok(*left == 0)
            }
            Some(Rest::Chunks(last)) => {
                let mut piece = Vec::with_capacity(PIECE);
                some(rustix::io::read(&self.socket, spare_capacity(&mut piece))?)?;
                last.extend_from_slice(&piece[piece.len().saturating_sub(LAST_CHUNK.len())..]);
                last.drain(..last.len().saturating_sub(LAST_CHUNK.len()));
                Ok(last == LAST_CHUNK)
            }
        }
    }

    fn receive_head(&mut self) -> io::Result<bool> {
        if self.head.capacity() == self.head.len() {
            return Err(io::Error::other("expected a shorter head"));
        }
        some(rustix::io::read(&self.socket, spare_capacity(&mut self.head))?)?;
        let Some(end) = self.head.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
            return Ok(false);
        };
        let head = std::str::from_utf8(&self.head[..end]).map_err(io::Error::other)?;
        let is_chunked = head.contains("\r\nTransfer-Encoding: chunked");
        if is_chunked && self.job.length().is_none() {
            self.rest = Some(Rest::Chunks(Vec::new()));
            return Ok(false);
        }
        let length = length(head).ok_or_else(|| io::Error::other(head.to_owned()))?;
        if self.job.length().is_some_and(|expected| expected != length) {
            return Err(io::Error::other(format!("got a body of {length} bytes")));
        }
        let here = (self.head.len() - end - 4) as u64;
        let left = length.checked_sub(here).ok_or(io::ErrorKind::InvalidData)?;
        self.rest = Some(Rest::Length(left));
        Ok(left == 0)
    }
}

/// An end of the stream is an error.
fn some(received: usize) -> io::Result<usize> {
    if received == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(received) }
}

/// The length of the body behind this head of a 200.
fn length(head: &str) -> Option<u64> {
    let mut lines = head.split("\r\n");
    lines.next()?.strip_prefix("HTTP/1.")?.get(1..)?.strip_prefix(" 200")?;
    let fields = lines.filter_map(|line| line.split_once(':'));
    let mut lengths = fields.filter(|(name, _)| name.eq_ignore_ascii_case("Content-Length"));
    lengths.next()?.1.trim().parse().ok()
}
