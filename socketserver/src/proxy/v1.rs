//! Version 1: a line of text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::{self, FromStr};

use super::header::ProxyHeader;
use super::step::{NO_HEADER, Step, Wrong};

/// Maximum length of the line with its end, in bytes.
pub(super) const LONGEST: usize = 107;

const BEGIN: &[u8] = b"PROXY ";
const END: &[u8] = b"\r\n";

pub(super) fn parse(bytes: &[u8]) -> Result<Step, Wrong> {
    let Some(after) = after(bytes, BEGIN)? else {
        return Ok(Step::More(1));
    };
    let families: [(&[u8], Read); 3] =
        [(b"TCP4 ", inet::<Ipv4Addr>), (b"TCP6 ", inet::<Ipv6Addr>), (b"UNKNOWN", unknown)];
    for (family, read) in families {
        match self::after(after, family) {
            Ok(None) => return Ok(Step::More(1)),
            Ok(Some(rest)) => {
                let length = bytes.len() - rest.len();
                return read(rest, LONGEST - length).map(|found| match found {
                    None => Step::More(1),
                    Some((header, rest)) => Step::Header(header, length + rest),
                });
            }
            Err(_) => {}
        }
    }
    Err("expected the family TCP4, TCP6 or UNKNOWN, got another")
}

/// Reads the addresses and ports after the family, in at most this many bytes. `None` if they have
/// not come in full.
type Read = fn(&[u8], usize) -> Result<Option<(ProxyHeader, usize)>, Wrong>;

/// The bytes after `expected` in `bytes`. `None` if `expected` has not come in full.
fn after<'a>(bytes: &'a [u8], expected: &[u8]) -> Result<Option<&'a [u8]>, Wrong> {
    match bytes.strip_prefix(expected) {
        Some(rest) => Ok(Some(rest)),
        None if expected.starts_with(bytes) => Ok(None),
        None => Err(NO_HEADER),
    }
}

/// The line up to its end. `None` if the end has not come yet.
fn line(rest: &[u8], room: usize) -> Result<Option<&[u8]>, Wrong> {
    let rest = &rest[..rest.len().min(room)];
    let end = rest.windows(END.len()).position(|bytes| bytes == END);
    match end {
        Some(end) => Ok(Some(&rest[..end])),
        None if rest.len() == room => Err("expected a line of at most 107 bytes, got a longer one"),
        None => Ok(None),
    }
}

/// Reads the rest of a line of the family UNKNOWN, which may contain any text.
fn unknown(rest: &[u8], room: usize) -> Result<Option<(ProxyHeader, usize)>, Wrong> {
    match rest {
        [] | [b' ', ..] | [b'\r'] | [b'\r', b'\n', ..] => {}
        _ => return Err("expected the family UNKNOWN, got a longer word"),
    }
    let line = line(rest, room)?;
    Ok(line.map(|line| (ProxyHeader::unknown(), line.len() + END.len())))
}

/// Reads two addresses and two ports.
fn inet<I: FromStr + Into<IpAddr>>(
    rest: &[u8],
    room: usize,
) -> Result<Option<(ProxyHeader, usize)>, Wrong> {
    let Some(line) = line(rest, room)? else {
        return check_unfinished(rest).map(|()| None);
    };
    let mut words = str::from_utf8(line).map_err(|_| WORDS)?.split(' ');
    let [Some(client), Some(server), Some(client_port), Some(server_port), None] =
        std::array::from_fn(|_| words.next())
    else {
        return Err(WORDS);
    };
    let client = SocketAddr::new(ip::<I>(client)?, port(client_port)?);
    let server = SocketAddr::new(ip::<I>(server)?, port(server_port)?);
    Ok(Some((ProxyHeader::new(client, server), line.len() + END.len())))
}

const WORDS: Wrong = "expected two addresses and two ports, each after one space, got other text";

/// Checks that an unfinished line can still become a valid one.
fn check_unfinished(rest: &[u8]) -> Result<(), Wrong> {
    let (&last, text) = rest.split_last().unwrap_or((&b' ', rest));
    let is_text = |byte: &u8| byte.is_ascii_hexdigit() || b".: ".contains(byte);
    match text.iter().all(is_text) && (is_text(&last) || last == b'\r') {
        true => Ok(()),
        false => Err(WORDS),
    }
}

/// Reads an address. An IPv4 address that is mapped into IPv6 becomes IPv4.
fn ip<I: FromStr + Into<IpAddr>>(word: &str) -> Result<IpAddr, Wrong> {
    match word.parse::<I>() {
        Ok(ip) => Ok(ip.into().to_canonical()),
        Err(_) if word.parse::<Ipv4Addr>().is_ok() => {
            Err("expected IPv6 addresses after TCP6, got one of IPv4")
        }
        Err(_) => Err("expected an IP address of the header's family, got other text"),
    }
}

/// Reads a port: digits, without a sign or leading zeros.
fn port(word: &str) -> Result<u16, Wrong> {
    let is_plain = word == "0" || word.starts_with(|first| matches!(first, '1'..='9'));
    let port = if is_plain { word.parse().ok() } else { None };
    port.ok_or("expected a port from 0 to 65535, got other text")
}
