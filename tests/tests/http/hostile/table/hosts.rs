//! Hosts and targets: rows 1 to 3.

use super::super::case::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    let once = "RFC 9112, 3.2: exactly one Host, and a valid one";
    vec![
        case(1, b"GET / HTTP/1.1\r\n\r\n", "400!", "200 GET /", once),
        case(1, b"{G}Host: b\r\n\r\n", "400!", "200 GET /", once),
        case(1, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400!", "200 GET / host=a b", once),
        case(1, b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400!", "200 GET / host=u@a", once),
        case(1, b"GET / HTTP/1.1\r\nHost: a#b\r\n\r\n", "400!", "200 GET / host=a#b", once),
        case(1, b"GET / HTTP/1.1\r\nHost: []\r\n\r\n", "400!", "200 GET / host=[]", once),
        case(1, b"GET / HTTP/1.1\r\nHost:\r\n\r\n", "400!", "200 GET / host=", once),
        case(
            2,
            b"GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n",
            "200 GET /x host=b",
            "200 GET http://b/x",
            "RFC 9112, 3.2.2: the target's host replaces Host",
        ),
        target(b"GET @evil/x HTTP/1.1\r\nHost: a\r\n\r\n", "200 GET @evil/x"),
        target(b"GET .evil/x HTTP/1.1\r\nHost: a\r\n\r\n", "200 GET .evil/x"),
        target(b"GET -evil/x HTTP/1.1\r\nHost: a\r\n\r\n", "200 GET -evil/x"),
        target(b"GET :80/x HTTP/1.1\r\nHost: a\r\n\r\n", "200 GET :80/x"),
        target(b"GET ?x HTTP/1.1\r\nHost: a\r\n\r\n", "200 GET ?x"),
        target(b"GET a.evil/x HTTP/1.1\r\nHost: a\r\n\r\n", "200 GET a.evil/x"),
        target(b"GET ftp://b/x HTTP/1.1\r\nHost: a\r\n\r\n", "200 GET ftp://b/x"),
        target(b"GET \\evil/x HTTP/1.1\r\nHost: a\r\n\r\n", "200 GET \\\\evil/x"),
        target(b"GET http://u@b/x HTTP/1.1\r\nHost: a\r\n\r\n", "200 GET http://u@b/x"),
        target(b"OPTIONS @evil/x HTTP/1.1\r\nHost: a\r\n\r\n", "200 OPTIONS @evil/x"),
        case(
            2,
            b"GET tmp_1/x HTTP/1.1\r\nHost: a\r\n\r\n",
            "200 GET /tmp_1/x",
            "200 GET tmp_1/x",
            "a server behind this one could append it to a host's name",
        ),
        case(
            3,
            b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
            "400!",
            "200 GET *",
            "RFC 9112, 3.2.4: only OPTIONS is asked about the server itself",
        ),
        case(3, b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "200 OPTIONS *", "200 OPTIONS *", ""),
        case(3, b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "501!", "501!", ""),
        case(3, b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "501! or 501 or 405! or 405", "501!", ""),
    ]
}

fn target(bytes: &[u8], python: &'static str) -> Case {
    case(2, bytes, "400!", python, "RFC 9112, 3.2: a target is a path, a URL, an authority or *")
}
