//! The first line of a request.

use std::borrow::Cow;

use super::headers::Head;
use super::refusal::HTTPError;
use super::text::quoted;

/// Parses the line, which has no line end any more, into an empty head, and reserves room there for
/// `room` bytes of fields.
///
/// Python: the first half of `BaseHTTPRequestHandler.parse_request`
pub(in crate::http) fn parse(
    head: &mut Head,
    line: &[u8],
    room: usize,
    http_0_9: bool,
) -> Result<(), HTTPError> {
    head.begin(line, room);
    let syntax = || HTTPError::new((400, &*format!("Bad request syntax ({})", quoted(line))));
    let mut words = line.split(|byte| *byte == b' ');
    let words = [words.next(), words.next(), words.next(), words.next()];
    let (command, target, version) = match words {
        // HTTP/0.9, which has neither versions nor methods.
        [Some(b"GET"), Some(target), None | Some(b"" | b"HTTP/0.9"), None] if http_0_9 => {
            (b"GET".as_slice(), target, b"HTTP/0.9".as_slice())
        }
        [Some(command), Some(_), None | Some(b"" | b"HTTP/0.9"), None]
            if http_0_9 && is_token(command) =>
        {
            let text = format!("Bad HTTP/0.9 request type ({})", quoted(command));
            return Err(HTTPError::new((400, &*text)));
        }
        [Some(command), Some(target), Some(version), None] => (command, target, version),
        _ => return Err(syntax()),
    };
    if !is_token(command) || !is_target(target) {
        return Err(syntax());
    }
    let is_0_9 = http_0_9 && version == b"HTTP/0.9";
    if !is_0_9 {
        check_version(version)?;
    }
    let Some((authority, path)) = authority_and_path(command, target) else {
        return Err(syntax());
    };
    head.set_line(line, command, with_one_slash(&path), version);
    if let Some(authority) = authority {
        head.set_authority(authority);
    }
    Ok(())
}

/// Accepts `HTTP/1.` and a digit. Other well-formed versions are not supported: 505.
fn check_version(version: &[u8]) -> Result<(), HTTPError> {
    match version {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            if *major == b'1' {
                return Ok(());
            }
            let (major, minor) = (char::from(*major), char::from(*minor));
            Err(HTTPError::new((505, &*format!("Invalid HTTP version ({major}.{minor})"))))
        }
        _ => Err(HTTPError::new((400, &*format!("Bad request version ({})", quoted(version))))),
    }
}

/// Whether this is a token of HTTP, as methods and the names of fields are.
pub(in crate::http) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().copied().all(is_token_byte)
}

pub(in crate::http) fn is_token_byte(byte: u8) -> bool {
    const TOKEN: [bool; 256] = letters_digits_and(b"!#$%&'*+-.^_`|~");
    TOKEN[usize::from(byte)]
}

/// The bytes that a word may consist of, as a table, because each byte of each word is looked up.
pub(in crate::http) const fn letters_digits_and(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut index = 0;
    while index < others.len() {
        table[others[index] as usize] = true;
        index += 1;
    }
    table
}

/// Whether a target has neither white space nor control characters. Real clients send bytes beyond
/// ASCII.
fn is_target(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| *byte > b' ' && *byte != 0x7f)
}

/// Whether this is a host, with or without a port. A user (`user@host`) is not accepted.
pub(in crate::http) fn is_authority(bytes: &[u8]) -> bool {
    let (host, port) = match bytes.iter().rposition(|byte| *byte == b':') {
        Some(colon) if !bytes[colon..].contains(&b']') => (&bytes[..colon], &bytes[colon + 1..]),
        _ => (bytes, [].as_slice()),
    };
    let is_host = match host {
        [b'[', address @ .., b']'] => {
            !address.is_empty() && address.iter().all(|byte| is_host_byte(*byte) || *byte == b':')
        }
        host => host.iter().all(|byte| is_host_byte(*byte)),
    };
    !host.is_empty() && is_host && port.iter().all(u8::is_ascii_digit)
}

/// Whether a byte may be in the name or address of a host: RFC 3986, 3.2.2.
fn is_host_byte(byte: u8) -> bool {
    const HOST: [bool; 256] = letters_digits_and(b"-._~%!$&'()*+,;=");
    HOST[usize::from(byte)]
}

/// The authority of a target with a scheme, and its path.
type Parts<'t> = (Option<&'t [u8]>, Cow<'t, [u8]>);

