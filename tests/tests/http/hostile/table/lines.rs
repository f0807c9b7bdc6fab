//! Request lines: rows 21 to 25.

use super::super::case::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    let mut all = spaces();
    all.extend(versions());
    all
}

fn spaces() -> Vec<Case> {
    let line = "RFC 9112, 3: a request line has two single spaces";
    vec![
        case(
            21,
            b"\r\n{G}\r\n",
            "200 GET /",
            "!",
            "RFC 9112, 2.2: an empty line before a request is skipped",
        ),
        case(21, b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400! or 200 GET /", "200 GET /", ""),
        case(21, b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", "400! or 200 GET /", "200 GET /", ""),
        case(21, b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400! or 200 GET /", "200 GET /", ""),
        case(21, b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "400! or 200 GET /", "200 GET /", ""),
        case(21, b"GET\xa0/\xa0HTTP/1.1\r\nHost: a\r\n\r\n", "400!", "200 GET /", line),
        case(22, b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "400!", "400!", ""),
    ]
}

fn versions() -> Vec<Case> {
    let version = "RFC 9112, 2.3: a version is HTTP, a digit, a dot, a digit; errors have a head";
    let first = "RFC 9112, 2.6: errors have a head";
    vec![
        case(22, b"GET / http/1.1\r\nHost: a\r\n\r\n", "400!", "bare", version),
        case(22, b"GET / HTTP/1\r\nHost: a\r\n\r\n", "400!", "bare", version),
        case(22, b"GET / HTTP/01.1\r\nHost: a\r\n\r\n", "400!", "200 GET /", version),
        case(22, b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", "400!", "200 GET /", version),
        case(22, b"GET / HTTP /1.1\r\nHost: a\r\n\r\n", "400!", "bare", version),
        case(23, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505!", "bare", first),
        case(23, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505!", "bare", first),
        case(23, b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", "200 GET /", "200 GET /", ""),
        case(
            24,
            b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
            "400!",
            "501!",
            "RFC 9110, 9.1: a method is a token",
        ),
        case(24, b"get / HTTP/1.1\r\nHost: a\r\n\r\n", "501! or 501", "501!", ""),
        case(
            24,
            "A".repeat(70_000) + " / HTTP/1.1\r\nHost: a\r\n\r\n",
            "400! or 414! or 501!",
            "414!",
            "",
        ),
        case(25, b"GET /\r\n", "400!", "waits; bare", "HTTP/0.9 has neither an end nor a status"),
        case(
            25,
            b"GET / HTTP/0.9\r\n\r\n",
            "505!",
            "bare",
            "HTTP/0.9 has neither an end nor a status",
        ),
    ]
}
