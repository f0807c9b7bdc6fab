//! Control messages that come with a message: descriptors, its sender, its time, and losses before
//! it.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::part;
use crate::sys::message::{HEAD, PROCESS, RIGHTS, control_messages, control_space};

/// A control message: data that came with a message, beside its bytes. All but descriptors come
/// only if an option of the socket asks for them.
///
/// Python: an item of `ancdata`, the second part of what `recvmsg` returns
#[derive(Debug)]
#[non_exhaustive]
pub enum Ancillary {
    /// Descriptors that the sender has passed over a Unix socket. They close on exec, and when the
    /// value is dropped. Python: `SCM_RIGHTS`
    Descriptors(Vec<OwnedFd>),
    /// The sender's process, user and group, over a Unix socket with
    /// [`PassCredentials`](crate::SocketOption::PassCredentials). Python: `SCM_CREDENTIALS`
    Credentials(PeerCred),
    /// When the system received the message, on a socket with
    /// [`Timestamps`](crate::SocketOption::Timestamps). Python: `SCM_TIMESTAMPNS`
    Timestamp(SystemTime),
    /// Number of messages that the system has dropped on this socket so far, because the receive
    /// buffer was full. The socket needs [`CountDropped`](crate::SocketOption::CountDropped). The
    /// number comes with every message after the first loss, and wraps around. Python:
    /// `SO_RXQ_OVFL`
    Dropped(u32),
    /// A descriptor that refers to the sender's process. Python: `SCM_PIDFD`
    Process(OwnedFd),
    /// A control message that has no variant here. Python: `(level, type, data)`
    Other {
        /// The level, which is a protocol such as `IPPROTO_IP`.
        level: i32,
        /// The type, such as `IP_TTL`.
        kind: i32,
        /// The data, without the header.
        data: Vec<u8>,
    },
}

/// Process, user and group of the peer of a Unix stream, or of the sender of a Unix datagram.
///
/// Python: `struct.unpack("3i", socket.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerCred {
    /// The ID of the process that connected or sent. `None` if this process cannot see it, as when
    /// the server runs in a container and its client outside.
    pub pid: Option<i32>,
    /// The ID of its user.
    pub uid: u32,
    /// The ID of its group.
    pub gid: u32,
}

/// What the system reports about a datagram, if the socket's options ask for it.
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

/// Bytes that each of these control messages takes.
pub(crate) const CREDENTIALS_ROOM: usize = control_space(12);
pub(crate) const TIMESTAMP_ROOM: usize = control_space(16);
pub(crate) const DROPPED_ROOM: usize = control_space(4);

/// Bytes that suffice for all control messages of one message, except for descriptors.
pub(crate) const ROOM: usize = 256;

/// Maximum number of descriptors that the system passes with one message: its `SCM_MAX_FD`.
pub(crate) const MOST_DESCRIPTORS: usize = 253;

/// Bytes of the control message that passes this many descriptors.
pub(crate) fn room_for(descriptors: usize) -> usize {
    control_space(descriptors.min(MOST_DESCRIPTORS) * size_of::<i32>())
}

/// The control messages in a buffer, except for descriptors, which [`sys::message`] takes out.
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

/// Only the control messages with a variant here, without an allocation.
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

/// `ucred`: the IDs of the process (0 if this process cannot see it), the user and the group.
fn credentials(data: &[u8]) -> Option<PeerCred> {
    let pid = i32::from_ne_bytes(part(data, 0)?);
    Some(PeerCred {
        pid: (pid != 0).then_some(pid),
        uid: u32::from_ne_bytes(part(data, 4)?),
        gid: u32::from_ne_bytes(part(data, 8)?),
    })
}

/// `timespec`: seconds and nanoseconds, of 64 bits each, or of 32 on some systems.
fn timestamp(data: &[u8]) -> Option<SystemTime> {
    let (seconds, nanoseconds) = match data.len() {
        16 => (i64::from_ne_bytes(part(data, 0)?), i64::from_ne_bytes(part(data, 8)?)),
        _ => (i32::from_ne_bytes(part(data, 0)?).into(), i32::from_ne_bytes(part(data, 4)?).into()),
    };
    let seconds = Duration::from_secs(seconds.try_into().ok()?);
    let time = SystemTime::UNIX_EPOCH.checked_add(seconds)?;
    time.checked_add(Duration::from_nanos(nanoseconds.try_into().ok()?))
}

/// The control message that passes descriptors, as bytes.
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

/// The remarks, if there are any. Without any it does not allocate.
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
