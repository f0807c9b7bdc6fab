//! Reads the head of a request from the connection, within its limits and its time.

use std::io::{self, BufRead};
use std::time::{Duration, Instant};

use super::input::Input;
use super::limits::Limits;
use crate::http::message::headers::Head;
use crate::http::message::refusal::HTTPError;
use crate::http::message::request_line;
use crate::request::is_timeout;
use crate::socket::Socket;

/// The result of waiting for a head.
pub(in crate::http) enum Received {
    Head,
    /// The client has closed the connection, or sent too little of a head before it did.
    Nothing,
    /// The client has sent something other than an acceptable request. The head holds the parts
    /// that could be read, for the error page and the log.
    Refused(Box<HTTPError>),
}

/// Receives the rest of a head and parses it into `head`, which is empty before. The first bytes
/// have already come.
///
/// # Errors
/// Those of the socket.
pub(in crate::http) fn receive(
    head: &mut Head,
    input: &mut Input,
    socket: &Socket,
    limits: &Limits,
    http_0_9: bool,
) -> io::Result<Received> {
    let mut began = None;
    let mut partial = Partial::default();
    loop {
        if !input.is_empty() {
            match partial.step(head, input, limits, http_0_9) {
                Ok(false) => {}
                Ok(true) => return Ok(Received::Head),
                Err(error) => return Ok(Received::Refused(error)),
            }
        }
        let began = *began.get_or_insert_with(Instant::now);
        let left = limits.head_time.saturating_sub(began.elapsed());
        match fill(input, socket, left) {
            Ok(0) => return Ok(Received::Nothing),
            Ok(_) => {}
            // Only an empty line has come, or a record of TLS without data: no request has begun.
            Err(error) if is_timeout(&error) && input.is_empty() && !partial.has_line => {
                return Ok(Received::Nothing);
            }
            Err(error) if is_timeout(&error) => {
                return Ok(Received::Refused(Box::new(HTTPError::new(408))));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Not inlined, as it is rare: most heads have come whole with their first bytes.
#[inline(never)]
fn fill(input: &mut Input, socket: &Socket, left: Duration) -> io::Result<usize> {
    match left.is_zero() {
        true => Err(io::ErrorKind::TimedOut.into()),
        false => input.fill(|room| socket.recv_into_within(room, left)),
    }
}

/// The state of a search for the end of a head. Each byte is looked at once, even if the bytes come
/// one by one.
#[derive(Default)]
struct Partial {
    /// Whether the first line is whole.
    has_line: bool,
    /// Position of the first field: the length of the first line.
    fields: usize,
    /// Position up to which line ends have been searched for.
    searched: usize,
    /// Position at which the current line begins.
    line: usize,
    /// Number of lines between the first line and the current one.
    lines: usize,
}

impl Partial {
    /// Continues with the bytes that have come. Returns whether the head is whole.
    fn step(
        &mut self,
        head: &mut Head,
        input: &mut Input,
        limits: &Limits,
        http_0_9: bool,
    ) -> Result<bool, Box<HTTPError>> {
        if !self.has_line {
            skip_empty_lines(input);
            // A CR alone may become an empty line.
            if input.unread() == b"\r"
                || !self.first_line(head, input.unread(), limits, http_0_9)?
            {
                return Ok(false);
            }
            self.has_line = true;
        }
        let too_long = || HTTPError::new((431, "Line too long"));
        let end = match head.is_0_9() {
            true => Some(self.fields),
            false => self.end_of_fields(input.unread(), limits),
        };
        let Some(end) = end else {
            let length = input.unread().len();
            return match length - self.line > limits.line || length > limits.head {
                true => Err(too_long().into()),
                false => Ok(false),
            };
        };
        if end > limits.head {
            return Err(too_long().into());
        }
        parse_fields(head, &input.unread()[self.fields..end], self.lines, limits)?;
        input.consume(end);
        Ok(true)
    }

    fn first_line(
        &mut self,
        head: &mut Head,
        bytes: &[u8],
        limits: &Limits,
        http_0_9: bool,
    ) -> Result<bool, Box<HTTPError>> {
        let found = end_of_line(&bytes[self.searched..]);
        let end = found.map_or(bytes.len(), |position| self.searched + position);
        if end > limits.line {
            return Err(HTTPError::new(414).into());
        }
        // Bytes that cannot become a request, such as the hello of a TLS client, are refused at
        // once, because the client may be waiting for an answer.
        if found.is_none() {
            let unseen = self.searched.saturating_sub(1)..end.saturating_sub(1);
            let is_hopeless = bytes.first().is_some_and(|byte| !request_line::is_token_byte(*byte))
                || bytes[unseen].contains(&b'\r');
            if !is_hopeless {
                self.searched = end;
                return Ok(false);
            }
        }
        let line = &bytes[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        request_line::parse(head, line, bytes.len() - line.len(), http_0_9)?;
        (self.fields, self.searched, self.line) = (end + 1, end + 1, end + 1);
        Ok(true)
    }

    /// Position behind the empty line that ends the head. A line that is too long ends the search.
    fn end_of_fields(&mut self, bytes: &[u8], limits: &Limits) -> Option<usize> {
        while let Some(position) = end_of_line(&bytes[self.searched..]) {
            let end = self.searched + position;
            if end - self.line > limits.line {
                return None;
            }
            let is_empty = matches!(bytes[self.line..end], [] | [b'\r']);
            (self.searched, self.line) = (end + 1, end + 1);
            self.lines += 1;
            if is_empty {
                return Some(end + 1);
            }
        }
        self.searched = bytes.len();
        None
    }
}

/// Skips empty lines before a request, because some clients send one behind a body.
fn skip_empty_lines(input: &mut Input) {
    while let [b'\n', ..] | [b'\r', b'\n', ..] = input.unread() {
        let length = if input.unread()[0] == b'\n' { 1 } else { 2 };
        input.consume(length);
    }
}

/// Position of the first line feed. The standard library's search looks at several bytes at a time.
fn end_of_line(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let length = rest.skip_until(b'\n').ok()?;
    bytes[..length].ends_with(b"\n").then(|| length - 1)
}

/// Parses the fields. Their array is on the heap, because a green thread keeps all stack memory
/// that it has once used.
fn parse_fields(
    head: &mut Head,
    bytes: &[u8],
    lines: usize,
    limits: &Limits,
) -> Result<(), HTTPError> {
    let mut room = vec![httparse::EMPTY_HEADER; lines.min(limits.fields.saturating_add(1))];
    let too_many = || HTTPError::new((431, "Too many headers"));
    let fields = match httparse::parse_headers(bytes, &mut room) {
        Ok(httparse::Status::Complete((_, fields))) => fields,
        // HTTP/0.9 has none.
        Ok(httparse::Status::Partial) if head.is_0_9() => &[],
        Ok(httparse::Status::Partial) => return Err(HTTPError::new(400)),
        Err(httparse::Error::TooManyHeaders) => return Err(too_many()),
        Err(error) => return Err(HTTPError::new((400, &*format!("Bad header ({error})")))),
    };
    if fields.len() > limits.fields {
        return Err(too_many());
    }
    head.set_fields(bytes, fields);
    Ok(())
}
