//! Descriptors that come with a message, and what the system says about its sender and its way.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::part;
use crate::sys::message::{HEAD, PROCESS, RIGHTS, control_messages, control_space};

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

/// The process at the other end of a Unix stream, or the sender of a datagram; its user and its
/// group.
///
/// Python: `struct.unpack("3i", socket.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerCred {
    /// The number of the process that connected, or sent. `None` if the process is not visible from
    /// here, as when the server runs in a container and its client outside.
    pub pid: Option<i32>,
    /// The number of its user.
    pub uid: u32,
    /// The number of its group.
    pub gid: u32,
}

/// What the system says about a datagram where the socket's options ask for it.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    pub(crate) credentials: Option<PeerCred>,
    pub(crate) timestamp: Option<SystemTime>,
    pub(crate) dropped: Option<u32>,
}

const WORD: usize = size_of::<usize>();
const CREDENTIALS: (i32, i32) = (libc::SOL_SOCKET, libc::SCM_CREDENTIALS);
const TIMESTAMP: (i32, i32) = (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS);
const DROPPED: (i32, i32) = (libc::SOL_SOCKET, libc::SO_RXQ_OVFL);

/// How much room the messages take, each by itself.
pub(crate) const CREDENTIALS_ROOM: usize = control_space(12);
pub(crate) const TIMESTAMP_ROOM: usize = control_space(16);
pub(crate) const DROPPED_ROOM: usize = control_space(4);

/// More than enough room for everything but descriptors that the system may say of a message.
pub(crate) const ROOM: usize = 256;

/// As many descriptors as the system passes on at once: its `SCM_MAX_FD`.
pub(crate) const MOST_DESCRIPTORS: usize = 253;

/// The room for a message that passes this many descriptors.
pub(crate) fn room_for(descriptors: usize) -> usize {
    control_space(descriptors.min(MOST_DESCRIPTORS) * size_of::<i32>())
}

/// What the system says of a message, except for descriptors, which [`sys::message`] takes out.
///
/// [`sys::message`]: crate::sys::message
pub(crate) fn ancillary(control: &[u8]) -> impl Iterator<Item = Ancillary> {
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
fn known_items(control: &[u8]) -> impl Iterator<Item = Ancillary> {
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
pub(crate) fn rights(descriptors: &[BorrowedFd<'_>]) -> Vec<u8> {
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

/// The remarks, if there are any. It needs no memory otherwise.
pub(crate) fn remarks(control: &[u8]) -> Option<Arc<Remarks>> {
    let mut remarks = None;
    for item in known_items(control) {
        let remarks: &mut Remarks = remarks.get_or_insert_default();
        match item {
            Ancillary::Credentials(credentials) => remarks.credentials = Some(credentials),
            Ancillary::Timestamp(time) => remarks.timestamp = Some(time),
            Ancillary::Dropped(count) => remarks.dropped = Some(count),
            _ => {}
        }
    }
    remarks.map(Arc::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            let _ = ancillary(&bytes).count();
        }
    }
}
