//! Two other parsers of headers. Where they differ from this one, the difference is one of a list,
//! with its reason.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use ppp::{HeaderResult, PartialResult};

use super::check;
use super::parse::Rules;
use super::rows::{S, hex};
use super::step::Step;
use crate::address::Address;

pub(super) const RULES: Rules = Rules { version: None, longest: 4_096 };

/// What a parser says about the beginning of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    More,
    Wrong,
    /// No client, and a header of this length.
    Peer(usize),
    /// The two addresses, and the length.
    Client(SocketAddr, SocketAddr, usize),
    /// Two addresses that are not IP's.
    Unix(usize),
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn ours(bytes: &[u8]) -> Said {
    match RULES.parse(bytes) {
        Err(_) => Said::Wrong,
        Ok(Step::More(_)) => Said::More,
        Ok(Step::Header(header, length)) => match (header.client(), header.server()) {
            (Some(Address::Inet(client)), Some(Address::Inet(server))) => {
                Said::Client(*client, *server, length)
            }
            (Some(_), _) => Said::Unix(length),
            _ => Said::Peer(length),
        },
    }
}

fn of_ppp(bytes: &[u8]) -> Said {
    let pair = |from: (std::net::IpAddr, u16), to: (std::net::IpAddr, u16), length| {
        Said::Client(canonical(from.into()), canonical(to.into()), length)
    };
    let result = HeaderResult::parse(bytes);
    if result.is_incomplete() {
        return Said::More;
    }
    match result {
        HeaderResult::V1(Ok(header)) => {
            use ppp::v1::Addresses;
            let length = header.header.len();
            match header.addresses {
                Addresses::Unknown => Said::Peer(length),
                Addresses::Tcp4(ip) => pair(
                    (ip.source_address.into(), ip.source_port),
                    (ip.destination_address.into(), ip.destination_port),
                    length,
                ),
                Addresses::Tcp6(ip) => pair(
                    (ip.source_address.into(), ip.source_port),
                    (ip.destination_address.into(), ip.destination_port),
                    length,
                ),
            }
        }
        HeaderResult::V2(Ok(header)) => {
            use ppp::v2::Addresses;
            let length = header.len();
            match header.addresses {
                Addresses::Unspecified => Said::Peer(length),
                Addresses::Unix(_) => Said::Unix(length),
                Addresses::IPv4(ip) => pair(
                    (ip.source_address.into(), ip.source_port),
                    (ip.destination_address.into(), ip.destination_port),
                    length,
                ),
                Addresses::IPv6(ip) => pair(
                    (ip.source_address.into(), ip.source_port),
                    (ip.destination_address.into(), ip.destination_port),
                    length,
                ),
            }
        }
        HeaderResult::V1(Err(_)) | HeaderResult::V2(Err(_)) => Said::Wrong,
    }
}

fn of_proxy_header(bytes: &[u8]) -> Said {
    match proxy_header::ProxyHeader::parse(bytes, Default::default()) {
        Err(proxy_header::Error::BufferTooShort) => Said::More,
        Err(_) => Said::Wrong,
        Ok((header, length)) => match header.proxied_address() {
            None => Said::Peer(length),
            Some(address) => {
                Said::Client(canonical(address.source), canonical(address.destination), length)
            }
        },
    }
}

/// The form of a header, by its first bytes.
struct Facts<'a> {
    bytes: &'a [u8],
    /// Of version 2, with its fixed part.
    is_block: bool,
    is_line: bool,
    is_unknown: bool,
}

impl<'a> Facts<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let is_block = bytes.len() >= 16 && bytes.starts_with(&hex(S));
        let is_line = bytes.starts_with(b"PROXY ");
        Facts { bytes, is_block, is_line, is_unknown: bytes.starts_with(b"PROXY UNKNOWN") }
    }

    fn is_local(&self) -> bool {
        self.is_block && self.bytes[12] & 15 == 0
    }

    /// A family or protocol that is not that of a connection of TCP or a Unix stream.
    fn is_other_family(&self) -> bool {
        self.is_block && ![0x11, 0x21, 0x31].contains(&self.bytes[13])
    }

    fn is_unix(&self) -> bool {
        self.is_block && self.bytes[13] == 0x31
    }

    fn length(&self) -> usize {
        16 + usize::from(u16::from_be_bytes([self.bytes[14], self.bytes[15]]))
    }

    /// A header whose fields are wrong, and nothing else.
    fn has_wrong_fields(&self) -> bool {
        let room = match self.bytes[13] {
            0x11 => 12,
            0x21 => 36,
            _ => 216,
        };
        self.is_block
            && self.length() <= self.bytes.len()
            && 16 + room <= self.length()
            && check::fields(&self.bytes[..self.length()], 16 + room).is_err()
    }

    /// A line with a CR before another byte than LF, or with another byte than CR before LF.
    fn mixes_separators(&self) -> bool {
        self.is_line && self.bytes.windows(2).any(|two| (two[0] == b'\r') != (two[1] == b'\n'))
    }

    fn has_other_space(&self) -> bool {
        self.bytes.starts_with(b"PROXY") && self.bytes[5] != b' '
    }

    fn has_end(&self) -> bool {
        self.line().len() < self.bytes.len()
    }

    fn line(&self) -> &[u8] {
        let end = self.bytes.windows(2).position(|two| two == b"\r\n");
        end.map_or(self.bytes, |end| &self.bytes[..end])
    }
}

