//! What the fuzz target `proxy` checks. It is here, because the parser is private.

use std::collections::BTreeMap;
use std::time::Duration;

use super::header::{ProxyHeader, Version};
use super::oracles::{RULES, check_part, compare};
use super::read;
use super::rows::rows;
use super::step::Step;
use crate::socket::{SocketKind, socketpair};

/// Maximum number of places at which an input is cut in two.
const PARTS: usize = 48;

/// The beginnings of connections from the table of the tests.
pub fn proxy_seeds() -> Vec<Vec<u8>> {
    rows().into_iter().map(|(_, bytes, _)| bytes).collect()
}

/// Parses the beginning of a connection, whole and in parts, beside two other parsers. Then reads
/// it from a socket, and encodes it again.
///
/// # Panics
/// If anything differs that should be the same.
pub fn proxy_header(bytes: &[u8]) {
    let unknown = compare(bytes, &mut BTreeMap::new());
    assert!(unknown.is_empty(), "{unknown:#?}");
    for part in (0..=bytes.len()).step_by(bytes.len() / PARTS + 1) {
        check_part(bytes, part);
    }
    if let Ok(Step::Header(header, length)) = RULES.parse(bytes) {
        check_read(&header, bytes, length);
        check_encoded(&header);
        let shown = format!("{header:?}");
        assert!(!shown.contains(char::is_control), "{shown:?}");
    }
}

/// No byte behind the header is read.
fn check_read(header: &ProxyHeader, bytes: &[u8], length: usize) {
    let (ours, theirs) = socketpair(SocketKind::Stream).expect("a pair");
    theirs.sendall(bytes).expect("room for all of it");
    let read = read::header(&ours, &RULES, Duration::from_secs(60)).expect("a header");
    assert_eq!(read, *header);
    theirs.close();
    let rest = ours.recv(bytes.len() + 1).expect("the rest");
    assert_eq!(rest, bytes[length..]);
}

/// Encoding a header and parsing it makes the same header, as far as the version has room for it.
fn check_encoded(header: &ProxyHeader) {
    for version in [Version::V1, Version::V2] {
        let bytes = header.encode(version).expect("a header that was parsed");
        let Ok(Step::Header(again, length)) = RULES.parse(&bytes) else {
            panic!("{:?} of {}", RULES.parse(&bytes), bytes.escape_ascii());
        };
        assert_eq!(length, bytes.len());
        let is_inet = header.client().is_some_and(|client| client.ip().is_some());
        if version == Version::V2 || is_inet {
            assert_eq!((again.client(), again.server()), (header.client(), header.server()));
        }
        if version == Version::V2 {
            assert_eq!(again.is_local(), header.is_local());
            // The checksum is that of these bytes.
            let fields = |header: &ProxyHeader| {
                let fields = header.tlvs().filter(|(kind, _)| *kind != super::tlv::CHECKSUM);
                fields.map(|(kind, value)| (kind, value.to_vec())).collect::<Vec<_>>()
            };
            assert_eq!(fields(&again), fields(header));
        }
    }
}
