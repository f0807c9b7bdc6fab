//! Everything that is accepted as an address: [`ToAddress`].

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, ToSocketAddrs};
use std::path::{Path, PathBuf};

use super::address::Address;

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
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> Address {
        text.to_address().unwrap()
    }

    fn inet(text: &str) -> Address {
        Address::Inet(text.parse().unwrap())
    }

    #[test]
    fn text_is_read_by_its_form() {
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
    fn ip_address_and_port_make_an_address() {
        let local = (Ipv4Addr::LOCALHOST, 80).to_address().unwrap();
        assert_eq!(local, inet("127.0.0.1:80"));
        let local = (Ipv6Addr::LOCALHOST, 80).to_address().unwrap();
        assert_eq!(local, inet("[::1]:80"));
        let any = (IpAddr::from([0; 4]), 80).to_address().unwrap();
        assert_eq!(any, inet("0.0.0.0:80"));
    }

    #[test]
    fn invalid_text_is_quoted_in_the_error() {
        for text in ["localhost", "9999", "host:port", "host:70000", "::1:80", ""] {
            let error = text.to_address().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{text}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn unknown_host_is_quoted_in_the_error() {
        // Not a valid name at all, so that no name server is asked.
        let error = ("no\0host", 80).to_address().unwrap_err();
        assert!(error.to_string().starts_with(r#""no\0host": "#), "{error}");
    }

    #[test]
    fn displayed_address_can_be_read_again() {
        for text in ["127.0.0.1:9999", "[::1]:9999", "/run/socket", "@name"] {
            assert_eq!(address(text).to_string(), text);
        }
    }

    /// Whether a name server would be asked. No test here leaves this machine.
    fn needs_a_look_up(text: &str) -> bool {
        !text.starts_with(['@', '\0'])
            && !text.contains('/')
            && text.parse::<SocketAddr>().is_err()
            && text.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && !host.contains(':') && port.parse::<u16>().is_ok()
            })
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_or_invalid(
            text in prop_oneof![".{0,40}", "[0-9a-f:.@/\\[\\]%-]{0,30}"],
        ) {
            if !needs_a_look_up(&text) {
                match text.to_address() {
                    // Neither showing it nor passing it to the system may panic.
                    Ok(address) => {
                        let _ = (address.to_string(), address.to_unix());
                        let _ = address.to_sock_addr().map(Address::from);
                    }
                    Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::InvalidInput),
                }
            }
        }

        #[test]
        fn displayed_internet_address_can_be_read_again(
            (v4, v6, port, scope) in any::<(u32, u128, u16, u32)>(),
        ) {
            let v6 = SocketAddrV6::new(Ipv6Addr::from_bits(v6), port, 0, scope);
            for address in [(Ipv4Addr::from_bits(v4), port).into(), v6.into()] {
                let address = Address::Inet(address);
                prop_assert_eq!(&address.to_string().to_address().unwrap(), &address);
            }
        }
    }
}
