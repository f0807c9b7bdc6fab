//! Every `unsafe` of the workspace: each site is one small function with a safe face, and its
//! reason stands above the block. This folder imports nothing else of the crate.
//!
//! | file | what for |
//! | --- | --- |
//! | `fork` | forking a process, and the first and last steps of a child |
//! | `stack` | stacks for coroutines, each with a guard below it |
//! | `coroutine` | switching to such a stack and back; uses `stack` |
//! | `stack_overflow` | a message when a stack is used up; uses `stack` |
//! | `prefetch` | one instruction |
//! | this one | three calls on sockets that no safe crate offers |

pub(crate) mod address;
pub(crate) mod coroutine;
pub(crate) mod fork;
pub(crate) mod prefetch;
pub(crate) mod stack;
pub(crate) mod stack_overflow;

use std::io;
use std::os::fd::AsFd;

/// How much of the sent data the peer has not acknowledged yet. For TCP: bytes, where an
/// unacknowledged end of stream counts as one. For Unix sockets: memory that the peer has not read.
#[allow(unsafe_code)]
pub(crate) fn unacknowledged(socket: impl AsFd) -> io::Result<usize> {
    use rustix::ioctl::{Getter, Opcode, ioctl};
    /// `SIOCOUTQ`, which shares its number with the terminals' `TIOCOUTQ`.
    const SIOCOUTQ: Opcode = 0x5411;
    // SAFETY: for every kind of socket this opcode writes one C int and nothing else, and `Getter`
    // is given that type. On a descriptor without this opcode the call fails and writes nothing.
    let count = unsafe { ioctl(socket, Getter::<SIOCOUTQ, i32>::new())? };
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Makes a listener hand out a connection only when its first bytes have arrived, or `seconds` have
/// passed.
#[allow(unsafe_code)]
pub(crate) fn set_defer_accept(listener: impl AsFd, seconds: u32) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let seconds = libc::c_int::try_from(seconds).unwrap_or(libc::c_int::MAX);
    // SAFETY: the descriptor is borrowed, so it is open during the call. The call only reads one C
    // int through the pointer, which points to one and whose size is given.
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

/// Receives a datagram. Returns its length and its sender; with `MSG_TRUNC` among the flags the
/// length may be larger than the buffer. (`rustix` has a safe call for this, but it panics at the
/// longest Unix names.)
#[allow(unsafe_code)]
pub(crate) fn recv_from(
    socket: &socket2::Socket,
    buffer: &mut [u8],
    flags: i32,
) -> io::Result<(usize, socket2::SockAddr)> {
    let length = buffer.len();
    // SAFETY: both slices have the same address and length, and an initialised byte is a valid
    // `MaybeUninit<u8>`. The callee writes only bytes that the system has received, so that the
    // whole buffer stays initialised for its owner.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast(), length) };
    socket.recv_from_with_flags(buffer, flags)
}
