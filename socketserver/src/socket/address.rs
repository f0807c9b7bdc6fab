//! Where a socket is: [`Address`], and what can be turned into one.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, ToSocketAddrs};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::net::SocketAddrUnix;
use socket2::SockAddr;

use super::AddressFamily;

/// The address of a server or a client, of any family.
///
/// Python: `server_address`, `client_address`: a tuple, a string, bytes or `None`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// An internet address and a port. Python: `(host, port)`, or a tuple of four for IPv6
    Inet(SocketAddr),
    /// The path of a Unix socket. Python: `str`
    Unix(PathBuf),
    /// A name in Linux's abstract namespace, without its leading zero byte. Python: `bytes`
    Abstract(Vec<u8>),
    /// A Unix socket that was never bound, as most clients are. Python: `''` or `None`
    Unnamed,
}

impl Address {
    /// The IP address, if this is an internet address. An IPv4 client of a dual-stack server is
    /// shown as IPv4.
    ///
    /// Python: `client_address[0]`
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Address::Inet(address) => Some(address.ip().to_canonical()),
            _ => None,
        }
    }

    /// The port, if this is an internet address.
    ///
    /// Python: `client_address[1]`
    pub fn port(&self) -> Option<u16> {
        match self {
            Address::Inet(address) => Some(address.port()),
            _ => None,
        }
    }

    /// The path, if this is a Unix socket that has one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Address::Unix(path) => Some(path),
            _ => None,
        }
    }

    /// The family a socket for this address must have.
    ///
    /// Python: `address_family`
    pub fn family(&self) -> AddressFamily {
        match self {
            Address::Inet(SocketAddr::V4(_)) => AddressFamily::Inet,
            Address::Inet(SocketAddr::V6(_)) => AddressFamily::Inet6,
            _ => AddressFamily::Unix,
        }
    }

    /// What `bind` and `connect` take.
    pub(crate) fn to_sock_addr(&self) -> io::Result<SockAddr> {
        match self {
            Address::Inet(address) => Ok((*address).into()),
            // The system would take the part before it.
            Address::Unix(path) if path.as_os_str().as_bytes().contains(&0) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a zero byte in the path of a socket",
            )),
            Address::Unix(path) => SockAddr::unix(path),
            Address::Abstract(name) => {
                let mut bytes = vec![0];
                bytes.extend_from_slice(name);
                SockAddr::unix(std::ffi::OsStr::from_bytes(&bytes))
            }
            Address::Unnamed => Err(no_name()),
        }
    }

    /// What `sendto` takes for a Unix socket.
    pub(super) fn to_unix(&self) -> io::Result<SocketAddrUnix> {
        match self {
            Address::Unix(path) => Ok(SocketAddrUnix::new(path.as_path())?),
            #[cfg(target_os = "linux")]
            Address::Abstract(name) => Ok(SocketAddrUnix::new_abstract_name(name)?),
            _ => Err(no_name()),
        }
    }
}

fn no_name() -> io::Error {
    io::Error::new(
        io::ErrorKind::AddrNotAvailable,
        "a Unix socket without a name cannot be reached",
    )
}

impl fmt::Display for Address {
    /// `127.0.0.1:9999`, `[::1]:9999`, `/run/socket`, `@abstract`, `unnamed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Inet(address) => address.fmt(f),
            Address::Unix(path) => path.display().fmt(f),
            Address::Abstract(name) => write!(f, "@{}", name.escape_ascii()),
            Address::Unnamed => f.write_str("unnamed"),
        }
    }
}

impl From<SockAddr> for Address {
    fn from(address: SockAddr) -> Self {
        if address.is_unnamed() {
            Address::Unnamed
        } else if let Some(address) = address.as_socket() {
            Address::Inet(address)
        } else if let Some(path) = address.as_pathname() {
            Address::Unix(path.to_path_buf())
        } else if let Some(name) = address.as_abstract_namespace() {
            Address::Abstract(name.to_vec())
        } else {
            Address::Unnamed
        }
    }
}

