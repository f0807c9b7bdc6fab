//! Fields of the head: rows 16 to 20.

use super::super::case::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    let name = "RFC 9112, 5: a field is a token, a colon, and a value";
    let fold = "RFC 9112, 5.2: a line is no continuation of another one";
    let cr = "RFC 9112, 2.2: a CR alone ends no line";
    let control = "RFC 9110, 5.5: a value has no control characters";
    vec![
        case(16, b"{G}Foo Bar: x\r\n\r\n", "400!", "200 GET /", name),
        case(16, b"{G}: x\r\n\r\n", "400!", "200 GET /", name),
        case(16, b"{G}foo\r\n\r\n", "400!", "200 GET /", name),
        case(16, b"{G}X\x01Y: a\r\n\r\n", "400!", "200 GET /", name),
        case(16, b"{G}X\xe9: a\r\n\r\n", "400!", "200 GET /", name),
        case(16, b"{G}Content\tLength: 3\r\n\r\n", "400!", "200 GET /", name),
        case(17, b"{G}X: a\r\n b\r\n\r\n", "400!", "200 GET / x=a\\r\\n b", fold),
        case(17, b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400!", "200 GET /", fold),
        case(18, b"{G}X: a\rContent-Length: 3\r\n\r\n{N}", "400!", "200 GET / GET x=a; bare", cr),
        case(18, b"GET / HTTP/1.1\rHost: a\r\r", "400!", "waits; bare", cr),
        case(
            19,
            b"GET / HTTP/1.1\nHost: a\n\n{N}",
            "200 GET /; 200 GET /next",
            "200 GET /; 200 GET /next",
            "",
        ),
        case(20, b"{G}X: a\x00b\r\n\r\n", "400!", "200 GET / x=a\\x00b", control),
        case(20, b"{G}X: a\x0cb\r\n\r\n", "400!", "200 GET / x=a\\x0cb", control),
        case(20, b"{G}X: a\x1cb\r\n\r\n", "400!", "200 GET / x=a\\x1cb", control),
        case(20, b"{G}X: a\x7fb\r\n\r\n", "400!", "200 GET / x=a\\x7fb", control),
        case(20, b"{G}X: \xe9\x85\r\n\r\n", "200 GET / x=\\xe9\\x85", "200 GET / x=\\xe9\\x85", ""),
    ]
}
