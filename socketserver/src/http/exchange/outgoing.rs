//! A reply before it is sent: its head, its body, and how the client finds its end.

use std::borrow::Cow;
use std::io;
use std::mem;

use super::chunks::OwnChunks;
use super::input::FIRST;
use super::stage::{Frame, Stage, Terms};
use crate::http::message::line::{self, invalid};
use crate::http::message::status::{Status, has_body, response};

/// Bytes of a reply that are gathered for one write.
const BUFFER: usize = 16 << 10;

/// Bytes that are reserved for a head.
const HEAD: usize = 256;

/// One reply, as far as it has not been sent.
#[derive(Debug, Default)]
pub(in crate::http) struct Outgoing {
    pub(in crate::http) stage: Stage,
    pub(in crate::http) terms: Terms,
    /// The next bytes for the client, framed.
    pub(in crate::http) out: Vec<u8>,
    /// The body so far, while the head is still open.
    body: Vec<u8>,
    pub(in crate::http) code: u16,
    pub(super) length: Option<u64>,
    /// The handler has set `Transfer-Encoding`, and codes the body itself.
    pub(super) coded: Option<Box<OwnChunks>>,
    /// The handler has said that the connection closes.
    pub(super) says_close: bool,
    /// It stays, if that is possible. The field is written when that is certain.
    pub(super) says_keep_alive: bool,
    /// Each write must be sent at once: events, or pictures that replace each other.
    pub(super) is_live: bool,
    /// Number of bytes of the body that the handler has written.
    pub(in crate::http) written: u64,
    /// Whether any byte has been sent.
    pub(in crate::http) has_begun: bool,
}

impl Outgoing {
    /// Begins another reply in the memory of the last one.
    #[inline(never)]
    pub(in crate::http) fn begin(&mut self, terms: Terms) {
        let (mut out, mut body) = (mem::take(&mut self.out), mem::take(&mut self.body));
        out.clear();
        body.clear();
        *self = Outgoing { terms, out, body, ..Outgoing::default() };
    }

    /// Reserves memory for the head and a short body.
    pub(in crate::http) fn provide(&mut self, memory: Vec<u8>) {
        if self.out.capacity() == 0 && memory.capacity() <= BUFFER {
            self.out = memory;
        }
    }

