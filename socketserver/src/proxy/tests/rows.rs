//! Beginnings of connections, and the right answers: from the specification, and from real proxies.
//! A row's number is that in the guide's list of cases. Cases about time and about sources are
//! separate tests. The parser's tests and those of servers share this file.

#![allow(unreachable_pub)]

/// The right answer to the beginning of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is from this client, and what follows the header is this.
    Client(&'static str, &'static [u8]),
    /// It is from the peer itself, as far as the proxy says, and this follows.
    Peer(&'static [u8]),
    /// It is the proxy's own connection, and this follows.
    Local(&'static [u8]),
    /// It is refused, as soon as this many bytes are there.
    Wrong(usize),
}

use Answer::{Client, Local, Peer, Wrong};

/// The signature of version 2.
pub const S: &str = "0D0A0D0A000D0A515549540A";
/// 192.0.2.1:56324 to 198.51.100.1:443.
const A: &str = "c0000201 c6336401 dc04 01bb";
/// The same within IPv6.
const MAPPED: &str = "00000000000000000000ffffc0000201 00000000000000000000ffffc6336401 dc04 01bb";
const A6: &str = "20010db8000000000000000000000001 20010db8000000000000000000000002 0001 ffff";

const FIRST: &str = "192.0.2.1:56324";

/// Bytes written as hexadecimal digits.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |byte: u8| char::from(byte).to_digit(16).map_or(0, |digit| digit as u8);
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// A header of version 2 with these bytes after its length.
fn v2(command_and_family: &str, body: &str) -> Vec<u8> {
    let body = hex(body);
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes();
    [hex(S), hex(command_and_family), length.to_vec(), body].concat()
}

/// The same from [`FIRST`], with these fields.
fn fields(fields: &str) -> Vec<u8> {
    v2("2111", &format!("{A} {fields}"))
}

fn text(line: &str) -> Vec<u8> {
    line.as_bytes().to_vec()
}

/// Two addresses of Unix sockets.
fn unix(client: &[u8], server: &[u8]) -> Vec<u8> {
    let padded = |name: &[u8]| [name, &vec![0; 108 - name.len()]].concat();
    [hex(S), hex("2131 00D8"), padded(client), padded(server)].concat()
}

fn then(mut header: Vec<u8>, rest: &[u8]) -> Vec<u8> {
    header.extend(rest);
    header
}

/// Whole, so that the answer comes with its last byte.
fn wrong_at_its_end(bytes: Vec<u8>) -> (Vec<u8>, Answer) {
    let length = bytes.len();
    (bytes, Wrong(length))
}

/// Each row's number, its bytes, and the answer.
pub fn rows() -> Vec<(u8, Vec<u8>, Answer)> {
    let mut rows = Vec::new();
    for (number, (bytes, answer)) in lines().into_iter().chain(blocks()) {
        rows.push((number, bytes, answer));
    }
    rows
}

type Row = (u8, (Vec<u8>, Answer));

/// A line that is wrong, as its last byte shows.
fn bad(number: u8, line: &str) -> Row {
    (number, wrong_at_its_end(text(line)))
}

fn lines() -> Vec<Row> {
    let good = "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";
    let six = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    let longest = format!("PROXY UNKNOWN {six} {six} 65535 65535\r\n");
    assert_eq!(longest.len(), 107);
    let too_long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(92));
    let mapped = "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.1 56324 443\r\n";
    let client_v6 = "PROXY TCP6 2001:DB8::1 2001:db8::2 1 65535\r\n";
    vec![
        (1, (then(text(good), b"GET"), Client(FIRST, b"GET"))),
        (1, (text(client_v6), Client("[2001:db8::1]:1", b""))),
        (2, (text("PROXY UNKNOWN\r\n"), Peer(b""))),
        (3, (text(&longest), Peer(b""))),
        (4, (text("PROXY UNKNOWN a b c d e f g\r\n"), Peer(b""))),
        (5, (b"PROXY UNKNOWN \xff\xfe\r\n".to_vec(), Peer(b""))),
        (6, (text(&too_long), Wrong(107))),
        (7, (text("PROXY UNKNOWNX\r\n"), Wrong(14))),
        bad(8, "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n"),
        bad(8, "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\rX"),
        bad(9, "PROXY TCP4 192.0.2.1 198.51.100.1 56324 0443\r\n"),
        bad(10, "PROXY TCP4 192.0.2.1 198.51.100.1 56324 +"),
        bad(11, "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n"),
        (12, (text("PROXY TCP4 192.0.2.1 198.51.100.1 0 443\r\n"), Client("192.0.2.1:0", b""))),
        bad(13, "PROXY TCP4 192.0.02.1 198.51.100.1 56324 443\r\n"),
        bad(14, "PROXY TCP4 192.0.2.256 198.51.100.1 56324 443\r\n"),
        bad(14, "PROXY TCP4 192.0.2 198.51.100.1 56324 443\r\n"),
        bad(15, "PROXY TCP4 ::1 ::1 56324 443\r\n"),
        bad(16, "PROXY TCP6 192.0.2.1 198.51.100.1 56324 443\r\n"),
        (17, (text(mapped), Client(FIRST, b""))),
        bad(18, "PROXY TCP6 fe80::1%"),
        bad(19, "PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n"),
        bad(19, "PROXY TCP4 192.0.2.1\t"),
        bad(19, "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n"),
        bad(19, "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 7\r\n"),
        (20, (text("proxy TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), Wrong(1))),
        (20, (text("PROXY TCP5 192.0.2.1 198.51.100.1 56324 443\r\n"), Wrong(10))),
        (21, (text("PROXYxTCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), Wrong(6))),
        (22, (text(good), Client(FIRST, b""))),
        (25, (text("GET / HTTP/1.1\r\n"), Wrong(1))),
    ]
}

fn blocks() -> Vec<Row> {
    let zeros = "00".repeat(0x4a);
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let second = b"PROXY UNKNOWN\r\nGET";
    let id = |length: usize| format!("05 {length:04x} {}", "41".repeat(length));
    let ssl = "20 0014 01 00000000 26 0002 5835 27 0001 65 28 0003 308201";
    vec![
        (26, (v2("2111", A), Client(FIRST, b""))),
        (26, (v2("2121", A6), Client("[2001:db8::1]:1", b""))),
        (17, (v2("2121", MAPPED), Client(FIRST, b""))),
        (27, (v2("2000", ""), Local(b""))),
        (28, (v2("2000", "03 0004 A9B87E8F"), Local(b""))),
        (29, (v2("2011", &"00".repeat(12)), Local(b""))),
        (30, (v2("2011", ""), Local(b""))),
        (31, (v2("2011", &format!("03 0004 04BCE595 04 004A {zeros}")), Local(b""))),
        (32, (v2("2051", ""), Local(b""))),
        (33, (v2("2211", A), Wrong(13))),
        (34, (v2("1111", A), Wrong(13))),
        (34, (v2("3111", A), Wrong(13))),
        (35, (v2("2151", A), Wrong(16))),
        (35, (v2("2113", A), Wrong(16))),
        (36, (v2("2100", ""), Peer(b""))),
        (36, (v2("2101", ""), Peer(b""))),
        (36, (v2("2110", ""), Peer(b""))),
        (36, (v2("2120", ""), Peer(b""))),
        (37, (v2("2112", A), Peer(b""))),
        (38, (unix(b"/run/a", b"/run/b"), Client("/run/a", b""))),
        (39, (unix(b"\0name", b"/run/b"), Client("@name", b""))),
        (39, (unix(&[b'a'; 108], b""), Client(LONG_PATH, b""))),
        (40, (v2("2111", "c0000201 c6336401"), Wrong(16))),
        (41, ([hex(S), hex("2111 FFFF")].concat(), Wrong(16))),
        (42, (fields("03 0004 737EE919"), Client(FIRST, b""))),
        (42, wrong_at_its_end(fields("03 0004 737EE918"))),
        (43, wrong_at_its_end(fields("03 0003 737EE9"))),
        (43, wrong_at_its_end(fields("03 0004 25030E5B 03 0004 25030E5B"))),
        (44, wrong_at_its_end(fields("02 0005 61"))),
        (44, wrong_at_its_end(fields("02 0001 61 0200"))),
        (45, (fields("04 0000 04 0003 000000"), Client(FIRST, b""))),
        (45, (fields(&id(128)), Client(FIRST, b""))),
        (45, wrong_at_its_end(fields(&id(129)))),
        (46, (fields(ssl), Client(FIRST, b""))),
        (47, wrong_at_its_end(fields("20 0004 01 000000"))),
        (47, wrong_at_its_end(fields("20 0009 01 00000000 21 0002 61"))),
        (48, (fields("EA 0007 01 767063652d31"), Client(FIRST, b""))),
        (48, (fields("EE 0005 01 78563412"), Client(FIRST, b""))),
        (48, (fields("E0 0008 0000000000000102"), Client(FIRST, b""))),
        (49, (then(v2("2111", A), hello), Client(FIRST, hello))),
        (50, (then(v2("2111", A), second), Client(FIRST, second))),
    ]
}

/// 108 bytes.
const LONG_PATH: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
