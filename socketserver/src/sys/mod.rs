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
//! | `scope` | functions that borrow from a thread that waits for them |
//! | this one | calls on sockets that no safe crate offers |

pub(crate) mod address;
pub(crate) mod coroutine;
pub(crate) mod fork;
pub(crate) mod prefetch;
pub(crate) mod scope;
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
pub(crate) fn set_defer_accept(listener: impl AsFd, seconds: u32) -> io::Result<()> {
    let seconds = libc::c_int::try_from(seconds).unwrap_or(libc::c_int::MAX);
    set_option(
        listener,
        (libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT),
        seconds,
    )
}

/// Has the system say, with every IPv4 datagram, to which address it was sent.
pub(crate) fn set_packet_info_v4(socket: impl AsFd) -> io::Result<()> {
    set_option(socket, (libc::IPPROTO_IP, libc::IP_PKTINFO), 1)
}

/// The same for IPv6.
pub(crate) fn set_packet_info_v6(socket: impl AsFd) -> io::Result<()> {
    set_option(socket, (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO), 1)
}

/// Sets an option, given by its level and its name, whose value is one integer.
#[allow(unsafe_code)]
fn set_option(
    socket: impl AsFd,
    (level, name): (libc::c_int, libc::c_int),
    value: libc::c_int,
) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: the descriptor is borrowed, so it is open during the call. The call only reads one C
    // int through the pointer, which points to one and whose size is given. An option of another
    // type would be refused for that size, or read as the number that it is.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
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
    // SAFETY: the callee writes only bytes that the system has received.
    let buffer = unsafe { uninitialised(buffer) };
    socket.recv_from_with_flags(buffer, flags)
}

/// Receives a datagram, its sender, and what the system says about it in `control`. Returns the
/// datagram's length, as [`recv_from`] does, and how much of `control` was filled.
#[allow(unsafe_code)]
pub(crate) fn recv_msg(
    socket: &socket2::Socket,
    buffer: &mut [u8],
    sender: &mut socket2::SockAddr,
    control: &mut [u8],
    flags: i32,
) -> io::Result<(usize, usize)> {
    let room = control.len();
    // SAFETY: the callee hands both slices to the system, which writes what it has received to the
    // one and messages of its own to the other, and nothing else happens to them.
    let (buffer, control) = unsafe { (uninitialised(buffer), uninitialised(control)) };
    let mut buffers = [socket2::MaybeUninitSlice::new(buffer)];
    let mut message = socket2::MsgHdrMut::new()
        .with_addr(sender)
        .with_buffers(&mut buffers)
        .with_control(control);
    let length = socket.recvmsg(&mut message, flags)?;
    Ok((length, message.control_len().min(room)))
}

/// The same bytes, for a callee that must not expect them to be initialised.
///
/// # Safety
/// Nothing but initialised bytes may be written to the result: its owner goes on to read them.
#[allow(unsafe_code)]
unsafe fn uninitialised(bytes: &mut [u8]) -> &mut [std::mem::MaybeUninit<u8>] {
    let length = bytes.len();
    // SAFETY: both slices have the same address, length and lifetime, and an initialised byte is a
    // valid `MaybeUninit<u8>`. The other direction is the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), length) }
}
