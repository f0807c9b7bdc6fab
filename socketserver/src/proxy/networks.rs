//! The trusted networks, from which headers are accepted.

use std::io;
use std::net::IpAddr;

use crate::address::Address;

/// A network: the leading bits that its addresses have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    /// First address of the network, as IPv6. An IPv4 address is mapped into IPv6.
    first: u128,
    bits: u8,
}

impl Network {
    /// Parses a network, such as `10.0.0.0/8` or `2001:db8::/32`, or a single address.
    ///
    /// Python: `ipaddress.ip_network`
    pub(super) fn parse(text: &str) -> io::Result<Self> {
        let wrong = |got: String| {
            let error = format!("expected a network such as 10.0.0.0/8 or ::1, got {got}");
            io::Error::new(io::ErrorKind::InvalidInput, error)
        };
        let (ip, bits) = match text.split_once('/') {
            None => (text, None),
            Some((ip, bits)) => (ip, Some(bits)),
        };
        let ip: IpAddr = ip.parse().map_err(|_| wrong(format!("{text:?}")))?;
        let all = if ip.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => Some(all),
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= all && !text.contains('+')),
        };
        let bits = bits.ok_or_else(|| wrong(format!("{text:?}")))?;
        let network = Network { first: mapped(ip), bits: bits + (128 - all) };
        if network.first & !network.mask() != 0 {
            return Err(wrong(format!("{text:?}, whose address has bits beyond the first {bits}")));
        }
        Ok(network)
    }

    fn mask(self) -> u128 {
        u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0)
    }

    /// Whether a peer's address is in this network. `::/0` contains no IPv4 peers, even on a server
    /// for both families.
    pub(super) fn contains(self, ip: IpAddr) -> bool {
        let is_v4 = |ip: u128| ip >> 32 == 0xffff;
        let ip = mapped(ip);
        ip & self.mask() == self.first && (self.bits >= 96 || !is_v4(ip))
    }
}

/// The address as IPv6. An IPv4 address is mapped into IPv6.
fn mapped(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().into(),
        IpAddr::V6(ip) => ip.into(),
    }
}

/// Whether a peer is trusted. The peer of a Unix socket always is, because the file's mode decides
/// which programs connect.
pub(super) fn trust(networks: &[Network], peer: &Address) -> bool {
    match peer {
        Address::Inet(peer) => networks.iter().any(|network| network.contains(peer.ip())),
        Address::Unix(_) | Address::Abstract(_) | Address::Unnamed => true,
        Address::Other(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, ip: &str) -> bool {
        Network::parse(network).unwrap().contains(ip.parse().unwrap())
    }

    #[test]
    fn addresses_of_a_network() {
        for (network, ip) in [
            ("10.0.0.0/8", "10.255.0.1"),
            ("10.0.0.0/8", "::ffff:10.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.0.0.1"),
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("2001:db8::/32", "2001:db8:ffff::1"),
            ("::1", "::1"),
            ("0.0.0.0/0", "203.0.113.9"),
            ("::/0", "2001:db8::1"),
        ] {
            assert!(contains(network, ip), "{ip} is in {network}");
        }
    }

    #[test]
    fn addresses_outside_a_network() {
        for (network, ip) in [
            ("10.0.0.0/8", "11.0.0.1"),
            ("10.0.0.0/8", "::10.0.0.1"),
            ("10.0.0.0/8", "::1"),
            ("192.0.2.1", "192.0.2.2"),
            ("2001:db8::/32", "2001:db9::1"),
            ("0.0.0.0/0", "::1"),
            ("::/0", "203.0.113.9"),
        ] {
            assert!(!contains(network, ip), "{ip} is not in {network}");
        }
    }

    #[test]
    fn malformed_networks_are_rejected() {
        for text in [
            "",
            "10",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "::1/129",
            "host",
            "10.0.0.1/8",
            "2001:db8::1/32",
            "10.0.0.0/8/8",
            "fe80::1%eth0",
            " ::1",
        ] {
            assert!(Network::parse(text).is_err(), "{text:?}");
        }
        let error = Network::parse("10.0.0.1/8").unwrap_err().to_string();
        assert!(error.ends_with("got \"10.0.0.1/8\", whose address has bits beyond the first 8"));
    }
}
