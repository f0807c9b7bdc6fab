mod generated;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::oracles::RULES;
use super::parse::Rules;
use super::rows::{self, Answer, hex, rows};
use super::step::Step;
use super::{ProxyHeader, Version};
use crate::address::Address;

fn answer_is(step: &Step, bytes: &[u8], answer: Answer) -> bool {
    let Step::Header(header, length) = step else {
        return false;
    };
    let client = header.client().map(Address::to_string);
    match answer {
        Answer::Client(expected, rest) => {
            client.as_deref() == Some(expected) && !header.is_local() && bytes[*length..] == *rest
        }
        Answer::Peer(rest) => client.is_none() && !header.is_local() && bytes[*length..] == *rest,
        Answer::Local(rest) => client.is_none() && header.is_local() && bytes[*length..] == *rest,
        Answer::Wrong(_) => false,
    }
}

/// Every row, whole and in every part: an answer comes with the byte that decides, and until then
/// the parser asks for no byte that could be another's.
#[test]
fn every_row_has_the_right_answer() {
    let rows = rows();
    for (number, bytes, answer) in &rows {
        let whole = RULES.parse(bytes);
        let decided = match (&whole, answer) {
            (Err(_), Answer::Wrong(at)) => *at,
            (Ok(step @ Step::Header(_, length)), _) if answer_is(step, bytes, *answer) => *length,
            _ => panic!("row {number}: expected {answer:?}, got {whole:?}"),
        };
        for part in 0..decided {
            match RULES.parse(&bytes[..part]) {
                Ok(Step::More(more)) if more > 0 => assert!(
                    part + more <= decided || whole.is_err(),
                    "row {number}: {more} more after {part} of {decided} bytes"
                ),
                other => panic!("row {number}: {other:?} after {part} of {decided} bytes"),
            }
        }
        assert_eq!(RULES.parse(&bytes[..decided]).is_err(), whole.is_err(), "row {number}");
    }
    let numbers: BTreeSet<u8> = rows.iter().map(|(number, ..)| *number).collect();
    let of_bytes: BTreeSet<u8> = (1..=50).filter(|number| ![23, 24].contains(number)).collect();
    assert_eq!(numbers, of_bytes);
}

/// What nginx sends when the families of the two addresses differ.
#[test]
fn ipv4_after_tcp6_has_a_reason_of_its_own() {
    let line = b"PROXY TCP6 192.0.2.1 2001:db8::1 56324 443\r\n";
    let wrong = RULES.parse(line).unwrap_err();
    assert_eq!(wrong, "expected IPv6 addresses after TCP6, got one of IPv4");
}

fn header(rest: &str) -> ProxyHeader {
    let bytes = hex(&format!("{} {rest}", rows::S));
    match RULES.parse(&bytes) {
        Ok(Step::Header(header, length)) if length == bytes.len() => header,
        other => panic!("expected a header of {} bytes, got {other:?}", bytes.len()),
    }
}

#[test]
fn fields_have_their_readers() {
    let addresses = "c0000201 c6336401 dc04 01bb";
    let aws = header(&format!("2111 0016 {addresses} EA 0007 01 767063652d31"));
    assert_eq!(aws.aws_vpc_endpoint(), Some("vpce-1"));
    let azure = header(&format!("2111 0014 {addresses} EE 0005 01 78563412"));
    assert_eq!(azure.azure_private_link(), Some(0x1234_5678));
    let google = header(&format!("2111 0017 {addresses} E0 0008 0000000000000102"));
    assert_eq!(google.google_psc_connection(), Some(0x102));
    assert_eq!((google.alpn(), google.authority(), google.unique_id()), (None, None, None));

    let plain = header(&format!("2111 001A {addresses} 01 0002 6832 02 0001 61 05 0002 4142"));
    assert_eq!((plain.alpn(), plain.authority()), (Some(&b"h2"[..]), Some("a")));
    assert_eq!(plain.unique_id(), Some(&b"AB"[..]));
    assert!(plain.ssl().is_none());
    assert_eq!(plain.server().map(Address::to_string).as_deref(), Some("198.51.100.1:443"));

    let fields = "21 0007 544c5376312e33 22 0002 636e 23 0001 78 28 0001 30";
    let ssl = header(&format!("2111 002B {addresses} 20 001C 07 00000000 {fields}"));
    let ssl = ssl.ssl().expect("the field");
    assert!(ssl.is_used() && ssl.has_certificate() && ssl.is_verified());
    assert_eq!((ssl.version(), ssl.common_name()), (Some("TLSv1.3"), Some("cn")));
    assert_eq!((ssl.cipher(), ssl.certificate()), (Some("x"), Some(&b"0"[..])));
    let unverified = header(&format!("2111 0014 {addresses} 20 0005 05 00000001"));
    let unverified = unverified.ssl().expect("the field");
    assert!(unverified.has_certificate() && !unverified.is_verified());
}

