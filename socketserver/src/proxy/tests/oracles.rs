//! Generated headers, and what two other parsers say about them. Where they differ, the difference
//! is one of a list, with its reason.
//!
//! `PROPTEST_CASES=1000000 cargo test -p socketserver --features proxy oracles` for more of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use ppp::{HeaderResult, PartialResult};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::super::parse::Rules;
use super::super::step::Step;
use super::super::tlv;
use super::RULES;
use super::rows::{S, hex};
use crate::address::Address;

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
            && super::super::check::fields(&self.bytes[..self.length()], 16 + room).is_err()
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
        (Wrong, Client(..)) if theirs_is_ppp && facts.mixes_separators() => {
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

fn text(choices: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(choices).prop_map(str::to_owned)
}

fn ip_text() -> impl Strategy<Value = String> {
    let v4 = any::<[u8; 4]>().prop_map(|ip| std::net::Ipv4Addr::from(ip).to_string());
    let v6 = any::<[u8; 16]>().prop_map(|ip| std::net::Ipv6Addr::from(ip).to_string());
    let mapped = any::<[u8; 4]>().prop_map(|ip| format!("::ffff:{}", std::net::Ipv4Addr::from(ip)));
    let odd = text(&["192.0.02.1", "192.0.2", "192.0.2.256", "fe80::1%eth0", "", "::1", "host"]);
    prop_oneof![6 => v4, 6 => v6, 1 => mapped, 1 => odd]
}

fn port_text() -> impl Strategy<Value = String> {
    let odd = text(&["0", "0443", "+443", "65536", "", "-1", "4 4", "443 "]);
    prop_oneof![8 => any::<u16>().prop_map(|port| port.to_string()), 1 => odd]
}

/// A line of version 1, mostly right.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let space = || prop_oneof![20 => Just(" "), 1 => Just("  "), 1 => Just("\t"), 1 => Just("x")];
    let family =
        prop_oneof![8 => Just("TCP4"), 8 => Just("TCP6"), 1 => Just("TCP5"), 1 => Just("tcp4")];
    let end =
        || prop_oneof![20 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r"), 1 => Just(" \r\n")];
    let known = (space(), family, ip_text(), ip_text(), port_text(), port_text(), end()).prop_map(
        |(space, family, client, server, from, to, end)| {
            format!("PROXY{space}{family} {client} {server} {from} {to}{end}").into_bytes()
        },
    );
    let rest = prop_oneof![
        2 => vec(any::<u8>(), 0..110),
        2 => "( [a-z0-9:]{1,9}){0,9}".prop_map(String::into_bytes),
        1 => Just(Vec::new()),
    ];
    let unknown = (rest, end())
        .prop_map(|(rest, end)| [b"PROXY UNKNOWN", &rest[..], end.as_bytes()].concat());
    prop_oneof![3 => known, 1 => unknown]
}

fn field() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![select(vec![1, 2, 3, 4, 5, 0x20, 0x21, 0x30, 0xea]), any::<u8>()];
    let value = prop_oneof![4 => vec(any::<u8>(), 0..20), 1 => vec(any::<u8>(), 120..140)];
    (kind, value, prop_oneof![20 => Just(0), 1 => 1..4_u16]).prop_map(|(kind, value, more)| {
        let length = value.len() as u16 + more;
        [&[kind][..], &length.to_be_bytes(), &value].concat()
    })
}