/// Why they may differ. `None`: they may not.
fn known(facts: &Facts<'_>, ours: Said, theirs: Said, theirs_is_ppp: bool) -> Option<&'static str> {
    use Said::{Client, More, Peer, Unix, Wrong};
    let line = facts.line();
    Some(match (ours, theirs) {
        (Wrong, More) => "a wrong byte is wrong as soon as it is there",
        (More, Wrong) if facts.is_line && !facts.has_end() => {
            "a wrong word is wrong when its line has come"
        }
        (Peer(_), _) if facts.is_local() => "LOCAL: what follows is not looked at (27 to 32)",
        (More, Wrong) if facts.is_local() => "LOCAL: what follows is not looked at (27 to 32)",
        (Wrong, _) if facts.is_local() => return None,
        (Peer(_) | More, Client(..) | Wrong | Unix(_) | More) if facts.is_other_family() => {
            "no family of a connection: the peer (36, 37)"
        }
        (Unix(_), Peer(_)) if facts.is_unix() && !theirs_is_ppp => "no Unix sockets (38)",
        (Wrong, Client(..) | Unix(_) | Peer(_)) if facts.is_block && facts.has_wrong_fields() => {
            "fields are checked, and the checksum (42 to 47)"
        }
        (Peer(_) | More, Wrong | More | Peer(_)) if facts.is_unknown && theirs_is_ppp => {
            "UNKNOWN: whatever follows is ignored (4, 5)"
        }
        (Peer(_) | More, Wrong) if facts.is_unknown => "UNKNOWN: whatever follows is ignored (5)",
        (Wrong, Peer(_)) if facts.is_unknown && !theirs_is_ppp => "UNKNOWNX, or no bound (6, 7)",
        (Wrong, Client(..) | Peer(_)) if theirs_is_ppp && facts.mixes_separators() => {
            "a CR is a space, and a space a CR"
        }
        (Wrong, Client(..)) if facts.is_line && line.contains(&b'+') => "a port with a sign (10)",
        (Wrong, Client(..)) if has_leading_zero(line) && !theirs_is_ppp => "a port with a zero (9)",
        (Wrong, Client(..) | Peer(_)) if facts.has_other_space() && !theirs_is_ppp => {
            "the byte after PROXY is looked at (21)"
        }
        _ => return None,
    })
}

fn has_leading_zero(line: &[u8]) -> bool {
    let words = line.split(|byte| *byte == b' ');
    words.skip(4).any(|port| port.len() > 1 && port.starts_with(b"0"))
}

/// Checks that an answer does not change with what follows, and that no byte is asked for that is
/// not the header's.
pub(super) fn check_part(bytes: &[u8], part: usize) {
    let (before, whole) = (RULES.parse(&bytes[..part]), RULES.parse(bytes));
    match (&before, &whole) {
        (Ok(Step::More(more)), Ok(Step::Header(_, length))) => {
            assert!(*more > 0 && part + more <= *length, "{more} more after {part} of {length}");
        }
        (Ok(Step::More(more)), Ok(Step::More(rest))) => {
            let least = bytes.len() + rest;
            assert!(*more > 0 && part + more <= least, "{more} more after {part} of {least}");
        }
        (Ok(Step::More(more)), Err(_)) => assert!(*more > 0, "nothing more after {part}"),
        (Ok(Step::Header(..)), _) => assert_eq!(before, whole, "after {part}"),
        (Err(_), _) => assert!(whole.is_err(), "{before:?} after {part}, and later {whole:?}"),
    }
}

/// Adds up what two other parsers say about the beginning of a connection. Returns the differences
/// that are not known.
pub(super) fn compare(bytes: &[u8], counts: &mut Counts) -> Vec<String> {
    let (facts, ours) = (Facts::of(bytes), ours(bytes));
    let oracles = [("ppp", of_ppp(bytes)), ("proxy-header", of_proxy_header(bytes))];
    let mut unknown = Vec::new();
    for (oracle, theirs) in oracles {
        let why = match ours == theirs {
            true => Some(AGREES),
            false => known(&facts, ours, theirs, oracle == "ppp"),
        };
        match why {
            Some(why) => *counts.entry((oracle, why)).or_default() += 1,
            None => {
                let text = bytes.escape_ascii();
                unknown.push(format!("{text}: {ours:?}, {oracle} {theirs:?}"));
            }
        }
    }
    unknown
}

/// How often a parser has differed for a reason.
pub(super) type Counts = BTreeMap<(&'static str, &'static str), u64>;

pub(super) const AGREES: &str = "agrees";
