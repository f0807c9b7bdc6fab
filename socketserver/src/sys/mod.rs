//! Every `unsafe` of the workspace, a function each, each with its reason. Imports nothing of the
//! crate.

pub(crate) mod address;
#[cfg(target_os = "linux")]
pub(crate) mod coroutine;
pub(crate) mod fork;
#[cfg(target_os = "linux")]
pub(crate) mod overflow;
#[cfg(target_os = "linux")]
pub(crate) mod prefetch;
#[cfg(target_os = "linux")]
pub(crate) mod stack;

use std::io;
use std::os::fd::AsFd;

/// How much of what was sent the other side has not yet acknowledged: bytes for TCP, where an
/// unacknowledged end of stream counts as one; memory still waiting to be read for Unix sockets.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(crate) fn unacknowledged(socket: impl AsFd) -> io::Result<usize> {
    use rustix::ioctl::{Getter, Opcode, ioctl};
    /// `SIOCOUTQ`, which shares its number with the terminals' `TIOCOUTQ`.
    const SIOCOUTQ: Opcode = 0x5411;
    // SAFETY: for every kind of socket this opcode writes one C int and nothing else, which is what
    // `Getter` is told; on a descriptor that does not know it, it fails and writes nothing.
    let count = unsafe { ioctl(socket, Getter::<SIOCOUTQ, i32>::new())? };
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Where the system cannot tell, everything counts as acknowledged.
#[cfg(not(target_os = "linux"))]
pub(crate) fn unacknowledged(_socket: impl AsFd) -> io::Result<usize> {
    Ok(0)
}

/// Lets a listener give out a connection only when its first bytes are there, or `seconds` have
/// passed.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(crate) fn set_defer_accept(listener: impl AsFd, seconds: u32) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let seconds = libc::c_int::try_from(seconds).unwrap_or(libc::c_int::MAX);
    // SAFETY: the descriptor is borrowed for the call; the option's value is one C int, to which
    // the pointer points and whose size is given, and which the call only reads.
    let result = unsafe {
        libc::setsockopt(
            listener.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const seconds).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The process, user and group at the other end of a Unix socket, as the system reports them. The
/// process is 0 if it is not visible from here; user and group are -1 if nothing is known.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(crate) fn peer_credentials(socket: impl AsFd) -> io::Result<libc::ucred> {
    use std::os::fd::AsRawFd;
    let mut credentials = libc::ucred {
        pid: 0,
        uid: libc::uid_t::MAX,
        gid: libc::gid_t::MAX,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is borrowed for the call. Both pointers are to local variables, and
    // the call writes at most `length` bytes to the first. It has three integers, for which every
    // value is valid.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    if result == 0 {
        Ok(credentials)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Receives a datagram and tells how long it was, which with `MSG_TRUNC` may be more than fits, and
/// where it came from. (The safe call of the crate that has one panics at the longest Unix names.)
#[allow(unsafe_code)]
pub(crate) fn recv_from(
    socket: &socket2::Socket,
    buffer: &mut [u8],
    flags: i32,
) -> io::Result<(usize, socket2::SockAddr)> {
    let length = buffer.len();
    // SAFETY: the two slices have the same place and length, and every initialised byte is a valid
    // `MaybeUninit`. The callee only writes bytes that the system has received, so that all of the
    // buffer stays initialised.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast(), length) };
    socket.recv_from_with_flags(buffer, flags)
}