/// What can be given where an address is wanted.
///
/// * a [`SocketAddr`], or an [`IpAddr`] (or [`Ipv4Addr`], [`Ipv6Addr`]) and a port;
/// * a host and a port, `("localhost", 9999)`; the empty host is every IPv4 address of this
///   machine;
/// * a text: `"host:port"`, `"[::1]:9999"`; with a slash in it, the path of a Unix socket; with a
///   leading `@` or zero byte, a name in the abstract namespace;
/// * a [`Path`];
/// * an [`Address`].
///
/// A host name is looked up, and its first IPv4 address is taken, as in Python; if it has none, its
/// first.
pub trait ToAddress {
    /// The address.
    ///
    /// # Errors
    /// `InvalidInput` for a text that is no address, without a look-up; whatever a look-up fails
    /// with.
    fn to_address(&self) -> io::Result<Address>;

    /// Every address that it stands for, in the order in which they are to be tried: of a host name
    /// all that the look-up gives, of either family.
    ///
    /// # Errors
    /// As [`to_address`](Self::to_address).
    ///
    /// Python: `socket.getaddrinfo`
    fn to_addresses(&self) -> io::Result<Vec<Address>> {
        Ok(vec![self.to_address()?])
    }
}

impl<A: ToAddress + ?Sized> ToAddress for &A {
    fn to_address(&self) -> io::Result<Address> {
        (**self).to_address()
    }

    fn to_addresses(&self) -> io::Result<Vec<Address>> {
        (**self).to_addresses()
    }
}

impl ToAddress for Address {
    fn to_address(&self) -> io::Result<Address> {
        Ok(self.clone())
    }
}

macro_rules! inet {
    ($($kind:ty),*) => {$(
        impl ToAddress for $kind {
            fn to_address(&self) -> io::Result<Address> {
                Ok(Address::Inet((*self).into()))
            }
        }
        impl From<$kind> for Address {
            fn from(address: $kind) -> Self {
                Address::Inet(address.into())
            }
        }
    )*};
}
inet!(SocketAddr, SocketAddrV4, SocketAddrV6);

impl<H: ToHost> ToAddress for (H, u16) {
    fn to_address(&self) -> io::Result<Address> {
        self.0.look_up(self.1).map(Address::Inet)
    }

    fn to_addresses(&self) -> io::Result<Vec<Address>> {
        let all = self.0.look_up_all(self.1)?;
        Ok(all.into_iter().map(Address::Inet).collect())
    }
}

/// What a text says.
enum Text<'a> {
    Address(Address),
    Host(&'a str, u16),
}

impl Text<'_> {
    fn read(text: &str) -> io::Result<Text<'_>> {
        if let Some(name) = text.strip_prefix(['@', '\0']) {
            return Ok(Text::Address(Address::Abstract(name.as_bytes().to_vec())));
        }
        if text.contains('/') {
            return Ok(Text::Address(Address::Unix(text.into())));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Text::Address(Address::Inet(address)));
        }
        let invalid = |what: &str| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{what} in {text:?}: an address is HOST:PORT or the path of a socket with a slash in it"
                ),
            )
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(|| invalid("no port"))?;
        let port = port.parse().map_err(|_| invalid("no valid port"))?;
        if host.contains(':') {
            return Err(invalid("an IPv6 address without brackets"));
        }
        Ok(Text::Host(host, port))
    }
}

impl ToAddress for str {
    fn to_address(&self) -> io::Result<Address> {
        match Text::read(self)? {
            Text::Address(address) => Ok(address),
            Text::Host(host, port) => (host, port).to_address(),
        }
    }

    fn to_addresses(&self) -> io::Result<Vec<Address>> {
        match Text::read(self)? {
            Text::Address(address) => Ok(vec![address]),
            Text::Host(host, port) => (host, port).to_addresses(),
        }
    }
}

impl ToAddress for String {
    fn to_address(&self) -> io::Result<Address> {
        self.as_str().to_address()
    }

