//! The URLs at which clients reach a server.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::SockaddrStorage;
use socketserver::Address;

/// The addresses at which clients reach a server that is bound to all addresses of this machine.
/// Addresses that only this machine can use come first. Empty if `bound` is a single address.
pub(crate) fn reachable(bound: &SocketAddr) -> Vec<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return Vec::new();
    }
    // Without a list of interfaces, the line with the port must be enough.
    let interfaces = getifaddrs().into_iter().flatten();
    let up = interfaces.filter(|interface| interface.flags.contains(InterfaceFlags::IFF_UP));
    let addresses = up.filter_map(|interface| ip(&interface.address?));
    let reached: BTreeSet<_> =
        addresses.filter(|ip| is_reached(*ip, bound)).map(|ip| (!ip.is_loopback(), ip)).collect();
    reached.into_iter().map(|(_, ip)| SocketAddr::new(ip, bound.port())).collect()
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}

/// Whether clients can reach the server at this address, which must be of a family that `bound`
/// covers. Link-local addresses do not count: a browser cannot name the interface that they need.
fn is_reached(ip: IpAddr, bound: &SocketAddr) -> bool {
    match ip {
        IpAddr::V4(_) => true,
        IpAddr::V6(ip) => bound.is_ipv6() && !ip.is_unicast_link_local(),
    }
}

/// The host, formatted as by Python.
pub(crate) fn host(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => {
            format!("{}%{}", address.ip(), address.scope_id())
        }
        address => address.ip().to_string(),
    }
}

/// The URL of the server's root.
pub(crate) fn url(scheme: &str, address: &SocketAddr) -> String {
    let host = match address {
        SocketAddr::V6(_) => format!("[{}]", host(address)),
        SocketAddr::V4(_) => host(address),
    };
    format!("{scheme}://{host}:{}/", address.port())
}

/// The socket address, if this is an address of TCP.
pub(crate) fn inet(address: &Address) -> Option<SocketAddr> {
    match address {
        Address::Inet(address) => Some(*address),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_brackets_around_ipv6() {
        for (address, expected) in [
            ("127.0.0.1:80", "http://127.0.0.1:80/"),
            ("[::1]:8000", "http://[::1]:8000/"),
            ("[fe80::1%3]:1", "http://[fe80::1%3]:1/"),
        ] {
            assert_eq!(url("http", &address.parse().expect("an address")), expected);
        }
    }

    #[test]
    fn only_a_server_of_every_address_has_several() {
        let of = |text: &str| reachable(&text.parse().expect("an address"));
        let loopback = "127.0.0.1:5".parse().expect("an address");
        assert_eq!(of("127.0.0.1:5"), []);
        assert_eq!(of("0.0.0.0:5")[0], loopback);
        assert!(of("0.0.0.0:5").iter().all(SocketAddr::is_ipv4));
        assert_eq!(of("[::]:5")[0], loopback, "it serves both");
    }
}
