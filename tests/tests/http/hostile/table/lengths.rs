//! Lengths and codings of bodies: rows 4 to 12, and 29.

use super::super::case::{Case, Then, case};

const BOTH: &str = "200 POST /p abc; 200 GET /next";

pub(super) fn cases() -> Vec<Case> {
    let mut all = content_length();
    all.extend(transfer_encoding());
    all
}

fn content_length() -> Vec<Case> {
    let one = "RFC 9112, 6.3: lengths that differ are refused";
    let digits = "RFC 9110, 8.6: a length is digits";
    vec![
        case(
            4,
            b"{P}Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc{N}",
            "400!",
            "200 POST /p abc; 200 GET /next",
            one,
        ),
        case(
            5,
            b"{P}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc{N}",
            "400! or 200 POST /p abc; 200 GET /next",
            "200 POST /p abc; 200 GET /next",
            "",
        ),
        case(
            5,
            b"{P}Content-Length: 3, 3\r\n\r\nabc{N}",
            "400! or 200 POST /p abc; 200 GET /next",
            "!",
            "RFC 9110, 8.6: refused, or taken once",
        ),
        case(
            5,
            b"{P}Content-Length: 003\r\n\r\nabc{N}",
            BOTH,
            "200 POST /p abc; 200 GET /next",
            "",
        ),
        case(
            6,
            b"{P}Content-Length: +3\r\n\r\nabc{N}",
            "400!",
            "200 POST /p abc; 200 GET /next",
            digits,
        ),
        case(
            6,
            b"{P}Content-Length: 1_0\r\n\r\nabcdefghij{N}",
            "400!",
            "200 POST /p abcdefghij; 200 GET /next",
            digits,
        ),
        case(
            6,
            b"{P}Content-Length: \x0b3\r\n\r\nabc{N}",
            "400!",
            "200 POST /p abc; 200 GET /next",
            digits,
        ),
        case(
            6,
            b"{P}Content-Length: \xa03\r\n\r\nabc{N}",
            "400!",
            "200 POST /p abc; 200 GET /next",
            digits,
        ),
        case(7, b"{P}Content-Length: -3\r\n\r\nabc{N}", "400!", "!", digits),
        case(7, b"{P}Content-Length: 0x3\r\n\r\nabc{N}", "400!", "!", digits),
        case(7, b"{P}Content-Length: 3 3\r\n\r\nabc{N}", "400!", "!", digits),
        case(7, b"{P}Content-Length: \xb2\r\n\r\nabc{N}", "400!", "!", digits),
        case(7, b"{P}Content-Length:\r\n\r\nabc{N}", "400!", "!", digits),
        case(
            7,
            b"{P}Content-Length: 99999999999999999999999\r\n\r\nabc{N}",
            "400! or 413!",
            "!",
            "RFC 9110, 8.6: no length may overflow",
        ),
        case(
            29,
            b"{P}Content-Length: 10\r\n\r\nabc",
            "400! or !",
            "200 POST /p abc!",
            "RFC 9112, 8: a body that is not whole is no request",
        )
        .then(Then::End),
    ]
}

fn transfer_encoding() -> Vec<Case> {
    let decoded = "RFC 9112, 7.1: every recipient decodes chunks";
    let both = "RFC 9112, 6.1: both are an attempt to smuggle a request";
    let space = "RFC 9112, 5.1: no space before the colon";
    let last = "RFC 9112, 6.3: the last coding of a request is chunked";
    vec![
        case(
            8,
            b"{P}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n{N}",
            BOTH,
            "200 POST /p; bare",
            decoded,
        ),
        case(
            8,
            b"{P}transfer-encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n{N}",
            BOTH,
            "200 POST /p; bare",
            decoded,
        ),
        case(
            9,
            b"{P}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX{N}",
            "400!",
            "200 POST /p 0\\r\\n\\r\\nX; 200 GET /next",
            both,
        ),
        case(
            9,
            b"{P}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX{N}",
            "400!",
            "200 POST /p 0\\r\\n\\r\\nX; 200 GET /next",
            both,
        ),
        case(
            10,
            b"{P}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{N}",
            "400!",
            "200 POST /p; bare",
            space,
        ),
        case(10, b"{P}Content-Length : 3\r\n\r\nabc{N}", "400!", "200 POST /p; 501!", space),
        case(
            11,
            b"{P}Transfer-Encoding: gzip\r\n\r\nabc{N}",
            "400! or 501!",
            "200 POST /p; 501!",
            last,
        ),
        case(
            11,
            b"{P}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n{N}",
            "400!",
            "200 POST /p; bare",
            last,
        ),
        case(
            11,
            b"{P}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{N}",
            "400!",
            "200 POST /p; bare",
            last,
        ),
        case(
            11,
            b"{P}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n{N}",
            "400!",
            "200 POST /p; bare",
            last,
        ),
        case(
            11,
            b"{P}Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n{N}",
            "400!",
            "200 POST /p; bare",
            last,
        ),
        case(11, b"{P}Transfer-Encoding:\r\n\r\n0\r\n\r\n{N}", "400!", "200 POST /p; bare", last),
        case(
            12,
            b"{P}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{N}",
            "501! or 400!",
            "200 POST /p; bare",
            "RFC 9112, 6.1: a coding that is not understood",
        ),
        case(
            12,
            b"{P}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{N}",
            "501! or 400!",
            "200 POST /p; bare",
            "RFC 9112, 6.1: a coding that is not understood",
        ),
        case(
            12,
            b"POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n{N}",
            "400!",
            "200 POST /p!",
            "RFC 9112, 6.1: HTTP/1.0 has no codings, so the framing is faulty",
        ),
    ]
}
