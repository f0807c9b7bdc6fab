//! At which of this machine's addresses a datagram arrived.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV6};

use super::part;
use crate::address::Address;
use crate::sys::message::{HEAD, control_messages, control_space};

/// Where a datagram arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// The address to which it was sent: one of this machine's, a group's, or a broadcast address.
    pub(crate) destination: IpAddr,
    /// The address from which an answer is to leave. `None` leaves the choice to the system.
    pub(crate) source: Option<IpAddr>,
    /// The number of the interface through which it came.
    pub(crate) interface: u32,
}

impl Arrival {
    /// A datagram sent to this address of this machine.
    #[cfg(test)]
    pub(crate) fn at(ip: IpAddr) -> Self {
        Arrival { destination: ip, source: Some(ip), interface: 0 }
    }

    /// Whether the datagram was sent to this machine alone.
    pub(crate) fn is_unicast(&self) -> bool {
        self.source == Some(self.destination)
    }

    /// The destination with the server's port.
    pub(crate) fn destination(&self, port: u16) -> Address {
        let scope = self.scope(self.destination);
        Address::Inet(match self.destination {
            IpAddr::V4(ip) => (ip, port).into(),
            IpAddr::V6(ip) => SocketAddrV6::new(ip, port, 0, scope).into(),
        })
    }

    /// The number of the interface, for an address that is ambiguous without it; 0 otherwise.
    pub(crate) fn scope(&self, ip: IpAddr) -> u32 {
        match ip {
            IpAddr::V6(ip) if ip.is_unicast_link_local() || ip.is_multicast() => self.interface,
            _ => 0,
        }
    }
}

const WORD: usize = size_of::<usize>();
const V4: (i32, i32) = (libc::IPPROTO_IP, libc::IP_PKTINFO);
const V6: (i32, i32) = (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO);

/// Bytes of the control messages that report it: one for each family.
pub(crate) const ARRIVAL_ROOM: usize = control_space(12) + control_space(20);

/// The arrival of the datagram that came with these control messages.
pub(crate) fn arrival(control: &[u8]) -> Option<Arrival> {
    let mut found = None;
    for (kind, data) in control_messages(control) {
        match kind {
            // For an IPv4 datagram it says more than the IPv6 message.
            V4 => return arrival_v4(data),
            V6 => found = arrival_v6(data),
            _ => {}
        }
    }
    found
}

/// `in_pktinfo`: the interface, this machine's address, the destination.
fn arrival_v4(data: &[u8]) -> Option<Arrival> {
    let ip = |start| Some(Ipv4Addr::from(part::<4>(data, start)?));
    let local = ip(4)?;
    Some(Arrival {
        destination: ip(8)?.into(),
        source: (!local.is_unspecified()).then_some(local.into()),
        interface: u32::from_ne_bytes(part(data, 0)?),
    })
}

/// `in6_pktinfo`: the destination, the interface.
fn arrival_v6(data: &[u8]) -> Option<Arrival> {
    let destination = Ipv6Addr::from(part::<16>(data, 0)?).to_canonical();
    Some(Arrival {
        destination,
        source: (!destination.is_multicast()).then_some(destination),
        interface: u32::from_ne_bytes(part(data, 16)?),
    })
}

/// The control message that makes a datagram leave from this address, and its length in bytes.
pub(crate) fn leave_from(source: IpAddr, interface: u32) -> ([u8; HEAD + 24], usize) {
    let mut message = [0; HEAD + 24];
    let mut length = HEAD;
    let mut put = |bytes: &[u8]| {
        message[length..length + bytes.len()].copy_from_slice(bytes);
        length += bytes.len();
    };
    let (level, kind) = match source {
        IpAddr::V4(ip) => {
            put(&interface.to_ne_bytes());
            put(&ip.octets());
            put(&[0; 4]);
            V4
        }
        IpAddr::V6(ip) => {
            put(&ip.octets());
            put(&interface.to_ne_bytes());
            V6
        }
    };
    message[..WORD].copy_from_slice(&length.to_ne_bytes());
    message[WORD..WORD + 4].copy_from_slice(&level.to_ne_bytes());
    message[WORD + 4..HEAD].copy_from_slice(&kind.to_ne_bytes());
    (message, length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn written_messages_are_read_back() {
        let ip: IpAddr = "fd00::2".parse().unwrap();
        let (message, length) = leave_from(ip, 7);
        let read = arrival(&message[..length]).unwrap();
        assert_eq!((read.destination, read.interface), (ip, 7));
        assert!(read.is_unicast());

        let ip: IpAddr = "127.0.0.2".parse().unwrap();
        let (message, length) = leave_from(ip, 0);
        assert_eq!(arrival(&message[..length]).unwrap().source, Some(ip));
    }

    #[test]
    fn ipv4_message_is_preferred_to_the_mapped_one() {
        let mapped = "::ffff:10.1.2.3".parse().unwrap();
        let (first, _) = leave_from(mapped, 1);
        let (second, length) = leave_from("10.1.2.4".parse().unwrap(), 1);
        let both = [&first[..], &second[..length]].concat();
        let read = arrival(&both).unwrap();
        assert_eq!(read.source, Some("10.1.2.4".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = arrival(&bytes);
        }

        #[test]
        fn any_length_is_read_without_a_panic(length: usize, data in any::<[u8; 32]>()) {
            let head = [&length.to_ne_bytes()[..], &V6.0.to_ne_bytes(), &V6.1.to_ne_bytes()];
            let _ = arrival(&[&head.concat()[..], &data].concat());
        }
    }
}
