//! Generated headers, and what two other parsers say about them.
//!
//! `PROPTEST_CASES=1000000 cargo test -p socketserver --features proxy other_parsers` for more of
//! them.

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::super::oracles::{AGREES, Counts, check_part, compare};
use super::super::rows::{S, hex};
use super::super::tlv;

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
        check_part(&bytes, part % (bytes.len() + 1));
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