#[test]
fn debug_escapes_text_of_clients() {
    let [client, server] = [1, 2].map(|host| SocketAddr::from(([192, 0, 2, host], 5)));
    let header = ProxyHeader::new(client, server);
    let header = header.with_authority("a\nb\u{1b}").unwrap();
    assert_eq!(
        format!("{header:?}"),
        "ProxyHeader { client: 192.0.2.1:5, server: 192.0.2.2:5, is_local: false, \
         tlv 0x02: \"a\\nb\\x1b\" }"
    );
}

#[test]
fn one_version_alone() {
    let only = |version| Rules { version: Some(version), ..RULES };
    let line = b"PROXY UNKNOWN\r\n";
    let block = hex(&format!("{} 2000 0000", rows::S));
    assert!(only(Version::V1).parse(line).is_ok() && only(Version::V2).parse(&block).is_ok());
    assert!(only(Version::V2).parse(&line[..1]).is_err());
    assert!(only(Version::V1).parse(&block[..1]).is_err());
}

#[test]
fn lines_are_encoded() {
    let encode = |client: &str, server: &str| {
        let [client, server] = [client, server].map(|it| it.parse::<SocketAddr>().unwrap());
        let line = ProxyHeader::new(client, server).encode(Version::V1).unwrap();
        String::from_utf8(line).unwrap()
    };
    assert_eq!(encode("192.0.2.1:5", "192.0.2.2:6"), "PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\n");
    // Of two families it makes one.
    assert_eq!(
        encode("192.0.2.1:5", "[2001:db8::1]:6"),
        "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 5 6\r\n"
    );
    let unknown = [ProxyHeader::local(), ProxyHeader::new(Address::Unnamed, Address::Unnamed)];
    for header in unknown {
        assert_eq!(header.encode(Version::V1).unwrap(), b"PROXY UNKNOWN\r\n");
    }
}

#[test]
fn fields_without_room_are_rejected() {
    let unix = |length: usize| {
        ProxyHeader::new(Address::Unix("a".repeat(length).into()), Address::Unnamed)
    };
    assert!(unix(108).encode(Version::V2).is_ok() && unix(109).encode(Version::V2).is_err());
    let header = ProxyHeader::local();
    assert!(header.clone().with_tlv(0xe0, &[0; 65_536]).is_err());
    assert!(header.clone().with_unique_id(&[0; 129]).is_err());
    let full = header.with_tlv(0xe0, &[0; 65_532]).unwrap();
    assert!(full.encode(Version::V2).is_ok());
    assert!(full.with_tlv(0xe0, &[]).unwrap().encode(Version::V2).is_err());
}

fn inet() -> impl Strategy<Value = SocketAddr> {
    let v4 = any::<([u8; 4], u16)>().prop_map(SocketAddr::from);
    let v6 = any::<([u8; 16], u16)>().prop_map(SocketAddr::from);
    prop_oneof![v4, v6]
}

fn any_address() -> impl Strategy<Value = Address> {
    let name = || vec(1..=u8::MAX, 1..108);
    prop_oneof![
        inet().prop_map(Address::from),
        name().prop_map(Address::Abstract),
        name().prop_map(|name| {
            use std::os::unix::ffi::OsStringExt;
            Address::Unix(std::ffi::OsString::from_vec(name).into())
        }),
        Just(Address::Unnamed),
    ]
}

/// The address as it is shown, with IPv4 as IPv4.
fn canonical(address: &Address) -> Address {
    match address {
        Address::Inet(inet) => SocketAddr::new(inet.ip().to_canonical(), inet.port()).into(),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn encoded_headers_are_parsed(
        client in any_address(),
        server in any_address(),
        fields in vec((0x06..0x20_u8, vec(any::<u8>(), 0..64)), 0..4),
        sum in any::<bool>(),
        version in prop_oneof![Just(Version::V1), Just(Version::V2)],
    ) {
        let mut header = ProxyHeader::new(client.clone(), server.clone());
        for (kind, value) in &fields {
            header = header.with_tlv(*kind, value).unwrap();
        }
        if sum {
            header = header.with_checksum().unwrap();
        }
        let bytes = header.encode(version).unwrap();
        let Ok(Step::Header(parsed, length)) = RULES.parse(&bytes) else {
            panic!("{:?} of {bytes:?}", RULES.parse(&bytes));
        };
        prop_assert_eq!(length, bytes.len());
        let is_inet = |address: &Address| matches!(address, Address::Inet(_));
        let is_known = match version {
            Version::V1 => is_inet(&client) && is_inet(&server),
            Version::V2 => is_inet(&client) == is_inet(&server),
        };
        let expected = is_known.then(|| (canonical(&client), canonical(&server)));
        let parsed_addresses = parsed.client().cloned().zip(parsed.server().cloned());
        prop_assert_eq!(parsed_addresses, expected);
        if version == Version::V2 && is_known {
            let parsed: Vec<_> = parsed.tlvs().filter(|(kind, _)| *kind != 3).collect();
            let fields: Vec<_> = fields.iter().map(|(kind, value)| (*kind, &value[..])).collect();
            prop_assert_eq!(parsed, fields);
        }
    }
}
