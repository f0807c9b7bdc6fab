//! Chunks: rows 13 to 15. `http.server` reads none: it takes them for the next request.

use super::super::case::{Case, Then, case};

const HEAD: &[u8] = b"{P}Transfer-Encoding: chunked\r\n\r\n";
const BOTH: &str = "200 POST /p abc; 200 GET /next";

fn chunks(row: u8, body: impl AsRef<[u8]>, right: &'static str, python: &'static str) -> Case {
    let why = match row {
        15 => "RFC 9112, 7.1: extensions and trailers are skipped, within limits",
        _ => "RFC 9112, 7.1: a size is hexadecimal digits, and a chunk ends with CR LF",
    };
    case(row, [HEAD, body.as_ref()].concat(), right, python, why)
}

fn sizes() -> Vec<Case> {
    let size =
        |size: &str, python| chunks(13, format!("{size}\r\nabc\r\n0\r\n\r\n{{N}}"), "400!", python);
    vec![
        size("0x3", "200 POST /p; bare"),
        size("+3", "200 POST /p; bare"),
        size("-1", "200 POST /p; bare"),
        size("1_0", "200 POST /p; bare"),
        size(" 3", "200 POST /p; bare"),
        size("3 ", "200 POST /p; bare"),
        size("g", "200 POST /p; bare"),
        size("FFFFFFFFFFFFFFFFF", "200 POST /p; bare"),
        size("10000000000000003", "200 POST /p; bare"),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = sizes();
    let endless = format!("0\r\n{}", format!("X: {}\r\n", "a".repeat(1_000)).repeat(80));
    let long = format!("3;{}\r\nabc\r\n0\r\n\r\n{{N}}", "a".repeat(65_536));
    let small = "1\r\na\r\n".repeat(100_000) + "0\r\n\r\n{N}";
    let many: &str = format!("200 POST /p {} of 100000; 200 GET /next", "a".repeat(80)).leak();
    all.extend([
        chunks(14, b"3\r\nabcX{N}", "400!", "200 POST /p; bare"),
        chunks(14, b"2\r\nabc\r\n0\r\n\r\n{N}", "400!", "200 POST /p; bare"),
        chunks(14, b"3\nabc\n0\n\n{N}", "400!", "200 POST /p; bare"),
        chunks(14, b"3\r\nabc\n0\r\n\r\n{N}", "400!", "200 POST /p; bare"),
        chunks(14, b"3;a\rb\r\nabc\r\n0\r\n\r\n{N}", "400!", "200 POST /p; bare"),
        chunks(14, b"3\r\nab", "400! or !", "200 POST /p; bare").then(Then::End),
        chunks(15, b"3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n{N}", BOTH, "200 POST /p; bare"),
        chunks(15, b"3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n{N}", BOTH, "200 POST /p; bare"),
        chunks(15, b"3\r\nabc\r\n0\r\nX: y\n\r\n{N}", "400!", "200 POST /p; bare"),
        chunks(15, b"3\r\nabc\r\n0\r\n\n{N}", "400!", "200 POST /p; bare"),
        chunks(15, long, "400!", "200 POST /p; 414!"),
        chunks(15, endless, "431! or 400!", "200 POST /p; bare"),
        chunks(15, small, many, "200 POST /p; bare"),
    ]);
    all
}
