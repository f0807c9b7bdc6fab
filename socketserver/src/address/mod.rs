//! Where a socket is.
//!
//! | Python | here | file |
//! | --- | --- | --- |
//! | the tuple, string or bytes that are an address | [`Address`] | this one |
//! | the same for a family without a variant | [`OtherAddress`] | `other.rs` |
//! | `AF_INET`, `AF_UNIX` | [`AddressFamily`] | `family.rs` |
//! | `client_address[0]` as a key | [`Host`] | `host.rs` |
//! | `getaddrinfo`, and the types accepted as addresses | [`ToAddress`] | `resolve.rs` |
//! | errors that name what failed | | `subject.rs` |

mod family;
mod host;
mod look_up;
mod other;
mod resolve;
mod subject;

use std::fmt::{self, Write as _};
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::net::SocketAddrUnix;
use socket2::SockAddr;

pub use family::AddressFamily;
pub use host::Host;
pub(crate) use host::USUAL_PREFIX;
pub use other::OtherAddress;
pub use resolve::ToAddress;
pub(crate) use subject::{OneLine, about, about_address, about_system, system_number};

/// The address of a server or a client, of any family.
///
/// Python: `server_address`, `client_address`: a tuple, a string, bytes or `None`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port. Python: `(host, port)`, or a tuple of four for IPv6
    Inet(SocketAddr),
    /// The path of a Unix socket. Python: `str`
    Unix(PathBuf),
    /// A name in Linux's abstract namespace, without its leading zero byte. Python: `bytes`
    Abstract(Vec<u8>),
    /// A Unix socket that was never bound, as most clients are. Python: `''` or `None`
    Unnamed,
    /// An address of a family that has no variant here, such as vsock. Python: as the family has
    /// it
    Other(OtherAddress),
}

impl Address {
    /// The IP address, if the family has one. An IPv4 client of a dual-stack server is shown as
    /// IPv4.
    ///
    /// Python: `client_address[0]`
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Address::Inet(address) => Some(address.ip().to_canonical()),
            _ => None,
        }
    }

    /// The port, if the family has one that this crate knows.
    ///
    /// Python: `client_address[1]`
    pub fn port(&self) -> Option<u16> {
        match self {
            Address::Inet(address) => Some(address.port()),
            _ => None,
        }
    }

    /// The same address with another port. The interface of a link-local address stays. An address
    /// without a port is returned as it is.
    ///
    /// Python: `(client_address[0], port)`, and the rest of the tuple
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        if let Address::Inet(address) = &mut self {
            address.set_port(port);
        }
        self
    }

    /// The path, if this is a Unix socket that has one.
    ///
    /// Python: `client_address` of a Unix server
    pub fn path(&self) -> Option<&Path> {
        match self {
            Address::Unix(path) => Some(path),
            _ => None,
        }
    }

    /// The family that a socket for this address must have.
    ///
    /// Python: `address_family`
    pub fn family(&self) -> AddressFamily {
        match self {
            Address::Inet(SocketAddr::V4(_)) => AddressFamily::Inet,
            Address::Inet(SocketAddr::V6(_)) => AddressFamily::Inet6,
            Address::Unix(_) | Address::Abstract(_) | Address::Unnamed => AddressFamily::Unix,
            Address::Other(address) => address.family(),
        }
    }

    /// The system's structure, for `bind` and `connect`.
    pub(crate) fn to_sock_addr(&self) -> io::Result<SockAddr> {
        match self {
            Address::Inet(address) => Ok((*address).into()),
            Address::Unix(path) => SockAddr::unix(without_zero(path)?),
            Address::Abstract(name) => {
                let mut bytes = vec![0];
                bytes.extend_from_slice(name);
                SockAddr::unix(std::ffi::OsStr::from_bytes(&bytes))
            }
            Address::Unnamed => Err(no_name()),
            Address::Other(address) => address.to_sock_addr(),
        }
    }

    /// The system's structure for `sendto` a Unix socket.
    pub(crate) fn to_unix(&self) -> io::Result<SocketAddrUnix> {
        match self {
            Address::Unix(path) => Ok(SocketAddrUnix::new(without_zero(path)?)?),
            Address::Abstract(name) => Ok(SocketAddrUnix::new_abstract_name(name)?),
            _ => Err(no_name()),
        }
    }
}

/// The system would take the part in front of the zero byte.
fn without_zero(path: &Path) -> io::Result<&Path> {
    if path.as_os_str().as_bytes().contains(&0) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("expected the path of a socket, got one with a zero byte: {path:?}"),
        ));
    }
    Ok(path)
}

fn no_name() -> io::Error {
    io::Error::new(
        io::ErrorKind::AddrNotAvailable,
        "expected the name of a Unix socket, got a socket without one, which cannot be reached",
    )
}

impl fmt::Display for Address {
    /// `127.0.0.1:9999`, `[::1]:9999`, `/run/socket`, `@abstract`, `unnamed`, or as
    /// [`OtherAddress`] has it. Control characters are escaped: a client chooses its name, and must
    /// not add lines to a log or command a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Inet(address) => address.fmt(f),
            Address::Unix(path) => fmt_path(path, f),
            Address::Abstract(name) => write!(f, "@{}", name.escape_ascii()),
            Address::Unnamed => f.write_str("unnamed"),
            Address::Other(address) => address.fmt(f),
        }
    }
}

