//! What comes after a request: rows 26 to 28.

use super::super::case::{Case, Then, case};

pub(super) fn cases() -> Vec<Case> {
    let mut all = persistence();
    all.extend(unread());
    all
}

fn persistence() -> Vec<Case> {
    let close = "RFC 9112, 9.6: close anywhere in Connection ends it";
    let continue_ = "RFC 9110, 10.1.1: only for a body that is still to come, and read";
    vec![
        case(
            26,
            b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n{N}",
            "200 (keep-alive) GET /; 200 GET /next",
            "200 GET /; 200 GET /next",
            "RFC 9112, 9.3: a reply to an old client says so",
        ),
        case(
            26,
            b"{G}Connection: close, x\r\n\r\n{N}",
            "200 GET /!",
            "200 GET /; 200 GET /next",
            close,
        ),
        case(
            26,
            b"{G}Connection: x\r\nConnection: close\r\n\r\n{N}",
            "200 GET /!",
            "200 GET /; 200 GET /next",
            close,
        ),
        case(26, b"{G}Connection: CLOSE\r\n\r\n{N}", "200 GET /!", "200 GET /!", ""),
        case(
            27,
            b"{P}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
            "100; 200 POST /p abc",
            "100; 200 POST /p abc",
            "",
        )
        .then(Then::Continue("abc")),
        case(27, b"{G}Expect: 100-continue\r\n\r\n", "200 GET /", "100; 200 GET /", continue_),
        case(
            27,
            b"POST /p HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
            "200 POST /p abc!",
            "200 POST /p abc!",
            "",
        ),
        case(
            27,
            b"{P}Expect: x\r\nContent-Length: 3\r\n\r\nabc",
            "417! or 417",
            "200 POST /p abc",
            "RFC 9110, 10.1.1: an expectation that cannot be met is refused",
        ),
    ]
}

fn unread() -> Vec<Case> {
    let framed = "RFC 9112, 9.3: a body that the handler has not read is no request";
    let body = "Host: a\r\nContent-Length: 3\r\n\r\nabc{N}";
    let unread = |line: &str, right, python, why| {
        case(28, format!("{line} HTTP/1.1\r\n{body}"), right, python, why)
    };
    vec![
        unread(
            "POST /unread",
            "200 POST /unread; 200 GET /next or 200 POST /unread!",
            "200 POST /unread; 501!",
            framed,
        ),
        unread(
            "GET /unread",
            "200 GET /unread; 200 GET /next or 200 GET /unread!",
            "200 GET /unread; 501!",
            framed,
        ),
        unread(
            "OPTIONS /unread",
            "200 OPTIONS /unread; 200 GET /next or 200 OPTIONS /unread!",
            "200 OPTIONS /unread; 501!",
            framed,
        ),
        unread("POST /missing", "404! or 404; 200 GET /next", "404!", ""),
        unread("PATCH /p", "501! or 501; 200 GET /next", "501!", ""),
    ]
}