/// The authority of a target with a scheme, and its path, which begins with a slash; or what
/// CONNECT and OPTIONS have in its place. `None` for a target that a server behind this one could
/// read differently, such as the `@evil/` that follows a host's name.
fn authority_and_path<'t>(command: &[u8], target: &'t [u8]) -> Option<Parts<'t>> {
    if command == b"CONNECT" {
        let is_right = is_authority(target) && target.contains(&b':') && !target.ends_with(b":");
        return is_right.then_some((None, Cow::Borrowed(target)));
    }
    if target.starts_with(b"/") || (command == b"OPTIONS" && target == b"*") {
        return Some((None, Cow::Borrowed(target)));
    }
    let with_slash = |path: &[u8]| Cow::Owned([b"/".as_slice(), path].concat());
    let Some(rest) = without_scheme(target) else {
        // Some clients of Python's module leave the slash out.
        let name = target.split(|byte| b"/?#".contains(byte)).next().unwrap_or_default();
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let is_path = !name.is_empty() && name.iter().all(is_name);
        return is_path.then(|| (None, with_slash(target)));
    };
    let end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = if path.starts_with(b"/") { Cow::Borrowed(path) } else { with_slash(path) };
    is_authority(authority).then_some((Some(authority), path))
}

/// What comes behind `http://`.
fn without_scheme(target: &[u8]) -> Option<&[u8]> {
    [b"http://".as_slice(), b"https://"].into_iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

/// The path with one slash at its start. In a `Location`, two slashes would begin a host.
fn with_one_slash(path: &[u8]) -> &[u8] {
    let slashes = path.iter().take_while(|byte| **byte == b'/').count();
    &path[slashes.saturating_sub(1)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[u8], http_0_9: bool) -> Result<Head, HTTPError> {
        let mut head = Head::default();
        super::parse(&mut head, line, 0, http_0_9).map(|()| head)
    }

    fn code(line: &str) -> u16 {
        match parse(line.as_bytes(), false) {
            Ok(_) => 200,
            Err(error) => error.status().code,
        }
    }

    #[test]
    fn faults_of_syntax_and_version_differ() {
        for line in
            ["GET / HTTP/1.1", "G-T /a%20b?c HTTP/1.2", "OPTIONS * HTTP/1.0", "GET a HTTP/1.1"]
        {
            assert_eq!(code(line), 200, "{line}");
        }
        for line in [
            "GET /",
            "GET / HTTP/1",
            "GET / HTTP/01.1",
            "GET / HTTP/1.10",
            "GET / http/1.1",
            "GET  / HTTP/1.1",
            " GET / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "GET\t/\tHTTP/1.1",
            "GET /a b HTTP/1.1",
            "G@T / HTTP/1.1",
            "GET * HTTP/1.1",
            "",
            " ",
            "GET /\0 HTTP/1.1",
            "GET http://u@a/ HTTP/1.1",
            "GET @evil/x HTTP/1.1",
            "OPTIONS @evil/x HTTP/1.1",
            "GET .evil/x HTTP/1.1",
            "GET :80/x HTTP/1.1",
            "GET ?x HTTP/1.1",
            "GET #x HTTP/1.1",
            "GET \\evil/x HTTP/1.1",
            "GET ftp://a/ HTTP/1.1",
            "GET http:/a HTTP/1.1",
            "GET http:a HTTP/1.1",
            "GET http://a^/ HTTP/1.1",
            "GET http://a\\b/ HTTP/1.1",
            "GET http:/// HTTP/1.1",
            "CONNECT / HTTP/1.1",
        ] {
            assert_eq!(code(line), 400, "{line:?}");
        }
        for line in ["GET / HTTP/2.0", "PRI * HTTP/2.0", "GET / HTTP/0.9", "GET / HTTP/9.9"] {
            assert!([400, 505].contains(&code(line)), "{line}");
        }
        assert_eq!(code("GET / HTTP/9.9"), 505);
    }

    #[test]
    fn http_0_9_is_an_option() {
        let head = parse(b"GET /a", true).ok().unwrap();
        assert!(head.is_0_9() && !head.is_1_1());
        assert_eq!((head.command(), head.path(), head.version()), ("GET", "/a", "HTTP/0.9"));
        for line in ["GET /a ", "GET /a HTTP/0.9"] {
            assert!(parse(line.as_bytes(), true).is_ok_and(|head| head.is_0_9()), "{line}");
        }
        for line in ["POST /a", "POST /a HTTP/0.9"] {
            assert!(parse(line.as_bytes(), true).is_err(), "{line}");
        }
    }

    #[test]
    fn absolute_targets_have_an_authority_and_paths_one_slash() {
        for (target, authority, path) in [
            ("HTTP://b:80/x?y", Some("b:80"), "/x?y"),
            ("http://b", Some("b"), "/"),
            ("https://[::1]:8?q", Some("[::1]:8"), "/?q"),
            ("http://b#f", Some("b"), "/#f"),
            ("http://b//c/../d", Some("b"), "/c/../d"),
            ("/http://b/c", None, "/http://b/c"),
            ("//evil/..", None, "/evil/.."),
            ("////", None, "/"),
            ("tmp_1a/test?x", None, "/tmp_1a/test?x"),
        ] {
            let head = parse(format!("GET {target} HTTP/1.1").as_bytes(), false).ok().unwrap();
            assert_eq!((head.authority(), head.path()), (authority, path), "{target}");
        }
    }
}
