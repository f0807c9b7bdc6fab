//! At which of this machine's addresses a datagram arrived, and answers that leave from there.
//!
//! A socket that is bound to every address receives at each of them. The system would send the
//! answer from the address that its routes prefer, and a client that asked another one drops it.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use rustix::net::RecvFlags;

use super::descriptor::{errno, receive_flags, send_flags};
use super::handle::Socket;
use crate::address::Address;
use crate::sys;
use crate::wait::Interest;

/// Where a datagram arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// The address to which it was sent: one of this machine's, a group's, or a broadcast address.
    pub(crate) destination: IpAddr,
    /// The address from which an answer is to leave. `None` leaves the choice to the system.
    pub(crate) source: Option<IpAddr>,
    /// The number of the interface through which it came.
    interface: u32,
}

impl Arrival {
    /// A datagram sent to this address of this machine.
    #[cfg(test)]
    pub(crate) fn at(ip: IpAddr) -> Self {
        Arrival {
            destination: ip,
            source: Some(ip),
            interface: 0,
        }
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

    /// The interface, for an address that means nothing without it.
    fn scope(&self, ip: IpAddr) -> u32 {
        match ip {
            IpAddr::V6(ip) if ip.is_unicast_link_local() || ip.is_multicast() => self.interface,
            _ => 0,
        }
    }
}

impl Socket {
    /// Whether the socket is bound to every address, so that each datagram must say where it
    /// arrived. If so, the system says it from now on.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn watch_arrivals(&self) -> io::Result<bool> {
        let Address::Inet(own) = self.getsockname()? else {
            return Ok(false);
        };
        if !own.ip().is_unspecified() {
            return Ok(false);
        }
        if own.is_ipv4() {
            sys::set_packet_info_v4(self)?;
        } else {
            sys::set_packet_info_v6(self)?;
            // Of clients with IPv4 this one says more. A system without IPv4 has none of either.
            let _ = sys::set_packet_info_v4(self);
        }
        Ok(true)
    }

    /// As [`try_recvfrom`](Self::try_recvfrom), with where the datagram arrived, if the system has
    /// said it. For internet addresses only.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn try_recv_arrival(
        &self,
        buffer: &mut [u8],
    ) -> io::Result<(usize, Address, Option<Arrival>)> {
        /// More than enough: the two messages that say it have 72 bytes.
        const ROOM: usize = 256;
        let flags = (receive_flags(false) | RecvFlags::TRUNC).bits() as i32;
        let mut sender = SocketAddr::from(([0_u16; 8], 0)).into();
        let mut control = [0; ROOM];
        let socket = self.raw_open()?;
        let (length, filled) = sys::recv_msg(&socket, buffer, &mut sender, &mut control, flags)?;
        let arrival = control::arrival(&control[..filled]);
        Ok((length, sender.into(), arrival))
    }

    /// Sends a datagram so that it leaves from where another one arrived. If the system cannot, as
    /// when that address has gone, it leaves from where the system likes.
    ///
    /// # Errors
    /// As [`sendto`](Self::sendto).
    pub(crate) fn sendto_from(
        &self,
        data: &[u8],
        to: SocketAddr,
        arrival: &Arrival,
    ) -> io::Result<usize> {
        let Some(source) = arrival.source else {
            return self.sendto(data, to);
        };
        let descriptor = self.without_layer()?;
        let (address, data_slice) = (to.into(), [io::IoSlice::new(data)]);
        let (control, length) = control::leave_from(source, arrival.scope(source));
        let message = socket2::MsgHdr::new()
            .with_addr(&address)
            .with_buffers(&data_slice)
            .with_control(&control[..length]);
        let sent = descriptor.until_ready(Interest::Write, |may_block| {
            let flags = send_flags(may_block).bits() as i32;
            let sent = descriptor.socket().sendmsg(&message, flags);
            sent.map_err(|error| errno(&error))
        });
        match sent {
            Err(error) if is_no_source(&error) => self.sendto(data, to),
            sent => sent,
        }
    }
}

/// Whether the system says that the datagram cannot leave from the address it was given.
fn is_no_source(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::AddrNotAvailable
    )
}

/// The system's control messages, taken apart and put together as bytes. Each begins with its
/// length, its level and its type, and is padded to whole words.
mod control {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::Arrival;

    const WORD: usize = size_of::<usize>();
    const HEAD: usize = WORD + 8;
    const V4: (i32, i32) = (libc::IPPROTO_IP, libc::IP_PKTINFO);
    const V6: (i32, i32) = (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO);

    /// The first `N` bytes of `bytes` from `start` on.
    fn part<const N: usize>(bytes: &[u8], start: usize) -> Option<[u8; N]> {
        bytes.get(start..)?.first_chunk().copied()
    }

    /// The messages, each as its kind and its data.
    fn messages(mut left: &[u8]) -> impl Iterator<Item = ((i32, i32), &[u8])> {
        std::iter::from_fn(move || {
            let length = usize::from_ne_bytes(part(left, 0)?);
            let level = i32::from_ne_bytes(part(left, WORD)?);
            let kind = i32::from_ne_bytes(part(left, WORD + 4)?);
            let data = left.get(HEAD..length)?;
            let next = length.next_multiple_of(WORD).min(left.len());
            left = &left[next..];
            Some(((level, kind), data))
        })
    }

    /// Where the datagram arrived that came with these messages.
    pub(super) fn arrival(control: &[u8]) -> Option<Arrival> {
        let mut found = None;
        for (kind, data) in messages(control) {
            match kind {
                // It says more of an IPv4 datagram than the other one.
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

    /// The message by which a datagram leaves from this address, and its length.
    pub(super) fn leave_from(source: IpAddr, interface: u32) -> ([u8; HEAD + 24], usize) {
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
}
