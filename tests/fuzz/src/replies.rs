//! Reading the messages of HTTP with another parser.

use httparse::{EMPTY_HEADER, Header, Response, Status};

/// Maximum number of fields that is read.
pub(crate) const FIELDS: usize = 128;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0 == name).map(|field| &*field.1)
    }
}

/// The replies that a client has received. Interim ones are left out.
///
/// # Panics
/// If anything else is there.
pub(crate) fn replies(mut received: &[u8]) -> Vec<Reply> {
    let mut replies = Vec::new();
    while !received.is_empty() {
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut head = Response::new(&mut fields);
        let Ok(Status::Complete(length)) = head.parse(received) else {
            panic!("expected a reply, got {}", received.escape_ascii());
        };
        let status = head.code.expect("a status");
        let rest = &received[length..];
        let has_body = status >= 200 && ![204, 304].contains(&status);
        let framed = if has_body { body(head.headers, rest) } else { Some((Vec::new(), 0)) };
        // Of a HEAD that is refused there are no tests of the body.
        let (body, taken) = match framed {
            None if rest.is_empty() && status >= 400 => (Vec::new(), 0),
            framed => framed.unwrap_or_else(|| panic!("a part of the body of {status}")),
        };
        received = &rest[taken..];
        if status >= 200 {
            replies.push(Reply { status, fields: text(head.headers), body });
        }
    }
    replies
}

/// Names in the form that they have, and values as one character per byte.
pub(crate) fn text(fields: &[Header<'_>]) -> Vec<(String, String)> {
    let latin1 = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect();
    fields.iter().map(|field| (field.name.to_owned(), latin1(field.value))).collect()
}

/// The body behind a head with these fields, and the number of bytes that it takes. `None` if the
/// body is not whole.
pub(crate) fn body(fields: &[Header<'_>], bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let named = |name: &str| fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
    if named("Transfer-Encoding").is_some() {
        return dechunked(bytes);
    }
    let length = named("Content-Length")
        .map_or("0", |field| str::from_utf8(field.value).expect("the digits of a length"));
    let length = length.parse().expect("a length");
    bytes.get(..length).map(|body| (body.to_vec(), length))
}

/// The same for a body in chunks.
fn dechunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut rest) = (Vec::new(), bytes);
    loop {
        let size = line(&mut rest)?.split(|byte| *byte == b';').next()?;
        let size = usize::from_str_radix(str::from_utf8(size).ok()?, 16).ok()?;
        if size == 0 {
            while !line(&mut rest)?.is_empty() {}
            return Some((body, bytes.len() - rest.len()));
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest[size..].strip_prefix(b"\r\n")?;
    }
}

/// Takes the next line, without its end.
fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.windows(2).position(|two| two == b"\r\n")?;
    let line = &rest[..end];
    *rest = &rest[end + 2..];
    Some(line)
}
