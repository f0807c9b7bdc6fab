//! Multicast: groups are joined and left, and the options of datagrams for them.

use std::net::IpAddr;

use tests::prelude::*;

/// No other test uses it: on Linux all sockets at a port receive what any of them has joined.
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 70, 77);

fn new(family: AddressFamily) -> Socket {
    crate::new(family, SocketKind::Datagram)
}

fn member(interface: impl Into<Interface>) -> (Socket, u16) {
    let socket = new(AddressFamily::Inet);
    socket.bind("0.0.0.0:0").expect("bind");
    socket.join_multicast(GROUP, interface).expect("join");
    let port = socket.getsockname().expect("a name").port();
    (socket, port.expect("a port"))
}

fn send(data: &[u8], port: u16) {
    let sender = new(AddressFamily::Inet);
    sender.set_multicast_interface("lo").expect("an interface");
    sender.sendto(data, (GROUP, port)).expect("send");
}

#[test]
fn member_receives_until_it_leaves() {
    for interface in ["lo".into(), 1.into(), Interface::WithAddress(Ipv4Addr::LOCALHOST)] {
        let (member, port) = member(interface.clone());
        send(b"to all", port);
        assert_eq!(member.recvfrom(100).expect("a datagram").0, b"to all");

        member.leave_multicast(GROUP, interface).expect("leave");
        send(b"to others", port);
        let short = Some(Duration::from_millis(50));
        member.settimeout(short).expect("a timeout");
        assert_eq!(error_kind(member.recvfrom(100)), ErrorKind::TimedOut);
    }
}

#[test]
fn options_of_both_families_are_read_back() {
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let socket = new(family);
        let read = || {
            let ttl = socket.getsockopt(SocketOption::MulticastTtl).expect("an option");
            (ttl, socket.getsockopt(SocketOption::MulticastLoop).expect("an option"))
        };
        assert_eq!(read(), (1, true));
        socket.setsockopt(SocketOption::MulticastTtl(7)).expect("an option");
        socket.setsockopt(SocketOption::MulticastLoop(false)).expect("an option");
        assert_eq!(read(), (7, false));
        let too_many = socket.setsockopt(SocketOption::MulticastTtl(usize::MAX));
        too_many.expect_err("more than the system counts");
    }
}

#[test]
fn ipv6_groups_are_joined_and_left() {
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x77);
    let socket = new(AddressFamily::Inet6);
    socket.join_multicast(group, 1).expect("join");
    socket.set_multicast_interface("lo").expect("an interface");
    socket.leave_multicast(group, "lo").expect("leave");
    assert_eq!(error_kind(socket.leave_multicast(group, 1)), ErrorKind::AddrNotAvailable);
    let interface = Ipv4Addr::LOCALHOST;
    assert_eq!(error_kind(socket.join_multicast(group, interface)), ErrorKind::InvalidInput);
}

#[test]
fn only_groups_of_real_interfaces_are_joined() {
    let socket = new(AddressFamily::Inet);
    let error = socket.join_multicast(Ipv4Addr::LOCALHOST, "lo");
    assert_eq!(error_kind(error), ErrorKind::InvalidInput);
    for interface in ["nowhere", "a name that is far too long for an interface", ""] {
        socket.join_multicast(IpAddr::V4(GROUP), interface).expect_err("no such interface");
    }
    // A socket of the standard library joins in the same way.
    let socket = Socket::from(UdpSocket::bind("0.0.0.0:0").expect("bind"));
    let group = Ipv4Addr::new(239, 255, 70, 78);
    socket.join_multicast(group, "lo").expect("join");
}
