//! Version 2: a block of bytes.

use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt;

use super::check;
use super::header::ProxyHeader;
use super::step::{NO_HEADER, Step, Wrong};
use crate::address::Address;

pub(super) const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Number of bytes before the addresses.
pub(super) const FIXED: usize = 16;
/// Length in bytes of each of the two addresses of Unix sockets.
pub(super) const UNIX: usize = 108;

pub(super) const VERSION: u8 = 2;
pub(super) const LOCAL: u8 = 0;
pub(super) const PROXY: u8 = 1;

/// Families of connections: TCP and Unix streams.
pub(super) const TCP4: u8 = 0x11;
pub(super) const TCP6: u8 = 0x21;
pub(super) const UNIX_STREAM: u8 = 0x31;

pub(super) fn parse(bytes: &[u8], longest: usize) -> Result<Step, Wrong> {
    let signature = bytes.len().min(SIGNATURE.len());
    if bytes[..signature] != SIGNATURE[..signature] {
        return Err(NO_HEADER);
    }
    let command = bytes.get(12).map_or(Ok(LOCAL), |byte| command(*byte))?;
    let Some((fixed, _)) = bytes.split_first_chunk::<FIXED>() else {
        return Ok(Step::More(FIXED - bytes.len()));
    };
    let length = FIXED + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > longest {
        return Err("expected a header within the limit, got a longer one");
    }
    let addresses = if command == LOCAL { None } else { addresses(fixed[13])? };
    if addresses.is_some_and(|room| FIXED + room > length) {
        return Err("expected a header with room for its addresses, got a shorter one");
    }
    let Some(header) = bytes.get(..length) else {
        return Ok(Step::More(length - bytes.len()));
    };
    let header = match (command, addresses) {
        // The rest is ignored, because some proxies leave addresses there, and others do not.
        (LOCAL, _) => ProxyHeader::local(),
        (_, None) => ProxyHeader::unknown(),
        (_, Some(room)) => known(header, room)?,
    };
    Ok(Step::Header(header, length))
}

/// The command, in the lower half of the byte after the signature.
fn command(byte: u8) -> Result<u8, Wrong> {
    match (byte >> 4, byte & 15) {
        (VERSION, command @ (LOCAL | PROXY)) => Ok(command),
        (VERSION, _) => Err("expected the command LOCAL or PROXY, got another"),
        _ => Err("expected version 2 after the signature, got another"),
    }
}

/// Number of bytes of the addresses of a family. `None` for a family without connections: then the
/// client is not known.
fn addresses(family: u8) -> Result<Option<usize>, Wrong> {
    match family {
        TCP4 => Ok(Some(12)),
        TCP6 => Ok(Some(36)),
        UNIX_STREAM => Ok(Some(2 * UNIX)),
        // The family, or what it carries, is not specified; or it carries datagrams.
        0x00..=0x02 | 0x10 | 0x12 | 0x20 | 0x22 | 0x30 | 0x32 => Ok(None),
        _ => Err("expected a known family of addresses, got another"),
    }
}

/// A header with `room` bytes of addresses.
fn known(header: &[u8], room: usize) -> Result<ProxyHeader, Wrong> {
    check::fields(header, FIXED + room)?;
    let (addresses, tlvs) = header[FIXED..].split_at(room);
    let ports = |at: usize| u16::from_be_bytes([addresses[at], addresses[at + 1]]);
    let (client, server): (Address, Address) = match header[13] {
        TCP4 => {
            let ip = |at| ip::<4, Ipv4Addr>(addresses, at);
            (inet(ip(0), ports(8)), inet(ip(4), ports(10)))
        }
        TCP6 => {
            let ip = |at| ip::<16, Ipv6Addr>(addresses, at);
            (inet(ip(0), ports(32)), inet(ip(16), ports(34)))
        }
        _ => (unix(&addresses[..UNIX]), unix(&addresses[UNIX..])),
    };
    Ok(ProxyHeader { tlvs: tlvs.to_vec(), ..ProxyHeader::new(client, server) })
}

fn ip<const N: usize, I: From<[u8; N]> + Into<IpAddr>>(addresses: &[u8], at: usize) -> IpAddr {
    let bytes = addresses[at..].first_chunk::<N>().copied().unwrap_or([0; N]);
    I::from(bytes).into()
}

/// The address. An IPv4 address that is mapped into IPv6 becomes IPv4.
fn inet(ip: IpAddr, port: u16) -> Address {
    SocketAddr::new(ip.to_canonical(), port).into()
}

/// The address of a Unix socket. A path ends with a zero byte, unless it fills the whole field. An
/// abstract name begins with a zero byte.
fn unix(bytes: &[u8]) -> Address {
    match bytes.split_first() {
        Some((0, name)) => match name.iter().rposition(|byte| *byte != 0) {
            Some(last) => Address::Abstract(name[..=last].to_vec()),
            None => Address::Unnamed,
        },
        _ => {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            Address::Unix(OsStr::from_bytes(&bytes[..end]).into())
        }
    }
}
