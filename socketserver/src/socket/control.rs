//! What the system says about a message, in its control messages: taken apart and put together as
//! bytes. Each begins with its length, its level and its type, and is padded to whole words.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, SystemTime};

use super::peer::PeerCred;
use crate::sys::message::{HEAD, PROCESS, RIGHTS, control_messages, control_space};

/// Where a datagram arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// The address to which it was sent: one of this machine's, a group's, or a broadcast address.
    pub(crate) destination: IpAddr,
    /// The address from which an answer is to leave. `None` leaves the choice to the system.
    pub(crate) source: Option<IpAddr>,
    /// The number of the interface through which it came.
    pub(super) interface: u32,
}

/// What came with a message beside its bytes. All but descriptors come only if an option of the
/// socket asks for them.
///
/// Python: an item of `ancdata`, the second part of what `recvmsg` returns
#[derive(Debug)]
#[non_exhaustive]
pub enum Ancillary {
    /// Descriptors that the sender has passed over a Unix socket. They close on exec, and when this
    /// is dropped. Python: `SCM_RIGHTS`
    Descriptors(Vec<OwnedFd>),
    /// The process that has sent this over a Unix socket, its user and its group: with
    /// [`PassCredentials`](crate::SocketOption::PassCredentials). Python: `SCM_CREDENTIALS`
    Credentials(PeerCred),
    /// When the system received this: with [`Timestamps`](crate::SocketOption::Timestamps). Python:
    /// `SCM_TIMESTAMPNS`
    Timestamp(SystemTime),
    /// How many messages the system has dropped on this socket so far, because its receive buffer
    /// was full: with [`CountDropped`](crate::SocketOption::CountDropped). Comes with every message
    /// after the first loss. The number wraps around. Python: `SO_RXQ_OVFL`
    Dropped(u32),
    /// A descriptor that stands for the process of the sender. Python: `SCM_PIDFD`
    Process(OwnedFd),
    /// Something that has no variant here, as the system has it. Python: `(level, type, data)`
    Other {
        /// The protocol that says it, such as `IPPROTO_IP`.
        level: i32,
        /// What it says, such as `IP_TTL`.
        kind: i32,
        /// The bytes.
        data: Vec<u8>,
    },
}

const WORD: usize = size_of::<usize>();
const V4: (i32, i32) = (libc::IPPROTO_IP, libc::IP_PKTINFO);
const V6: (i32, i32) = (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO);
const CREDENTIALS: (i32, i32) = (libc::SOL_SOCKET, libc::SCM_CREDENTIALS);
const TIMESTAMP: (i32, i32) = (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS);
const DROPPED: (i32, i32) = (libc::SOL_SOCKET, libc::SO_RXQ_OVFL);

/// How much room the messages take, each by itself.
pub(super) const ARRIVAL_ROOM: usize = control_space(12) + control_space(20);
pub(super) const CREDENTIALS_ROOM: usize = control_space(12);
pub(super) const TIMESTAMP_ROOM: usize = control_space(16);
pub(super) const DROPPED_ROOM: usize = control_space(4);

/// More than enough room for everything but descriptors that the system may say of a message.
pub(super) const ROOM: usize = 256;

/// As many descriptors as the system passes on at once: its `SCM_MAX_FD`.
pub(super) const MOST_DESCRIPTORS: usize = 253;

/// The room for a message that passes this many descriptors.
pub(super) fn room_for(descriptors: usize) -> usize {
    control_space(descriptors.min(MOST_DESCRIPTORS) * size_of::<i32>())
}

/// The first `N` bytes of `bytes` from `start` on.
fn part<const N: usize>(bytes: &[u8], start: usize) -> Option<[u8; N]> {
    bytes.get(start..)?.first_chunk().copied()
}

/// What the system says of a message, except for descriptors, which [`sys::message`] takes out.
///
/// [`sys::message`]: crate::sys::message
pub(super) fn ancillary(control: &[u8]) -> impl Iterator<Item = Ancillary> {
    let rest = control_messages(control).filter(|(kind, _)| ![RIGHTS, PROCESS].contains(kind));
    rest.map(|(kind, data)| {
        known(kind, data).unwrap_or_else(|| Ancillary::Other {
            level: kind.0,
            kind: kind.1,
            data: data.to_vec(),
        })
    })
}

/// Only what has a variant of its own, which needs no memory.
pub(super) fn remarks(control: &[u8]) -> impl Iterator<Item = Ancillary> {
    control_messages(control).filter_map(|(kind, data)| known(kind, data))
}

fn known(kind: (i32, i32), data: &[u8]) -> Option<Ancillary> {
    Some(match kind {
        CREDENTIALS => Ancillary::Credentials(credentials(data)?),
        TIMESTAMP => Ancillary::Timestamp(timestamp(data)?),
        DROPPED => Ancillary::Dropped(u32::from_ne_bytes(part(data, 0)?)),
        _ => return None,
    })
}

/// `ucred`: the process, which is 0 if it is not visible from here, the user and the group.
fn credentials(data: &[u8]) -> Option<PeerCred> {
    let pid = i32::from_ne_bytes(part(data, 0)?);
    Some(PeerCred {
        pid: (pid != 0).then_some(pid),
        uid: u32::from_ne_bytes(part(data, 4)?),
        gid: u32::from_ne_bytes(part(data, 8)?),
    })
}

/// `timespec`: two numbers, which are as wide as the system has them.
fn timestamp(data: &[u8]) -> Option<SystemTime> {
    let (seconds, nanoseconds) = match data.len() {
        16 => (
            i64::from_ne_bytes(part(data, 0)?),
            i64::from_ne_bytes(part(data, 8)?),
        ),
        _ => (
            i32::from_ne_bytes(part(data, 0)?).into(),
            i32::from_ne_bytes(part(data, 4)?).into(),
        ),
    };
    let seconds = Duration::from_secs(seconds.try_into().ok()?);
    let time = SystemTime::UNIX_EPOCH.checked_add(seconds)?;
    time.checked_add(Duration::from_nanos(nanoseconds.try_into().ok()?))
}

/// The message that passes on descriptors.
pub(super) fn rights(descriptors: &[BorrowedFd<'_>]) -> Vec<u8> {
    let length = HEAD + size_of_val(descriptors);
    let mut message = Vec::with_capacity(length.next_multiple_of(WORD));
    message.extend(length.to_ne_bytes());
    message.extend(RIGHTS.0.to_ne_bytes());
    message.extend(RIGHTS.1.to_ne_bytes());
    for descriptor in descriptors {
        message.extend(descriptor.as_raw_fd().to_ne_bytes());
    }
    message.resize(length.next_multiple_of(WORD), 0);
    message
}

/// Where the datagram arrived that came with these messages.
pub(super) fn arrival(control: &[u8]) -> Option<Arrival> {
    let mut found = None;
    for (kind, data) in control_messages(control) {
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

    #[test]
    fn sender_out_of_sight_has_no_pid() {
        let parts = [0, 1000, 100].map(i32::to_ne_bytes).concat();
        let sender = credentials(&parts).unwrap();
        assert_eq!((sender.pid, sender.uid, sender.gid), (None, 1000, 100));
        assert_eq!(credentials(&parts[..11]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = arrival(&bytes);
            let _ = ancillary(&bytes).count();
        }

        #[test]
        fn any_length_is_read_without_a_panic(length: usize, data in any::<[u8; 32]>()) {
            let head = [&length.to_ne_bytes()[..], &V6.0.to_ne_bytes(), &V6.1.to_ne_bytes()];
            let _ = arrival(&[&head.concat()[..], &data].concat());
        }
    }
}
