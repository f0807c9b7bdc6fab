//! Where a request ends, and whether its connection stays, according to the fields of its head.

use super::headers::{Head, words};
use super::refusal::HTTPError;
use super::request_line::is_authority;

/// Where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Framing {
    Length(u64),
    Chunked,
}

/// The facts of a head that decide about the body and the connection.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) struct Framed {
    pub(in crate::http) body: Framing,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(in crate::http) expects_continue: bool,
    /// Whether the client wants the connection to stay for another request.
    pub(in crate::http) keep_alive: bool,
}

/// Reads the fields that decide where a request ends. Fields that disagree are refused, and so is
/// any that another server might read differently, because requests are smuggled with such fields.
pub(in crate::http) fn of(head: &Head) -> Result<Framed, HTTPError> {
    let mut hosts = 0;
    let mut length = None;
    let mut coding = None;
    let mut closes = false;
    let mut stays = false;
    let mut expects = false;
    for (name, value) in head.fields() {
        if name.eq_ignore_ascii_case("Host") {
            hosts += 1;
            if !is_authority(value.as_bytes()) {
                return Err(bad("Bad Host"));
            }
        } else if name.eq_ignore_ascii_case("Content-Length") {
            let earlier = length.replace(content_length(value)?);
            if earlier.is_some() {
                return Err(bad("Several Content-Lengths"));
            }
        } else if name.eq_ignore_ascii_case("Transfer-Encoding") {
            if coding.replace(value).is_some() {
                return Err(bad("Several Transfer-Encodings"));
            }
        } else if name.eq_ignore_ascii_case("Connection") {
            closes |= words(value).any(|word| word.eq_ignore_ascii_case("close"));
            stays |= words(value).any(|word| word.eq_ignore_ascii_case("keep-alive"));
        } else if name.eq_ignore_ascii_case("Expect") && head.is_1_1() {
            if !value.eq_ignore_ascii_case("100-continue") {
                return Err(HTTPError::new(417));
            }
            expects = true;
        }
    }
    if hosts > 1 || (hosts == 0 && head.is_1_1()) {
        return Err(bad("Expected one Host"));
    }
    let body = match (coding, length) {
        (None, length) => Framing::Length(length.unwrap_or(0)),
        (Some(_), Some(_)) => return Err(bad("Transfer-Encoding and Content-Length")),
        (Some(coding), None) => chunked(head, coding)?,
    };
    if head.command() == "CONNECT" && body != Framing::Length(0) {
        return Err(bad("CONNECT with a body"));
    }
    let keep_alive = !closes && (head.is_1_1() || stays);
    let expects_continue = expects && body != Framing::Length(0);
    Ok(Framed { body, expects_continue, keep_alive })
}

fn bad(message: &str) -> HTTPError {
    HTTPError::new((400, message))
}

/// Reads a `Content-Length`: nothing but digits, and at most 64 bits.
fn content_length(value: &str) -> Result<u64, HTTPError> {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| value.parse().ok()).flatten();
    number.ok_or_else(|| bad("Bad Content-Length"))
}

fn chunked(head: &Head, coding: &str) -> Result<Framing, HTTPError> {
    if head.is_1_1() && coding.eq_ignore_ascii_case("chunked") {
        return Ok(Framing::Chunked);
    }
    let is_other = |word: &str| !word.is_empty() && !word.eq_ignore_ascii_case("chunked");
    match coding.rsplit_once(',') {
        Some((others, last))
            if head.is_1_1()
                && last.trim().eq_ignore_ascii_case("chunked")
                && words(others).all(is_other) =>
        {
            Err(HTTPError::new((501, "Unsupported Transfer-Encoding")))
        }
        _ => Err(bad("Bad Transfer-Encoding")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(version: &str, fields: &[(&str, &str)]) -> Result<Framed, u16> {
        let mut head = Head::default();
        head.set_line(b"", b"POST", b"/", version.as_bytes());
        let fields = fields.iter().map(|(name, value)| (name, value.as_bytes()));
        let fields = fields.map(|(name, value)| httparse::Header { name, value });
        head.set_fields(b"", &fields.collect::<Vec<_>>());
        of(&head).map_err(|error| error.status().code)
    }

    fn body(fields: &[(&str, &str)]) -> Result<Framing, u16> {
        framed("HTTP/1.1", &[&[("Host", "a")], fields].concat()).map(|framed| framed.body)
    }

    #[test]
    fn lengths_are_digits_once() {
        assert_eq!(body(&[]), Ok(Framing::Length(0)));
        assert_eq!(body(&[("content-length", "003")]), Ok(Framing::Length(3)));
        for value in
            ["+3", "-3", "1_0", "0x3", "3 3", "3, 3", "", "\u{b2}", "99999999999999999999999"]
        {
            assert_eq!(body(&[("Content-Length", value)]), Err(400), "{value}");
        }
        assert_eq!(body(&[("Content-Length", "3"), ("Content-Length", "3")]), Err(400));
    }

    #[test]
    fn chunked_is_the_only_coding() {
        assert_eq!(body(&[("Transfer-Encoding", "Chunked")]), Ok(Framing::Chunked));
        for value in ["gzip", "chunked, gzip", "\"chunked\"", "", "xchunked", "chunked, chunked"] {
            assert_eq!(body(&[("Transfer-Encoding", value)]), Err(400), "{value}");
        }
        assert_eq!(body(&[("Transfer-Encoding", "gzip, chunked")]), Err(501));
        let both = [("Transfer-Encoding", "chunked"), ("Content-Length", "3")];
        assert_eq!(body(&both), Err(400));
        assert_eq!(framed("HTTP/1.0", &both[..1]), Err(400));
        let twice = [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")];
        assert_eq!(body(&twice), Err(400));
    }

    #[test]
    fn one_host_is_expected() {
        for hosts in [[].as_slice(), &["a", "b"], &["a b"], &["u@a"], &[""]] {
            let fields: Vec<_> = hosts.iter().map(|host| ("Host", *host)).collect();
            assert_eq!(framed("HTTP/1.1", &fields), Err(400), "{hosts:?}");
        }
        assert!(framed("HTTP/1.0", &[]).is_ok());
        assert!(framed("HTTP/1.1", &[("Host", "[::1]:80")]).is_ok());
    }

    #[test]
    fn connection_is_a_list() {
        let keep = |version, value| {
            framed(version, &[("Host", "a"), ("Connection", value)]).unwrap().keep_alive
        };
        assert!(keep("HTTP/1.1", "x") && keep("HTTP/1.0", "Keep-Alive"));
        assert!(!keep("HTTP/1.1", "x, CLOSE") && !keep("HTTP/1.0", "x"));
    }

    #[test]
    fn expect_counts_with_a_body() {
        let expects = |version, fields: &[(&str, &str)]| {
            let fields = [&[("Host", "a")], fields].concat();
            framed(version, &fields).map(|framed| framed.expects_continue)
        };
        let with_body = [("Expect", "100-Continue"), ("Content-Length", "3")];
        assert_eq!(expects("HTTP/1.1", &with_body), Ok(true));
        assert_eq!(expects("HTTP/1.1", &with_body[..1]), Ok(false));
        assert_eq!(expects("HTTP/1.0", &with_body), Ok(false));
        assert_eq!(expects("HTTP/1.1", &[("Expect", "x")]), Err(417));
    }
}