    fn to_addresses(&self) -> io::Result<Vec<Address>> {
        self.as_str().to_addresses()
    }
}

impl ToAddress for Path {
    fn to_address(&self) -> io::Result<Address> {
        Ok(Address::Unix(self.to_path_buf()))
    }
}

impl ToAddress for PathBuf {
    fn to_address(&self) -> io::Result<Address> {
        self.as_path().to_address()
    }
}

/// The first half of a host and a port.
pub trait ToHost {
    /// The address of that host, with this port.
    ///
    /// # Errors
    /// Whatever the look-up fails with; `NotFound` if the name has no address.
    fn look_up(&self, port: u16) -> io::Result<SocketAddr>;

    /// All addresses of that host, in the order in which they are to be tried.
    ///
    /// # Errors
    /// As [`look_up`](Self::look_up).
    fn look_up_all(&self, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![self.look_up(port)?])
    }
}

impl<H: ToHost + ?Sized> ToHost for &H {
    fn look_up(&self, port: u16) -> io::Result<SocketAddr> {
        (**self).look_up(port)
    }

    fn look_up_all(&self, port: u16) -> io::Result<Vec<SocketAddr>> {
        (**self).look_up_all(port)
    }
}

macro_rules! ip {
    ($($kind:ty),*) => {$(
        impl ToHost for $kind {
            fn look_up(&self, port: u16) -> io::Result<SocketAddr> {
                Ok((*self, port).into())
            }
        }
    )*};
}
ip!(IpAddr, Ipv4Addr, Ipv6Addr);

impl ToHost for String {
    fn look_up(&self, port: u16) -> io::Result<SocketAddr> {
        self.as_str().look_up(port)
    }

    fn look_up_all(&self, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.as_str().look_up_all(port)
    }
}

impl ToHost for str {
    fn look_up(&self, port: u16) -> io::Result<SocketAddr> {
        let all = self.look_up_all(port)?;
        let first = all.iter().find(|address| address.is_ipv4());
        Ok(*first.unwrap_or(&all[0]))
    }