/// A block of version 2, mostly right.
fn block() -> impl Strategy<Value = Vec<u8>> {
    let command = prop_oneof![20 => Just(0x21_u8), 4 => Just(0x20), 1 => any::<u8>()];
    let family = prop_oneof![
        8 => Just(0x11_u8), 8 => Just(0x21), 2 => Just(0x31),
        2 => select(vec![0x00, 0x01, 0x10, 0x12, 0x20, 0x22, 0x32, 0x51, 0x13]), 1 => any::<u8>(),
    ];
    let error = prop_oneof![20 => Just(0), 1 => -20..20_i32, 1 => Just(5_000)];
    let parts = (command, family, vec(any::<u8>(), 216), vec(field(), 0..4), 0..3_u8, error);
    parts.prop_map(|(command, family, addresses, fields, sum, error)| {
        let room = match family {
            0x11 | 0x12 => 12,
            0x21 | 0x22 => 36,
            0x31 | 0x32 => 216,
            _ => 0,
        };
        let mut body = [&addresses[..room], &fields.concat()].concat();
        let at = 16 + body.len() + 3;
        if sum > 0 {
            body.extend([3, 0, 4, 0, 0, 0, 0]);
        }
        let length = (body.len() as i32 + error).clamp(0, 0xffff) as u16;
        let mut block =
            [hex(S), vec![command, family], length.to_be_bytes().to_vec(), body].concat();
        if sum == 1 {
            let right = tlv::checksum(&block, at).to_be_bytes();
            block[at..at + 4].copy_from_slice(&right);
        }
        block
    })
}

/// The beginning of a connection: a header, changed or cut off now and then, and data.
fn beginning() -> impl Strategy<Value = Vec<u8>> {
    let data = prop_oneof![Just(Vec::new()), vec(any::<u8>(), 0..40)];
    let change =
        prop_oneof![9 => Just(None), 1 => any::<(prop::sample::Index, u8)>().prop_map(Some)];
    let cut = prop_oneof![5 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)];
    let header = prop_oneof![10 => line(), 10 => block(), 1 => vec(any::<u8>(), 1..60)];
    (header, data, change, cut).prop_map(|(mut header, data, change, cut)| {
        if let Some((place, byte)) = change {
            *place.get_mut(&mut header) = byte;
        }
        header.extend(data);
        if let Some(cut) = cut {
            header.truncate(cut.index(header.len()));
        }
        header
    })
}

/// An answer does not change with what follows, and no byte is asked for that is not the header's.
fn check_parts(rules: &Rules, bytes: &[u8], part: usize) -> Result<(), TestCaseError> {
    if let Ok(Step::Header(header, length)) = rules.parse(bytes) {
        let (before, after) = bytes.split_at(length);
        prop_assert_eq!(rules.parse(before), Ok(Step::Header(header, length)));
        prop_assert_eq!(before.len() + after.len(), bytes.len());
        let part = part % length;
        match rules.parse(&bytes[..part]) {
            Ok(Step::More(more)) => prop_assert!(more > 0 && part + more <= length),
            other => prop_assert!(false, "{:?} after {} of {} bytes", other, part, length),
        }
    }
    Ok(())
}

/// Adds up what two other parsers say about the beginning of a connection. Returns the differences
/// that are not known.
fn compare(bytes: &[u8], counts: &mut Counts) -> Vec<String> {
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
type Counts = BTreeMap<(&'static str, &'static str), u64>;

const AGREES: &str = "agrees";

#[test]
fn other_parsers_differ_only_as_is_known() {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 20_000;
    }
    let cases = config.cases;
    let (mut counts, mut unknown) = (Counts::new(), Vec::new());
    let found = RefCell::new((&mut counts, &mut unknown));
    let mut runner = TestRunner::new(config);
    let result = runner.run(&(beginning(), any::<usize>()), |(bytes, part)| {
        check_parts(&RULES, &bytes, part)?;
        let (counts, unknown) = &mut *found.borrow_mut();
        unknown.extend(compare(&bytes, counts));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    eprintln!("{cases} headers: {counts:#?}");
    unknown.sort_by_key(String::len);
    unknown.truncate(20);
    assert!(unknown.is_empty(), "{unknown:#?}");
    let agreed = counts.iter().filter(|((_, why), _)| *why == AGREES).map(|(_, count)| count);
    assert!(agreed.sum::<u64>() > u64::from(cases), "most of two answers agree");
}
