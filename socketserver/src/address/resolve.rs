//! Everything that is accepted as an address: [`ToAddress`].

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Address;
use super::look_up::look_up;
use super::other::OtherAddress;

/// Everything that is accepted as an address.
///
/// | type | example | meaning |
/// | --- | --- | --- |
/// | [`str`], [`String`] | `"host:9999"`, `"127.0.0.1:9999"`, `"[::1]:9999"` | a host and a port |
/// | | `"/run/socket"`, `"./socket"` | with a slash in it, the path of a Unix socket |
/// | | `"@name"`, `"\0name"` | a name in the abstract namespace |
/// | [`Path`], [`PathBuf`] | `folder.join("socket")` | the path of a Unix socket |
/// | `(&str, u16)`, `(String, u16)` | `("localhost", 9999)` | a host and a port |
/// | an IP address and a `u16` | `(Ipv4Addr::LOCALHOST, 9999)` | that address and a port |
/// | [`SocketAddr`], [`SocketAddrV4`], [`SocketAddrV6`] | | that address |
/// | [`Address`], [`OtherAddress`] | | itself |
///
/// An IP address is an [`IpAddr`], [`Ipv4Addr`] or [`Ipv6Addr`].
///
/// The empty host is every IPv4 address of this machine, for `bind` alone: it names no peer. Any
/// other host name is looked up. Where
/// one address is needed, it is the first IPv4 address as in Python, or the first of all if there
/// is none for IPv4.
///
/// A look-up may take long. On a green thread, in a handler, or with a timeout it runs on a helper
/// thread, so that it blocks no core. An abort or the timeout ends the wait for the helper, which
/// goes on until the system answers. At most 128 helpers exist at once; a further look-up waits for
/// one. In a process that must have no other threads, because a forking server serves there, a
/// look-up has no helper, and may exceed the timeout. Numeric addresses need no look-up.
///
/// ```
/// use std::net::Ipv4Addr;
/// use socketserver::{Address, ToAddress};
///
/// let address = Address::Inet(([127, 0, 0, 1], 9999).into());
/// assert_eq!("127.0.0.1:9999".to_address()?, address);
/// assert_eq!(("127.0.0.1", 9999).to_address()?, address);
/// assert_eq!((Ipv4Addr::LOCALHOST, 9999).to_address()?, address);
/// assert_eq!("./socket".to_address()?, Address::Unix("./socket".into()));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Python: the tuple, `str` or `bytes` that `bind`, `connect` and `sendto` take
pub trait ToAddress {
    /// The address.
    ///
    /// # Errors
    /// `InvalidInput` for text that is not an address, before any look-up; the look-up's.
    fn to_address(&self) -> io::Result<Address>;

    /// The address of a peer: the same, except that the empty host is an error, because it names no
    /// peer. `timeout` bounds a look-up; `None` and zero do not.
    ///
    /// # Errors
    /// As [`to_address`](Self::to_address), `InvalidInput` for the empty host, and `TimedOut`.
    fn to_peer(&self, _timeout: Option<Duration>) -> io::Result<Address> {
        self.to_address()
    }

    /// All addresses of a peer, in the order in which to try them. For a host name
    /// these are all that the look-up returns, of either family.
    ///
    /// # Errors
    /// As [`to_peer`](Self::to_peer).
    ///
    /// Python: `socket.getaddrinfo`
    fn to_addresses(&self, timeout: Option<Duration>) -> io::Result<Vec<Address>> {
        Ok(vec![self.to_peer(timeout)?])
    }
}

impl<A: ToAddress + ?Sized> ToAddress for &A {
    fn to_address(&self) -> io::Result<Address> {
        (**self).to_address()
    }

    fn to_peer(&self, timeout: Option<Duration>) -> io::Result<Address> {
        (**self).to_peer(timeout)
    }

    fn to_addresses(&self, timeout: Option<Duration>) -> io::Result<Vec<Address>> {
        (**self).to_addresses(timeout)
    }
}

impl ToAddress for Address {
    fn to_address(&self) -> io::Result<Address> {
        Ok(self.clone())
    }
}