/// The path's text, with everything escaped that cannot be seen as it is.
fn fmt_path(path: &Path, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                // Escaped in literals only.
                '\'' | '"' => f.write_char(char)?,
                _ => write!(f, "{}", char.escape_debug())?,
            }
        }
        write!(f, "{}", chunk.invalid().escape_ascii())?;
    }
    Ok(())
}

impl From<SockAddr> for Address {
    fn from(address: SockAddr) -> Self {
        if let Some(address) = address.as_socket() {
            Address::Inet(address)
        } else if let Some(path) = address.as_pathname() {
            Address::Unix(path.to_path_buf())
        } else if let Some(name) = address.as_abstract_namespace() {
            Address::Abstract(name.to_vec())
        } else if address.is_unix() || is_absent(&address) {
            Address::Unnamed
        } else {
            Address::Other(OtherAddress::from_sock_addr(&address))
        }
    }
}

/// Whether the system has given no address at all, as for a datagram from an unbound Unix socket.
fn is_absent(address: &SockAddr) -> bool {
    i32::from(address.family()) == libc::AF_UNSPEC
}

impl From<OtherAddress> for Address {
    fn from(address: OtherAddress) -> Self {
        Address::Other(address)
    }
}

macro_rules! from_inet {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Address {
            fn from(address: $kind) -> Self {
                Address::Inet(address.into())
            }
        }
    )*};
}
from_inet!(SocketAddr, SocketAddrV4, SocketAddrV6);

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::os::unix::ffi::OsStringExt;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Size of `sun_path`, including the terminating NUL.
    const PATH: usize = 108;

    fn inet() -> impl Strategy<Value = SocketAddr> {
        let v4 = any::<(u32, u16)>().prop_map(|(ip, port)| (Ipv4Addr::from_bits(ip), port).into());
        let v6 = any::<(u128, u16, u32)>().prop_map(|(ip, port, scope)| {
            SocketAddrV6::new(Ipv6Addr::from_bits(ip), port, 0, scope).into()
        });
        prop_oneof![v4, v6]
    }

    fn path(bytes: Vec<u8>) -> Address {
        Address::Unix(OsString::from_vec(bytes).into())
    }

    #[test]
    fn another_port_is_all_that_changes() {
        let link_local =
            |port| -> Address { SocketAddrV6::new("fe80::1".parse().unwrap(), port, 0, 7).into() };
        assert_eq!(link_local(69).with_port(0), link_local(0));
        assert_eq!(path(b"/server".to_vec()).with_port(1), path(b"/server".to_vec()));
    }

    #[test]
    fn paths_are_shown_without_control_characters() {
        let shown = |bytes: &[u8]| path(bytes.to_vec()).to_string();
        assert_eq!(shown("/run/a b/\u{fc}'\".socket".as_bytes()), "/run/a b/\u{fc}'\".socket");
        assert_eq!(shown(b"a\nERROR b\r\x1b[2J\x7f"), "a\\nERROR b\\r\\u{1b}[2J\\u{7f}");
        assert_eq!(shown(b"a\\nb\xff"), "a\\\\nb\\xff");
        // These turn the text that follows around, or hide it.
        assert_eq!(shown("\u{202e}\u{200b}\u{9b}".as_bytes()), "\\u{202e}\\u{200b}\\u{9b}");
    }

    /// The system's form of an address stands for the same address. One that does not fit is invalid.
    #[track_caller]
    fn survives_if(fits: bool, address: &Address) {
        let there = address.to_sock_addr();
        if !matches!(address, Address::Inet(_)) {
            // A reply reaches every address that can be bound. It also reaches a path of 108 bytes,
            // which leaves no room for the NUL.
            let as_datagram = address.to_unix();
            assert!(there.is_err() || as_datagram.is_ok(), "{address:?}");
        }
        match there {
            Ok(there) => assert!(fits && Address::from(there) == *address, "{address:?}"),
            Err(error) => assert!(!fits && error.kind() == io::ErrorKind::InvalidInput, "{error}"),
        }
    }

    proptest! {
        #[test]
        fn internet_addresses_survive(address in inet()) {
            survives_if(true, &Address::Inet(address));
        }

        #[test]
        fn paths_survive_if_they_fit(bytes in vec(1..=u8::MAX, 1..2 * PATH)) {
            survives_if(bytes.len() < PATH, &path(bytes));
        }

        #[test]
        fn paths_with_a_zero_byte_are_invalid(
            mut bytes in vec(any::<u8>(), 1..2 * PATH),
            place in any::<prop::sample::Index>(),
        ) {
            *place.get_mut(&mut bytes) = 0;
            let error = path(bytes).to_sock_addr().unwrap_err();
            prop_assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }

        #[test]
        fn abstract_names_survive_if_they_fit(name in vec(any::<u8>(), 0..2 * PATH)) {
            survives_if(name.len() < PATH, &Address::Abstract(name));
        }
    }

    #[test]
    fn names_of_every_length_survive_if_they_fit() {
        for length in 0..2 * PATH {
            survives_if(length < PATH, &Address::Abstract(vec![b'n'; length]));
            if length > 0 {
                survives_if(length < PATH, &path(vec![b'p'; length]));
            }
        }
    }
}
