//! Reads the head of a request from the connection, within its limits and its time.

use std::io;
use std::time::Instant;

use super::headers::Head;
use super::input::Input;
use super::limits::Limits;
use super::refusal::HTTPError;
use super::request_line;
use crate::request::is_timeout;
use crate::socket::Socket;

/// What came of the wait for a head.
pub(super) enum Received {
    Head(Head),
    /// The client has closed the connection, or sent too little of a head before it did.
    Nothing,
    /// What the client has sent is no request that can be answered, and as much of it as is known.
    Refused(Head, HTTPError),
}

/// Receives until the head is whole. There is something to read already.
///
/// # Errors
/// The socket's.
pub(super) fn receive(
    input: &mut Input,
    socket: &Socket,
    limits: &Limits,
    http_0_9: bool,
) -> io::Result<Received> {
    let mut began = None;
    let mut partial = Partial::default();
    loop {
        if !input.is_empty() {
            match partial.step(input, limits, http_0_9) {
                Ok(None) => {}
                Ok(Some(head)) => return Ok(Received::Head(head)),
                Err(refused) => return Ok(Received::Refused(refused.0, refused.1)),
            }
        }
        let began = *began.get_or_insert_with(Instant::now);
        let left = limits.head_time.saturating_sub(began.elapsed());
        let filled = if left.is_zero() { Err(late()) } else { input.fill(socket, left) };
        match filled {
            Ok(0) => return Ok(Received::Nothing),
            Ok(_) => {}
            Err(error) if is_timeout(&error) => {
                return Ok(Received::Refused(
                    partial.head.unwrap_or_default(),
                    HTTPError::new(408),
                ));
            }
            Err(error) => return Err(error),
        }
    }
}

fn late() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

/// As much of a head as has been understood. Each byte is looked at once, however few come at a
/// time.
#[derive(Default)]
struct Partial {
    /// What the first line says, once it is whole.
    head: Option<Head>,
    /// How long the first line is.
    fields: usize,
    /// Where the search for the next line's end goes on.
    searched: usize,
    /// Where the line at hand begins.
    line: usize,
}

type Refused = Box<(Head, HTTPError)>;

impl Partial {
    /// Goes on with what there is. Returns the head once it is whole.
    fn step(
        &mut self,
        input: &mut Input,
        limits: &Limits,
        http_0_9: bool,
    ) -> Result<Option<Head>, Refused> {
        if self.head.is_none() {
            skip_empty_lines(input);
            if input.unread() == b"\r" {
                // An empty line, perhaps.
                return Ok(None);
            }
            let Some(head) = self.first_line(input.unread(), limits, http_0_9)? else {
                return Ok(None);
            };
            self.head = Some(head);
        }
        let end = match &self.head {
            Some(head) if head.is_0_9() => Some(self.fields),
            _ => self.end_of_fields(input.unread(), limits),
        };
        let refused = |head: Option<Head>, error| Err(Box::new((head.unwrap_or_default(), error)));
        let too_long = || HTTPError::new((431, "Line too long"));
        let Some(end) = end else {
            let length = input.unread().len();
            return match length - self.line > limits.line || length > limits.head {
                true => refused(self.head.take(), too_long()),
                false => Ok(None),
            };
        };
        let mut head = self.head.take().unwrap_or_default();
        if end > limits.head {
            return refused(Some(head), too_long());
        }
        if let Err(error) = parse_fields(&mut head, &input.unread()[self.fields..end], limits) {
            return refused(Some(head), error);
        }
        input.consume(end);
        Ok(Some(head))
    }

    fn first_line(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
        http_0_9: bool,
    ) -> Result<Option<Head>, Refused> {
        let found = bytes[self.searched..].iter().position(|byte| *byte == b'\n');
        let end = found.map_or(bytes.len(), |position| self.searched + position);
        if end > limits.line {
            return Err(Box::new((Head::default(), HTTPError::new(414))));
        }
        // What cannot become a request, such as the hello of a TLS client, is refused before it is
        // whole: the client may be waiting for an answer.
        let unseen = self.searched.saturating_sub(1)..end.saturating_sub(1);
        let is_hopeless = bytes.first().is_some_and(|byte| !request_line::is_token_byte(*byte))
            || bytes[unseen].contains(&b'\r');
        if found.is_none() && !is_hopeless {
            self.searched = end;
            return Ok(None);
        }
        let line = &bytes[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let head = request_line::parse(line, http_0_9)?;
        (self.fields, self.searched, self.line) = (end + 1, end + 1, end + 1);
        Ok(Some(head))
    }

    /// Where the empty line ends that ends the head. A line that is too long ends the search.
    fn end_of_fields(&mut self, bytes: &[u8], limits: &Limits) -> Option<usize> {
        while let Some(position) = bytes[self.searched..].iter().position(|byte| *byte == b'\n') {
            let end = self.searched + position;
            if end - self.line > limits.line {
                return None;
            }
            let is_empty = matches!(bytes[self.line..end], [] | [b'\r']);
            (self.searched, self.line) = (end + 1, end + 1);
            if is_empty {
                return Some(end + 1);
            }
        }
        self.searched = bytes.len();
        None
    }
}

/// Some clients send an empty line behind a body.
fn skip_empty_lines(input: &mut Input) {
    while let [b'\n', ..] | [b'\r', b'\n', ..] = input.unread() {
        let length = if input.unread()[0] == b'\n' { 1 } else { 2 };
        input.consume(length);
    }
}

/// The usual number of fields finds room on the stack.
const USUAL: usize = 100;

fn parse_fields(head: &mut Head, bytes: &[u8], limits: &Limits) -> Result<(), HTTPError> {
    if limits.fields < USUAL {
        return parse_into(head, bytes, &mut [httparse::EMPTY_HEADER; USUAL], limits);
    }
    parse_into(head, bytes, &mut vec![httparse::EMPTY_HEADER; limits.fields + 1], limits)
}

fn parse_into<'b>(
    head: &mut Head,
    bytes: &'b [u8],
    room: &mut [httparse::Header<'b>],
    limits: &Limits,
) -> Result<(), HTTPError> {
    let too_many = || HTTPError::new((431, "Too many headers"));
    let fields = match httparse::parse_headers(bytes, room) {
        Ok(httparse::Status::Complete((_, fields))) => fields,
        Ok(httparse::Status::Partial) => &[],
        Err(httparse::Error::TooManyHeaders) => return Err(too_many()),
        Err(error) => return Err(HTTPError::new((400, &*format!("Bad header ({error})")))),
    };
    if fields.len() > limits.fields {
        return Err(too_many());
    }
    head.reserve(fields.len(), bytes.len());
    for field in fields {
        head.push_field(field.name.as_bytes(), field.value);
    }
    Ok(())
}
