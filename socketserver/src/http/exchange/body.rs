//! The body of a request while it is being received.

use std::io;
use std::time::{Duration, Instant};

use super::input::{CHUNK, Input};
use super::limits::Limits;
use crate::http::message::chunked::{Chunks, Step};
use crate::http::message::framing::Framing;
use crate::http::message::refusal::HTTPError;
use crate::request::is_timeout;
use crate::socket::{Pace, Socket};

/// The part of a request's body that has not been read yet, and its coding.
#[derive(Debug, Default)]
pub(in crate::http) struct Body {
    rest: Rest,
    /// Whether the client still waits for `100 Continue`.
    pub(in crate::http) expects_continue: bool,
    /// Total time that readers have waited for the client, for `received` bytes.
    waited: Duration,
    received: u64,
    /// Bytes of the chunked coding itself: sizes, extensions and line ends.
    coding: u64,
    /// A read has failed, so the end of the body cannot be found any more.
    failed: bool,
}

#[derive(Debug)]
enum Rest {
    Length(u64),
    Chunks(Chunks),
    /// Everything up to the end of the stream: the connection has another protocol now.
    Stream,
}

impl Default for Rest {
    fn default() -> Self {
        Rest::Length(0)
    }
}

/// The connection below a body.
pub(in crate::http) struct Source<'a> {
    pub(in crate::http) input: &'a mut Input,
    pub(in crate::http) socket: &'a Socket,
    pub(in crate::http) limits: &'a Limits,
}

impl Body {
    pub(in crate::http) fn new(framing: Framing, expects_continue: bool) -> Self {
        let rest = match framing {
            Framing::Length(length) => Rest::Length(length),
            Framing::Chunked => Rest::Chunks(Chunks::default()),
        };
        Body { rest, expects_continue, ..Body::default() }
    }

    pub(in crate::http) fn become_stream(&mut self) {
        self.rest = Rest::Stream;
    }

    /// The body's length in bytes, if the head has announced it.
    pub(in crate::http) fn length(&self) -> Option<u64> {
        match self.rest {
            Rest::Length(left) => Some(self.received + left),
            Rest::Chunks(_) | Rest::Stream => None,
        }
    }

    /// Whether the next request begins here.
    pub(in crate::http) fn has_ended(&self) -> bool {
        !self.failed && matches!(self.rest, Rest::Length(0))
    }

    /// Whether the rest of the body may be received and dropped: at most `most` bytes are left, or
    /// an unknown number of them.
    pub(in crate::http) fn may_be_dropped(&self, most: u64) -> bool {
        match self.rest {
            _ if self.failed => false,
            Rest::Length(left) => left <= most,
            Rest::Chunks(_) => true,
            Rest::Stream => false,
        }
    }

    /// Reads the next bytes, and returns their number: 0 at the end of the body.
    ///
    /// # Errors
    /// `UnexpectedEof` if the client ends the stream within the body, `InvalidData` for a malformed
    /// chunk, `TimedOut` if the client is too slow; those of the socket.
    pub(in crate::http) fn read(
        &mut self,
        source: &mut Source<'_>,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        if buffer.is_empty() || self.has_ended() {
            return Ok(0);
        }
        if self.failed {
            let error = HTTPError::new((400, "The body has failed before"));
            return Err(error.of_kind(io::ErrorKind::InvalidData));
        }
        let result = self.read_part(source, buffer);
        self.failed |= result.is_err();
        result
    }

    fn read_part(&mut self, source: &mut Source<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let most = match &mut self.rest {
                Rest::Length(left) => *left,
                Rest::Stream => u64::MAX,
                Rest::Chunks(chunks) => {
                    let step = chunks.step(source.input.unread(), source.limits.head);
                    match step.map_err(|error| error.of_kind(io::ErrorKind::InvalidData))? {
                        Step::Incomplete => {
                            self.fill(source)?;
                            continue;
                        }
                        Step::Coding(bytes) => {
                            source.input.consume(bytes);
                            self.count_coding(bytes)?;
                            continue;
                        }
                        Step::Data(left) => left,
                        Step::End => {
                            self.rest = Rest::Length(0);
                            return Ok(0);
                        }
                    }
                }
            };
            let room = usize::try_from(most).map_or(buffer.len(), |most| buffer.len().min(most));
            let bytes = self.take(source, &mut buffer[..room])?;
            match &mut self.rest {
                Rest::Length(left) => *left -= bytes as u64,
                Rest::Chunks(chunks) => chunks.taken(bytes as u64),
                Rest::Stream => {}
            }
            self.received += bytes as u64;
            return Ok(bytes);
        }
    }

    /// Refuses chunks whose sizes and extensions are many times as long as their data: a client
    /// could send them without end.
    fn count_coding(&mut self, bytes: usize) -> io::Result<()> {
        const ALWAYS: u64 = 64 << 10;
        self.coding += bytes as u64;
        if self.coding <= ALWAYS + 16 * self.received {
            return Ok(());
        }
        let error = HTTPError::new((400, "Chunks too small for their extensions"));
        Err(error.of_kind(io::ErrorKind::InvalidData))
    }

    /// Takes bytes that were received before, or else receives. A small read fills the input's
    /// buffer, a large one goes straight into the caller's.
    fn take(&mut self, source: &mut Source<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        if source.input.is_empty() {
            if buffer.len() >= CHUNK {
                let socket = source.socket;
                return self.in_time(source.limits, |pace| socket.recv_paced(buffer, pace));
            }
            self.fill(source)?;
        }
        Ok(source.input.take(buffer))
    }

    fn fill(&mut self, source: &mut Source<'_>) -> io::Result<()> {
        let Source { input, socket, limits } = source;
        self.in_time(limits, |pace| input.fill(|room| socket.recv_paced(room, pace))).map(drop)
    }

    /// Calls `receive` with the time that the client still has.
    fn in_time(
        &mut self,
        limits: &Limits,
        receive: impl FnOnce(&Pace) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if let Rest::Stream = self.rest {
            return receive(&Pace::new(limits.idle_time, limits.rate));
        }
        let pace = limits.pace_of_body(self.waited, self.received);
        let began = Instant::now();
        let received = receive(&pace);
        self.waited = self.waited.saturating_add(began.elapsed());
        match received {
            Ok(0) => {
                let error = HTTPError::new((400, "Body ended early"));
                Err(error.of_kind(io::ErrorKind::UnexpectedEof))
            }
            Err(error) if is_timeout(&error) => {
                Err(HTTPError::new(408).of_kind(io::ErrorKind::TimedOut))
            }
            result => result,
        }
    }
}
