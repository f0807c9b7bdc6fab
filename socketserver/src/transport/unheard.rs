//! Sockets that have a file and do not listen: those of servers that are just starting. To a client
//! they look like the file of a server that has ended, so the system is asked for its list.

use rustix::fs::{major, minor};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use super::place::Identity;

/// How long the system may take for the next part of its list.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// The numbers of `linux/netlink.h`, `linux/sock_diag.h` and `linux/unix_diag.h`.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const UDIAG_SHOW_VFS: u32 = 2;
const UNIX_DIAG_VFS: u16 = 1;
/// Bound perhaps, and neither connected nor listening.
const TCP_CLOSE: u32 = 7;

/// Sizes of `nlmsghdr`, `unix_diag_msg` and `rtattr`.
const HEAD: usize = 16;
const SOCKET: usize = 16;
const ATTRIBUTE: usize = 4;

/// Whether a socket that does not listen was bound to this file. False where the system has no such
/// list, or does not show it.
pub(super) fn is_bound_to(file: Identity) -> bool {
    look_for(file).unwrap_or(false)
}

fn look_for(file: Identity) -> rustix::io::Result<bool> {
    let (kind, flags) = (SocketType::DGRAM, SocketFlags::CLOEXEC);
    let list = socket_with(AddressFamily::NETLINK, kind, flags, Some(netlink::SOCK_DIAG))?;
    set_socket_timeout(&list, Timeout::Recv, Some(PATIENCE))?;
    send(&list, &request(), SendFlags::empty())?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let (length, _) = recv(&list, &mut buffer[..], RecvFlags::empty())?;
        let mut part = &buffer[..length];
        while let Some((kind, message)) =
            next(&mut part, HEAD, |head| (word(head, 0), half(head, 4)))
        {
            if kind != SOCK_DIAG_BY_FAMILY {
                // The end of the list, or an error.
                return Ok(false);
            }
            if files(message).any(|other| other == numbers(file)) {
                return Ok(true);
            }
        }
    }
}

/// Asks for all Unix sockets of that state, with the numbers of their files.
fn request() -> Vec<u8> {
    let body = [&[1, 0, 0, 0][..], &bytes([1 << TCP_CLOSE, 0, UDIAG_SHOW_VFS, 0, 0])].concat();
    let kind = [SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP].map(u16::to_ne_bytes).concat();
    [&bytes([(HEAD + body.len()) as u32])[..], &kind, &bytes([0, 0]), &body].concat()
}

fn bytes<const N: usize>(numbers: [u32; N]) -> Vec<u8> {
    numbers.map(u32::to_ne_bytes).concat()
}

/// The file of a socket in a message about it, if it has one.
fn files(message: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    let mut attributes = message.get(SOCKET..).unwrap_or_default();
    std::iter::from_fn(move || {
        next(&mut attributes, ATTRIBUTE, |head| (half(head, 0).into(), half(head, 2)))
    })
    .filter(|(kind, value)| *kind == UNIX_DIAG_VFS && value.len() >= 8)
    .map(|(_, value)| (word(value, 0), word(value, 4)))
}

/// Inode and device as the list has them.
fn numbers(Identity(device, inode): Identity) -> (u32, u32) {
    (inode as u32, major(device) << 20 | minor(device))
}

/// Takes the next item of a list, and returns its kind and the bytes behind its head. The head
/// contains the length of the whole item.
fn next<'a>(
    list: &mut &'a [u8],
    head: usize,
    read: impl FnOnce(&[u8]) -> (u32, u16),
) -> Option<(u16, &'a [u8])> {
    let (length, kind) = read(list.get(..head)?);
    let item = list.get(head..length as usize)?;
    *list = list.get((length as usize).next_multiple_of(4)..).unwrap_or_default();
    Some((kind, item))
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let mut part = &bytes[..];
            while let Some((_, message)) =
                next(&mut part, HEAD, |head| (word(head, 0), half(head, 4)))
            {
                let _ = files(message).count();
            }
        }
    }
}
