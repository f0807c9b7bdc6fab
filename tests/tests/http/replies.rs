//! A client that believes nothing: it reads replies as RFC 9112 has them, and in no other way.

use std::ops::ControlFlow::{self, Break, Continue};

use tests::prelude::*;

use crate::harness::list;

list!(only_replies_of_the_grammar_are_read; ; ;);

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) version: u8,
    pub(crate) status: u16,
    pub(crate) phrase: String,
    /// Names as they came, values in Latin-1.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Its body has no end but that of the connection.
    pub(crate) until_close: bool,
}

impl Reply {
    /// The value of a field that must not come twice.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut all = self.all(name);
        let first = all.next();
        assert!(all.next().is_none(), "{name} twice: {self:?}");
        first
    }

    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let same = move |field: &&(String, String)| field.0.eq_ignore_ascii_case(name);
        self.fields.iter().filter(same).map(|field| &*field.1)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Why there is no reply: it is wrong, or the rest of it is missing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    Wrong(String),
    /// It does not even have a status line.
    Bare,
    Missing,
    /// The server neither said more nor closed, until the deadline.
    Silence,
}

use Unread::{Bare, Missing, Silence, Wrong};

fn wrong<T>(what: &str, bytes: &[u8]) -> Result<T, Unread> {
    let begin = &bytes[..bytes.len().min(80)];
    Err(Wrong(format!("{what}: {}", begin.escape_ascii())))
}

/// Reads the reply that `stream` begins with, and returns it with its length. `head`: it answers
/// HEAD. `ended`: nothing follows `stream`.
pub(crate) fn read_reply(stream: &[u8], head: bool, ended: bool) -> Result<(Reply, usize), Unread> {
    let mut at = 0;
    if !stream.starts_with(b"HTTP/") && !b"HTTP/".starts_with(stream) {
        return Err(Bare);
    }
    let line = read_line(stream, &mut at)?;
    let Some(rest) = line.strip_prefix(b"HTTP/1.") else { return wrong("no version", line) };
    let [minor @ b'0'..=b'1', b' ', code @ .., b' '] = &rest[..rest.len().min(6)] else {
        return wrong("no status line", line);
    };
    let Some(status) = number(code, 10).filter(|code| (100..1_000).contains(code)) else {
        return wrong("no status", line);
    };
    let status = u16::try_from(status).expect("three digits");
    let phrase = latin1(&rest[6..], line)?;
    let mut fields = Vec::new();
    loop {
        match read_line(stream, &mut at)? {
            [] => break,
            line => fields.push(read_field(line)?),
        }
    }
    let version = minor - b'0';
    let (body, until_close) = (Vec::new(), false);
    let mut reply = Reply { version, status, phrase, fields, body, until_close };
    if !head && status >= 200 && ![204, 304].contains(&status) {
        read_body(&mut reply, stream, &mut at, ended)?;
    }
    Ok((reply, at))
}

fn read_body(reply: &mut Reply, stream: &[u8], at: &mut usize, ended: bool) -> Result<(), Unread> {
    let lengths: Vec<_> = reply.all("Content-Length").collect();
    let codings: Vec<_> = reply.all("Transfer-Encoding").collect();
    let (length, chunked) = match (&lengths[..], &codings[..]) {
        ([], []) => (None, false),
        ([length], []) => {
            let Some(length) = number(length.as_bytes(), 10) else {
                return wrong("no length", length.as_bytes());
            };
            (Some(length), false)
        }
        ([], ["chunked"]) if reply.version == 1 => (None, true),
        _ => return wrong("no framing", &stream[..*at]),
    };
    if chunked {
        while let Continue(chunk) = read_chunk(stream, at)? {
            reply.body.extend_from_slice(chunk);
        }
    } else if let Some(length) = length {
        reply.body = take(stream, at, length)?.to_vec();
    } else if ended {
        reply.until_close = true;
        reply.body = stream[std::mem::replace(at, stream.len())..].to_vec();
    } else {
        return Err(Missing);
    }
    Ok(())
}

fn read_chunk<'s>(stream: &'s [u8], at: &mut usize) -> Result<ControlFlow<(), &'s [u8]>, Unread> {
    let line = read_line(stream, at)?;
    let Some(size) = number(line, 16) else { return wrong("no size of a chunk", line) };
    let chunk = take(stream, at, size)?;
    match take(stream, at, 2)? {
        b"\r\n" if size == 0 => Ok(Break(())),
        b"\r\n" => Ok(Continue(chunk)),
        other => wrong("no end of a chunk", other),
    }
}