    fn look_up_all(&self, port: u16) -> io::Result<Vec<SocketAddr>> {
        if self.is_empty() {
            return Ok(vec![SocketAddr::from(([0, 0, 0, 0], port))]);
        }
        // The system's own message does not say whom it was about.
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{self:?}: {error}"));
        let all: Vec<_> = (self, port).to_socket_addrs().map_err(named)?.collect();
        if all.is_empty() {
            let text = format!("{self:?} has no address");
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::os::unix::ffi::OsStringExt;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// So many bytes has the place for a path, its end included.
    const PATH: usize = 108;

    fn address(text: &str) -> Address {
        text.to_address().unwrap()
    }

    #[test]
    fn a_text_is_read_by_what_is_in_it() {
        let inet = |text: &str| Address::Inet(text.parse().unwrap());
        assert_eq!(address("127.0.0.1:9999"), inet("127.0.0.1:9999"));
        assert_eq!(address("[::1]:9999"), inet("[::1]:9999"));
        assert_eq!(address(":9999"), inet("0.0.0.0:9999"));
        assert_eq!(address("localhost:9999"), inet("127.0.0.1:9999"));
        assert_eq!(address("./socket"), Address::Unix("./socket".into()));
        assert_eq!(address("@name"), Address::Abstract(b"name".to_vec()));
        assert_eq!(address("\0name"), Address::Abstract(b"name".to_vec()));
        assert_eq!(("", 80).to_address().unwrap(), inet("0.0.0.0:80"));
    }

    #[test]
    fn an_ip_address_of_either_kind_and_a_port_is_an_address() {
        let inet = |text: &str| Address::Inet(text.parse().unwrap());
        let local = (Ipv4Addr::LOCALHOST, 80).to_address().unwrap();
        assert_eq!(local, inet("127.0.0.1:80"));
        let local = (Ipv6Addr::LOCALHOST, 80).to_address().unwrap();
        assert_eq!(local, inet("[::1]:80"));
        let any = (IpAddr::from([0; 4]), 80).to_address().unwrap();
        assert_eq!(any, inet("0.0.0.0:80"));
    }

    #[test]
    fn what_is_no_address_says_so() {
        for text in ["localhost", "9999", "host:port", "host:70000", "::1:80", ""] {
            let error = text.to_address().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{text}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn a_host_that_is_not_known_is_named() {
        // No name at all, so that nobody is asked for it.
        let error = ("no\0host", 80).to_address().unwrap_err();
        assert!(error.to_string().starts_with(r#""no\0host": "#), "{error}");
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        for text in ["127.0.0.1:9999", "[::1]:9999", "/run/socket", "@name"] {
            assert_eq!(address(text).to_string(), text);
        }
    }

    /// What would be asked of somebody else: none of these tests leaves this machine.
    fn needs_a_look_up(text: &str) -> bool {
        !text.starts_with(['@', '\0'])
            && !text.contains('/')
            && text.parse::<SocketAddr>().is_err()
            && text.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && !host.contains(':') && port.parse::<u16>().is_ok()
            })
    }

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

    /// What becomes of an address on its way to the system and back.
    fn there_and_back(address: &Address) -> io::Result<Address> {
        let there = address.to_sock_addr();
        if !matches!(address, Address::Inet(_)) {
            // What can be bound can be answered; and so can a path of 108 bytes, which has no room
            // for its end.
            let as_datagram = address.to_unix();
            assert!(there.is_err() || as_datagram.is_ok(), "{address:?}");
        }
        there.map(Address::from)
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_or_not_one(text in prop_oneof![".{0,40}", "[0-9a-f:.@/\\[\\]%-]{0,30}"]) {
            if !needs_a_look_up(&text) {
                match text.to_address() {
                    Ok(address) => {
                        // To be shown and to be given to the system are no reasons to panic.
                        let _ = (address.to_string(), there_and_back(&address));
                    }
                    Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::InvalidInput),
                }
            }
        }

        #[test]
        fn an_internet_address_survives(address in inet()) {
            let address = Address::Inet(address);
            prop_assert_eq!(&address.to_string().to_address().unwrap(), &address);
            prop_assert_eq!(&there_and_back(&address).unwrap(), &address);
        }

        #[test]
        fn a_path_survives_if_it_fits(bytes in vec(1..=u8::MAX, 1..2 * PATH)) {
            let fits = bytes.len() < PATH;
            let address = path(bytes);
            match there_and_back(&address) {
                Ok(same) => prop_assert!(fits && same == address),
                Err(error) => prop_assert!(!fits && error.kind() == io::ErrorKind::InvalidInput),
            }
        }

        #[test]
        fn no_path_has_a_zero_byte(
            mut bytes in vec(any::<u8>(), 1..2 * PATH),
            place in any::<prop::sample::Index>(),
        ) {
            *place.get_mut(&mut bytes) = 0;
            let error = path(bytes).to_sock_addr().unwrap_err();
            prop_assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }

        #[test]
        #[cfg(target_os = "linux")]
        fn an_abstract_name_survives_if_it_fits(name in vec(any::<u8>(), 0..2 * PATH)) {
            let fits = name.len() < PATH;
            let address = Address::Abstract(name);
            match there_and_back(&address) {
                Ok(same) => prop_assert!(fits && same == address),
                Err(error) => prop_assert!(!fits && error.kind() == io::ErrorKind::InvalidInput),
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn names_of_every_length() {
        for length in 0..2 * PATH {
            let fits = length < PATH;
            let name = Address::Abstract(vec![b'n'; length]);
            assert_eq!(there_and_back(&name).is_ok_and(|same| same == name), fits);
            if length > 0 {
                let path = path(vec![b'p'; length]);
                assert_eq!(there_and_back(&path).is_ok_and(|same| same == path), fits);
            }
        }
    }
}