impl ToAddress for OtherAddress {
    fn to_address(&self) -> io::Result<Address> {
        Ok(Address::Other(self.clone()))
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
inet!((IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

impl ToAddress for (&str, u16) {
    fn to_address(&self) -> io::Result<Address> {
        Ok(first(&look_up(self.0, self.1, None)?))
    }

    fn to_peer(&self, timeout: Option<Duration>) -> io::Result<Address> {
        expect_host(self.0)?;
        Ok(first(&look_up(self.0, self.1, timeout)?))
    }

    fn to_addresses(&self, timeout: Option<Duration>) -> io::Result<Vec<Address>> {
        expect_host(self.0)?;
        let all = look_up(self.0, self.1, timeout)?;
        Ok(all.into_iter().map(Address::Inet).collect())
    }
}

impl ToAddress for (String, u16) {
    fn to_address(&self) -> io::Result<Address> {
        (self.0.as_str(), self.1).to_address()
    }

    fn to_peer(&self, timeout: Option<Duration>) -> io::Result<Address> {
        (self.0.as_str(), self.1).to_peer(timeout)
    }

    fn to_addresses(&self, timeout: Option<Duration>) -> io::Result<Vec<Address>> {
        (self.0.as_str(), self.1).to_addresses(timeout)
    }
}

/// The address to use where one is needed.
fn first(all: &[SocketAddr]) -> Address {
    let v4 = all.iter().find(|address| address.is_ipv4());
    Address::Inet(*v4.unwrap_or(&all[0]))
}

/// Every address of this machine is nothing to connect to: a name that a client left empty would
/// reach the server itself.
fn expect_host(host: &str) -> io::Result<()> {
    if host.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "expected the host of a peer, got an empty one",
        ));
    }
    Ok(())
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
        let invalid = |reason: &str| {
            let message = format!(
                "expected HOST:PORT, [IPV6]:PORT or a socket's path with a slash in it, \
                 got {text:?}: {reason}"
            );
            io::Error::new(io::ErrorKind::InvalidInput, message)
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(|| invalid("no port"))?;
        // The standard library would read a sign, too.
        let digits = Some(port).filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
        let port = digits.and_then(|digits| digits.parse().ok());
        let port = port.ok_or_else(|| invalid("the port is not a number up to 65535"))?;
        if host.contains(['[', ']']) {
            // The standard library reads only the number of an interface. The system's look-up
            // takes its name too.
            let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            let host = host.unwrap_or_default();
            return match host.split_once('%') {
                Some((address, interface))
                    if address.parse::<Ipv6Addr>().is_ok() && !interface.is_empty() =>
                {
                    Ok(Text::Host(host, port))
                }
                _ => Err(invalid("brackets hold an IPv6 address, or one with %INTERFACE")),
            };
        }
        if host.contains(':') {
            return Err(invalid("an IPv6 address needs brackets"));
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

    fn to_peer(&self, timeout: Option<Duration>) -> io::Result<Address> {
        match Text::read(self)? {
            Text::Address(address) => Ok(address),
            Text::Host(host, port) => (host, port).to_peer(timeout),
        }
    }

    fn to_addresses(&self, timeout: Option<Duration>) -> io::Result<Vec<Address>> {
        match Text::read(self)? {
            Text::Address(address) => Ok(vec![address]),
            Text::Host(host, port) => (host, port).to_addresses(timeout),
        }
    }
}

impl ToAddress for String {
    fn to_address(&self) -> io::Result<Address> {
        self.as_str().to_address()
    }

    fn to_peer(&self, timeout: Option<Duration>) -> io::Result<Address> {
        self.as_str().to_peer(timeout)
    }

    fn to_addresses(&self, timeout: Option<Duration>) -> io::Result<Vec<Address>> {
        self.as_str().to_addresses(timeout)
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
        assert_eq!(address("[fe80::1%lo]:9999"), inet("[fe80::1%1]:9999"));
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
        for text in [
            "localhost",
            "9999",
            "host:port",
            "host:70000",
            "127.0.0.1:+80",
            "::1:80",
            "fe80::1%lo:80",
            "",
            "[%:]:0",
            "[::1%]:80",
            "[host%lo]:80",
        ] {
            let error = text.to_address().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{text}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn unknown_host_is_quoted_in_the_error() {
        // Not a valid name at all, so that no name server is asked.
        let error = ("no\0host", 80).to_address().unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with(r#"cannot look up "no\0host": "#), "{error}");
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
                let has_interface = host.starts_with('[') && host.contains('%');
                (!host.is_empty() && !host.contains([':', '[', ']']) || has_interface)
                    && port.parse::<u16>().is_ok()
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
