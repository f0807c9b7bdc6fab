//! Which addresses belong to one client, as far as limits go.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};

use super::Address;
use super::other::OtherAddress;

/// The host of a client: the key by which limits per client address count. It is equal for all
/// addresses of one host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(Key);

#[derive(Clone, Debug)]
enum Key {
    /// An IPv4 address, or the first address of an IPv6 /64.
    Ip(IpAddr),
    /// Compared by its family and its host.
    Other(OtherAddress),
}

impl Key {
    fn parts(&self) -> Result<IpAddr, (i32, &[u8])> {
        match self {
            Key::Ip(ip) => Ok(*ip),
            Key::Other(address) => Err((address.family().into(), address.host())),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl Address {
    /// The host, by which limits count: the IPv4 address, the IPv6 /64, or what
    /// [`OtherAddress::host`] returns. Unix clients have none.
    pub fn host(&self) -> Option<Host> {
        match self {
            Address::Inet(_) => self.ip().map(Host::from),
            Address::Other(address) => Some(Host(Key::Other(address.clone()))),
            Address::Unix(_) | Address::Abstract(_) | Address::Unnamed => None,
        }
    }
}

/// The host of an IP address: an IPv6 client has a whole /64 to itself.
impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        Host(Key::Ip(match ip {
            IpAddr::V4(_) => ip,
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !(u128::MAX >> 64)).into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::SocketAddr;

    use super::*;

    fn host(text: &str) -> Option<Host> {
        Address::Inet(text.parse::<SocketAddr>().unwrap()).host()
    }

    #[test]
    fn addresses_of_one_host_are_equal() {
        assert_eq!(host("10.0.0.1:1"), host("10.0.0.1:2"));
        assert_eq!(host("10.0.0.1:1"), host("[::ffff:10.0.0.1]:1"));
        assert_ne!(host("10.0.0.1:1"), host("10.0.0.2:1"));
        assert_eq!(host("[2001:db8::1]:1"), host("[2001:db8::ffff:1]:1"));
        assert_ne!(host("[2001:db8::1]:1"), host("[2001:db8:0:1::1]:1"));
        assert_eq!(Address::Unnamed.host(), None);
    }

    #[test]
    fn other_addresses_are_compared_by_host() {
        let vsock = |cid: u8, port: u8| OtherAddress::new(40, [port, cid]);
        let with_host = |cid, port| Address::from(vsock(cid, port).with_host([cid])).host();
        let hosts = [with_host(3, 1), with_host(3, 2), with_host(4, 1)];
        assert_eq!(HashSet::from(hosts).len(), 2);
        let without = [(3, 1), (3, 2)].map(|(cid, port)| Address::from(vsock(cid, port)).host());
        assert_eq!(HashSet::from(without).len(), 2);
        let elsewhere = Address::from(OtherAddress::new(41, [1, 3]).with_host([3])).host();
        assert_ne!(elsewhere, with_host(3, 1));
    }
}