/// A number of digits only.
fn number(digits: &[u8], radix: u32) -> Option<usize> {
    let all = digits.iter().all(|digit| char::from(*digit).is_digit(radix));
    let digits = str::from_utf8(digits).ok().filter(|_| all)?;
    usize::from_str_radix(digits, radix).ok()
}

fn take<'s>(stream: &'s [u8], at: &mut usize, length: usize) -> Result<&'s [u8], Unread> {
    let end = at.checked_add(length).ok_or(Missing)?;
    let taken = stream.get(*at..end).ok_or(Missing)?;
    *at = end;
    Ok(taken)
}

fn read_line<'s>(stream: &'s [u8], at: &mut usize) -> Result<&'s [u8], Unread> {
    let rest = &stream[*at..];
    let end = rest.iter().position(|byte| *byte == b'\n').ok_or(Missing)?;
    let Some(line) = rest[..end].strip_suffix(b"\r") else { return wrong("a bare LF", rest) };
    *at += end + 1;
    Ok(line)
}

fn read_field(line: &[u8]) -> Result<(String, String), Unread> {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return wrong("no colon", line);
    };
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if name.is_empty() || !name.iter().all(is_token) {
        return wrong("no name", line);
    }
    Ok((latin1(name, line)?, latin1(value, line)?))
}

/// Text without control characters.
fn latin1(bytes: &[u8], line: &[u8]) -> Result<String, Unread> {
    let text: String = bytes.iter().copied().map(char::from).collect();
    match bytes.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        true => wrong("a control character", line),
        false => Ok(text),
    }
}

/// The replies on a connection.
#[derive(Debug)]
pub(crate) struct Replies {
    pub(crate) client: Client,
    received: Vec<u8>,
    ended: bool,
}

impl Replies {
    pub(crate) fn new(client: Client) -> Self {
        Replies { client, received: Vec::new(), ended: false }
    }

    /// The next reply, or `None` at the end of the connection, which may be a reset.
    pub(crate) fn next(&mut self, head: bool) -> Result<Option<Reply>, Unread> {
        loop {
            if !self.received.is_empty() {
                match read_reply(&self.received, head, self.ended) {
                    Ok((reply, length)) => {
                        self.received.drain(..length);
                        return Ok(Some(reply));
                    }
                    Err(Missing) if !self.ended => {}
                    Err(error) => return Err(error),
                }
            } else if self.ended {
                return Ok(None);
            }
            self.receive()?;
        }
    }

    fn receive(&mut self) -> Result<(), Unread> {
        let mut buffer = [0; 65_536];
        match self.client.read(&mut buffer) {
            Ok(0) => self.ended = true,
            Ok(received) => self.received.extend_from_slice(&buffer[..received]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => self.ended = true,
            Err(_) => return Err(Silence),
        }
        Ok(())
    }

    /// The next reply, which must be there.
    #[track_caller]
    pub(crate) fn reply(&mut self) -> Reply {
        self.next(false).expect("a reply of the grammar").expect("a reply")
    }

    /// Everything that is still to come.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.everything().expect("the end of the connection")
    }

    pub(crate) fn everything(&mut self) -> Result<Vec<u8>, Unread> {
        while !self.ended {
            self.receive()?;
        }
        Ok(std::mem::take(&mut self.received))
    }
}

/// Sends a request to a server, ends its own stream, and returns the replies.
#[track_caller]
pub(crate) fn ask(address: &Address, request: impl AsRef<[u8]>) -> Vec<Reply> {
    let request = request.as_ref();
    let mut replies = Replies::new(Client::stream(address));
    replies.client.try_send(request);
    replies.client.end();
    let head = request.starts_with(b"HEAD ");
    let next = || replies.next(head).expect("replies of the grammar");
    std::iter::from_fn(next).collect()
}

fn only_replies_of_the_grammar_are_read() {
    let read = |text: &str| read_reply(text.as_bytes(), false, false);
    let (reply, length) =
        read("HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\nabc").expect("one");
    assert_eq!((reply.text(), length), ("ab".to_owned(), 46));
    let chunks = "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    assert_eq!(read(chunks).expect("one").0.text(), "a");
    assert_eq!(read("HTTP/1.1 204 No\r\n\r\nHTTP").expect("one").1, 19);
    assert_eq!(read("HTTP/1.1 200 OK\r\n\r\nabc"), Err(Missing));
    assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), Err(Missing));
    assert_eq!(read("<html>"), Err(Bare));
    for bad in [
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 99 OK\r\n\r\n",
        "HTTP/1.1 200 OK\n\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    ] {
        assert!(matches!(read(bad), Err(Wrong(_))), "{bad}");
    }
}
