//! What is no HTTP at all, and too much of it: row 36.

use super::super::case::{Case, Then, case};

/// The beginning of a connection with TLS, to a plain port.
const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\x00\x55\x01\x00\x00\x51\x03\x03\
    0123456789abcdef0123456789abcdef\x00\x00\x08\x13\x02\x13\x03\x13\x01\x00\xff\x01\x00\x00\
    \x20\x00\x0b\x00\x04\x03\x00\x01\x02\x00\x0a\x00\x04\x00\x02\x00\x17\x00\x23\x00\x00\x00\
    \x16\x00\x00\x00\x17\x00\x00";

/// The same megabyte every time.
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()
    };
    (0..262_144).flat_map(step).collect()
}

/// Fifty requests at once.
fn pipeline() -> (String, &'static str) {
    let request = |number| format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n");
    let reply = |number| format!("200 GET /{number}");
    let replies: Vec<_> = (0..50).map(reply).collect();
    ((0..50).map(request).collect(), replies.join("; ").leak())
}

pub(super) fn cases() -> Vec<Case> {
    let (fifty, answers) = pipeline();
    vec![
        case(36, CLIENT_HELLO, "400!", "bare", "a wrong beginning is answered at once"),
        case(36, noise(), "400!", "bare", "a wrong beginning is answered at once"),
        case(36, b"", "!", "!", "").then(Then::End),
        case(36, b"{G}", "! or 400!", "200 GET /!", "a head that is not whole is no request")
            .then(Then::End),
        case(36, b"", "reset", "reset", "").then(Then::Reset),
        case(36, b"{G}", "reset", "reset", "").then(Then::Reset),
        case(36, b"{G}\r\n", "reset", "reset", "").then(Then::Reset),
        case(36, fifty, answers, answers, ""),
    ]
}