    /// Begins the head with its status line. It replaces a head that has not been sent.
    pub(in crate::http) fn status_line(
        &mut self,
        status: Status<'_>,
        protocol: &str,
    ) -> io::Result<()> {
        if let Stage::Framed(_) | Stage::Ended = self.stage {
            return Err(invalid("expected one reply per request, got the status line of another"));
        }
        let Status { code, message, .. } = status;
        if !(100..1000).contains(&code) {
            return Err(invalid(format!("expected a status code of three digits, got {code}")));
        }
        if code == 101 && self.terms.is_old {
            return Err(invalid("expected a client of HTTP/1.1 for status 101, got an older one"));
        }
        if self.stage != Stage::Nothing {
            self.begin(self.terms);
        }
        (self.stage, self.code) = (Stage::Head, code);
        if self.terms.is_0_9 {
            return Ok(());
        }
        // Most heads fit into it.
        self.out.reserve(HEAD);
        self.out.extend_from_slice(protocol.as_bytes());
        let digit = |place| b'0' + (code / place % 10) as u8;
        self.out.extend_from_slice(&[b' ', digit(100), digit(10), digit(1), b' ']);
        match message {
            Some(message) => {
                if let Err(error) = line::push_text(&mut self.out, message) {
                    self.begin(self.terms);
                    return Err(error);
                }
            }
            None => {
                let phrase = response(code).map_or("", |(phrase, _)| phrase);
                self.out.extend_from_slice(phrase.as_bytes());
            }
        }
        self.out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Ends the head. Returns whether it is an interim reply, which must be sent at once.
    pub(in crate::http) fn end_head(&mut self) -> io::Result<bool> {
        if self.stage != Stage::Head {
            return Err(invalid("expected send_response before end_headers"));
        }
        if (100..200).contains(&self.code) && self.code != 101 {
            // A client of HTTP/1.0 would take the interim reply for the actual one.
            match self.terms.is_1_1 {
                true => self.out.extend_from_slice(b"\r\n"),
                false => self.out.clear(),
            }
            return Ok(true);
        }
        self.stage = Stage::Open;
        Ok(false)
    }

    /// Whether this reply changes the connection to another protocol.
    pub(in crate::http) fn switches(&self) -> bool {
        self.code == 101 || (self.terms.is_connect && (200..300).contains(&self.code))
    }

    /// Whether each piece of the body is sent at once.
    pub(in crate::http) fn is_unbuffered(&self) -> bool {
        self.is_live || self.switches()
    }

    /// Whether the client can find the end of this reply only by the end of the connection.
    fn ends_with_connection(&self, is_whole: bool) -> bool {
        !is_whole && self.length.is_none() && !self.terms.is_1_1
    }

    /// The bytes of the body in a piece that the handler writes. They are others if the handler has
    /// coded them and its client does not know the coding.
    ///
    /// # Errors
    /// `InvalidInput` for a piece that is not of the handler's own coding.
    pub(in crate::http) fn contents<'p>(&mut self, piece: &'p [u8]) -> io::Result<Cow<'p, [u8]>> {
        let Some(coded) = &mut self.coded else { return Ok(piece.into()) };
        let mut contents = Vec::new();
        let is_decoded = !self.terms.is_1_1;
        coded.read(piece, |data| {
            if is_decoded {
                contents.extend_from_slice(data)
            }
        })?;
        Ok(if is_decoded { contents.into() } else { piece.into() })
    }

    /// Writes the fields that say where the reply ends and whether the connection stays. Returns
    /// whether the connection must close.
    pub(in crate::http) fn frame(&mut self, is_whole: bool, mut closes: bool) -> bool {
        if self.stage != Stage::Open {
            return closes;
        }
        let switches = self.switches();
        let has_body = has_body(self.code) && !switches;
        let head_only = self.terms.head_only && !switches;
        let ends_with_connection = has_body && !head_only && self.ends_with_connection(is_whole);
        closes |= switches || self.terms.is_0_9 || self.says_close || ends_with_connection;
        // A 205 has no body, but clients look for its length.
        if self.code == 205 && self.length.is_none() && !closes {
            self.push_length(0);
        }
        let frame = if !has_body {
            if switches { Frame::Stream } else { Frame::NoBody }
        } else if self.terms.is_0_9 || (self.coded.is_some() && self.terms.is_1_1) {
            Frame::Stream
        } else if let Some(length) = self.length {
            Frame::Length(length)
        } else if head_only && self.body.is_empty() {
            // The length that a GET would have is not known.
            Frame::NoBody
        } else if is_whole {
            let length = self.body.len() as u64;
            self.push_length(length);
            Frame::Length(length)
        } else if self.terms.is_1_1 {
            self.out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
            Frame::Chunked
        } else {
            Frame::Stream
        };
        if !self.terms.is_0_9 {
            let tells_close = self.says_keep_alive || self.terms.is_1_1;
            if closes && tells_close && !self.says_close && !switches {
                self.out.extend_from_slice(b"Connection: close\r\n");
            } else if !closes && (self.says_keep_alive || self.terms.is_old) {
                self.out.extend_from_slice(b"Connection: keep-alive\r\n");
            }
            self.out.extend_from_slice(b"\r\n");
        }
        self.stage = Stage::Framed(if head_only { Frame::NoBody } else { frame });
        let body = mem::take(&mut self.body);
        self.push_framed(&body);
        closes
    }

    /// Whether the buffer has room for this many more bytes of the body.
    pub(in crate::http) fn has_room(&self, bytes: usize) -> bool {
        self.out.len() + self.body.len() + bytes <= BUFFER
    }

    /// Adds a piece of the body.
    pub(in crate::http) fn push_body(&mut self, data: &[u8]) -> io::Result<()> {
        self.note_written(data.len() as u64)?;
        match self.stage {
            Stage::Open => self.body.extend_from_slice(data),
            _ => self.push_framed(data),
        }
        Ok(())
    }

    /// Counts a piece of the body.
    ///
    /// # Errors
    /// `InvalidInput` outside the body, and for more bytes than `Content-Length` says.
    pub(in crate::http) fn note_written(&mut self, bytes: u64) -> io::Result<()> {
        let written = self.written.saturating_add(bytes);
        match (self.stage, self.length) {
            (Stage::Ended, _) => {
                return Err(invalid("expected no write after the end of the reply"));
            }
            (Stage::Nothing | Stage::Head, _) => {
                return Err(invalid("expected end_headers before the body"));
            }
            (_, Some(length)) if written > length && has_body(self.code) => {
                return Err(invalid(format!(
                    "expected a body of {length} bytes, as its Content-Length says, got more"
                )));
            }
            _ => self.written = written,
        }
        Ok(())
    }

    pub(in crate::http) fn push_framed(&mut self, data: &[u8]) {
        match &mut self.stage {
            Stage::Framed(Frame::Length(left)) => {
                *left -= (data.len() as u64).min(*left);
                self.out.extend_from_slice(data);
            }
            Stage::Framed(Frame::Chunked) if !data.is_empty() => {
                line::push_hex(&mut self.out, data.len() as u64);
                self.out.extend_from_slice(b"\r\n");
                self.out.extend_from_slice(data);
                self.out.extend_from_slice(b"\r\n");
            }
            Stage::Framed(Frame::Stream) => self.out.extend_from_slice(data),
            _ => {}
        }
    }

    /// Whether the next bytes of the body can be sent without a copy, because they need no coding.
    /// If so, they count as sent.
    pub(in crate::http) fn pass(&mut self, bytes: u64) -> bool {
        match &mut self.stage {
            Stage::Framed(Frame::Length(left)) => {
                *left -= bytes.min(*left);
                true
            }
            Stage::Framed(Frame::Stream) => true,
            _ => false,
        }
    }

    /// Adds bytes that need no coding. If `read` fails before anything was sent, nothing of the reply
    /// is left.
    pub(in crate::http) fn place(
        &mut self,
        length: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let start = self.out.len();
        self.out.resize(start + length, 0);
        read(&mut self.out[start..]).inspect_err(|_| match self.has_begun {
            true => self.out.truncate(start),
            false => self.begin(self.terms),
        })
    }

    /// Whether the buffer should be sent now.
    pub(in crate::http) fn is_full(&self) -> bool {
        self.out.len() >= BUFFER
    }

    /// Frees the memory once everything has been sent, except for a little that the next request
    /// may need.
    pub(in crate::http) fn release(&mut self) {
        self.body = Vec::new();
        if self.out.capacity() > 2 * FIRST {
            self.out = Vec::new();
        }
    }

    /// Takes the rest of the memory, because an idle connection holds none.
    pub(in crate::http) fn take_memory(&mut self) -> Vec<u8> {
        mem::take(&mut self.out)
    }

    /// Ends the body. Returns whether the reply is whole.
    pub(in crate::http) fn end(&mut self) -> bool {
        let is_whole = match self.stage {
            Stage::Framed(Frame::Chunked) => {
                self.out.extend_from_slice(b"0\r\n\r\n");
                true
            }
            Stage::Framed(Frame::Length(left)) => left == 0,
            Stage::Framed(Frame::Stream) => !self.lacks_last_chunk(),
            Stage::Framed(_) | Stage::Ended => true,
            _ => false,
        };
        if is_whole {
            self.stage = Stage::Ended;
        }
        is_whole
    }

    fn lacks_last_chunk(&self) -> bool {
        self.coded.as_ref().is_some_and(|coded| !coded.has_ended)
    }

    /// Whether the body so far is shorter than announced, and nothing of the reply has been sent.
    pub(in crate::http) fn falls_short(&self) -> bool {
        let is_short = self.length.is_some_and(|length| self.written < length);
        self.stage == Stage::Open
            && !self.terms.head_only
            && has_body(self.code)
            && (is_short || self.lacks_last_chunk())
    }
}
