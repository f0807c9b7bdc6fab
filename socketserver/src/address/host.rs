//! Which addresses belong to one client, as far as limits go.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Address;
use super::other::OtherAddress;

/// The host of a client: the key by which limits per client address count. It is equal for all
/// addresses of one host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(Key);

#[derive(Clone, Debug)]
enum Key {
    /// An IPv4 address, the first address of an IPv6 prefix, or a link-local address. The number is
    /// that of a link-local address's interface, and 0 otherwise.
    Ip(IpAddr, u32),
    /// Compared by its family and its host.
    Other(OtherAddress),
}

impl Key {
    fn parts(&self) -> Result<(IpAddr, u32), (i32, &[u8])> {
        match self {
            Key::Ip(ip, scope) => Ok((*ip, *scope)),
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

/// The usual number of bits of an IPv6 address that the network sets. A client chooses the others.
pub(crate) const USUAL_PREFIX: u8 = 64;

impl Address {
    /// The host, by which limits count: the IPv4 address, the IPv6 /64, or what
    /// [`OtherAddress::host`] returns. Unix clients have none.
    ///
    /// Some IPv6 addresses have special rules:
    ///
    /// * All neighbours on a link share the /64 of their `fe80::` addresses, and on each link it is
    ///   the same one. So the host is the whole address and the interface.
    /// * An address that contains the IPv4 address of its client counts as the IPv4 address:
    ///   `::ffff:0:0/96` (dual stack), `64:ff9b::/96` (NAT64), `2002::/16` (6to4) and `2001::/32`
    ///   (Teredo). Otherwise all IPv4 clients would share a /64, or one client would have many.
    /// * In `64:ff9b:1::/48`, NAT64 with a local prefix, the host is the whole address.
    pub fn host(&self) -> Option<Host> {
        self.host_with_prefix(USUAL_PREFIX)
    }

    /// As [`host`](Self::host), with a prefix of `bits` bits for ordinary IPv6 addresses: 56 or 48
    /// if each customer has a prefix of that length, 128 if neighbours share a /64.
    pub fn host_with_prefix(&self, bits: u8) -> Option<Host> {
        match self {
            Address::Inet(SocketAddr::V4(address)) => Some(Host::from(IpAddr::from(*address.ip()))),
            Address::Inet(SocketAddr::V6(address)) => {
                Some(Host::of_v6(*address.ip(), address.scope_id(), bits))
            }
            Address::Other(address) => Some(Host(Key::Other(address.clone()))),
            Address::Unix(_) | Address::Abstract(_) | Address::Unnamed => None,
        }
    }
}

impl Host {
    fn of_v6(ip: Ipv6Addr, scope: u32, bits: u8) -> Self {
        if let Some(ip) = ipv4_within(ip) {
            return Host(Key::Ip(ip.into(), 0));
        }
        if ip.is_unicast_link_local() {
            return Host(Key::Ip(ip.into(), scope));
        }
        let bits = if is_in(ip, LOCAL_NAT64, 48) { 128 } else { bits };
        Host(Key::Ip(first_of(ip, bits).into(), 0))
    }
}

/// The host of an IP address, as [`Address::host`] has it.
impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Host(Key::Ip(ip, 0)),
            IpAddr::V6(ip) => Host::of_v6(ip, 0, USUAL_PREFIX),
        }
    }
}

const NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);
const LOCAL_NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0);
const SIX_TO_FOUR: Ipv6Addr = Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0);
const TEREDO: Ipv6Addr = Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0);

/// The first address of the prefix of this many bits around an address.
fn first_of(ip: Ipv6Addr, bits: u8) -> Ipv6Addr {
    let rest = u128::MAX.checked_shr(bits.into()).unwrap_or(0);
    Ipv6Addr::from_bits(ip.to_bits() & !rest)
}

fn is_in(ip: Ipv6Addr, prefix: Ipv6Addr, bits: u8) -> bool {
    first_of(ip, bits) == prefix
}

/// The IPv4 address of the client, if the IPv6 address contains it.
fn ipv4_within(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = ip.to_bits();
    let ipv4 = match ip {
        ip if is_in(ip, NAT64, 96) => bits as u32,
        ip if is_in(ip, SIX_TO_FOUR, 16) => (bits >> 80) as u32,
        // Teredo inverts it, to hide it from address translators.
        ip if is_in(ip, TEREDO, 32) => !(bits as u32),
        ip => return ip.to_ipv4_mapped(),
    };
    Some(Ipv4Addr::from_bits(ipv4))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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
    fn special_addresses_have_special_hosts() {
        // On a link, the address and the link.
        assert_ne!(host("[fe80::1%1]:1"), host("[fe80::2%1]:1"));
        assert_ne!(host("[fe80::1%1]:1"), host("[fe80::1%2]:1"));
        assert_eq!(host("[fe80::1%1]:1"), host("[fe80::1%1]:2"));
        // The IPv4 address that is in there.
        for same in [
            "[::ffff:192.0.2.1]:1",
            "[64:ff9b::192.0.2.1]:1",
            "[2002:c000:201:7::9]:1",
            "[2001:0:4136:e378:8000:63bf:3fff:fdfe]:1",
        ] {
            assert_eq!(host(same), host("192.0.2.1:1"), "{same}");
        }
        assert_ne!(host("[64:ff9b:1::192.0.2.1]:1"), host("[64:ff9b:1::192.0.2.2]:1"));
        // Beside the special ones.
        assert_eq!(host("[2001:1::1]:1"), host("[2001:1::2]:1"));
        assert_eq!(host("[fd00::1]:1"), host("[fd00::2]:1"));
    }

    #[test]
    fn prefix_is_as_long_as_it_is_set() {
        let host = |text: &str, bits| {
            let address = Address::Inet(text.parse().unwrap());
            address.host_with_prefix(bits)
        };
        let (one, near, far) = ("[2001:db8::1]:1", "[2001:db8:0:1::1]:1", "[2001:db9::1]:1");
        for (bits, same_near, same_far) in [(128, false, false), (48, true, false), (0, true, true)]
        {
            assert_eq!(host(one, bits) == host(near, bits), same_near, "/{bits}");
            assert_eq!(host(one, bits) == host(far, bits), same_far, "/{bits}");
        }
        assert_ne!(host("10.0.0.1:1", 0), host("10.0.0.2:1", 0));
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
