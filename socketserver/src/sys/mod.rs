//! Every `unsafe` of the workspace: each site is one small function with a safe face, and its
//! reason stands above the block. This folder imports nothing else of the crate.
//!
//! | file | what for |
//! | --- | --- |
//! | `inherited` | descriptors that the parent process left open |
//! | `fork` | forking a process, and the first and last steps of a child |
//! | `stack` | stacks for coroutines, each with a guard below it |
//! | `coroutine` | switching to such a stack and back; uses `stack` |
//! | `stack_overflow` | a message when a stack is used up; uses `stack` |
//! | `message` | receiving messages, and the descriptors that come with them |
//! | `clock` | a clock that costs next to nothing |
//! | `prefetch` | one instruction |
//! | `scope` | functions that borrow from a thread that waits for them |
//! | `usage` | processor time of threads |
//! | this one | calls on sockets that no safe crate offers |

pub(crate) mod address;
pub(crate) mod clock;
pub(crate) mod coroutine;
pub(crate) mod fork;
pub(crate) mod inherited;
pub(crate) mod message;
pub(crate) mod prefetch;
pub(crate) mod scope;
pub(crate) mod stack;
pub(crate) mod stack_overflow;
pub(crate) mod usage;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// How much of the sent data the peer has not acknowledged yet. For TCP: bytes, where an
/// unacknowledged end of stream counts as one. For Unix sockets: memory that the peer has not read.
#[allow(unsafe_code)]
pub(crate) fn unacknowledged(socket: impl AsFd) -> io::Result<usize> {
    use rustix::ioctl::{Getter, Opcode, ioctl};
    /// `SIOCOUTQ`, which shares its number with the terminals' `TIOCOUTQ`.
    const SIOCOUTQ: Opcode = libc::TIOCOUTQ as Opcode;
    // SAFETY: for every kind of socket this opcode writes one C int and nothing else, and `Getter`
    // is given that type. On a descriptor without this opcode the call fails and writes nothing.
    let count = unsafe { ioctl(socket, Getter::<SIOCOUTQ, i32>::new())? };
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Whether a write to a connection whose peer has gone is only an error of the call, as Rust's
/// runtime arranges. If not, SIGPIPE ends the process or calls a function.
#[allow(unsafe_code)]
pub(crate) fn ignores_broken_pipes() -> bool {
    // SAFETY: the structure has integers only, which may all be zero.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: `action` is valid for writes of its size, and without a new action nothing changes.
    // The call does not fail for this signal.
    unsafe { libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut action) };
    action.sa_sigaction == libc::SIG_IGN
}

/// Lets this thread receive a signal that is blocked here, most often because the parent process has
/// blocked it.
#[allow(unsafe_code)]
pub(crate) fn unblock(signal: libc::c_int) {
    // SAFETY: a `sigset_t` of zeros is valid. All pointers are to a local variable, which outlives
    // the calls. They fail only for a number that is no signal's, and change nothing then.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        if libc::sigaddset(&raw mut set, signal) == 0 {
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
        }
    }
}

/// Makes a listener hand out a connection only when its first bytes have arrived, or `seconds` have
/// passed.
pub(crate) fn set_defer_accept(listener: impl AsFd, seconds: u32) -> io::Result<()> {
    let seconds = libc::c_int::try_from(seconds).unwrap_or(libc::c_int::MAX);
    set_option(listener, (libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT), seconds)
}

/// Has the system say, with every IPv4 datagram, to which address it was sent.
pub(crate) fn set_packet_info_v4(socket: impl AsFd) -> io::Result<()> {
    set_option(socket, (libc::IPPROTO_IP, libc::IP_PKTINFO), 1)
}

/// The same for IPv6.
pub(crate) fn set_packet_info_v6(socket: impl AsFd) -> io::Result<()> {
    set_option(socket, (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO), 1)
}

/// Sets whether each message comes with the time at which the system received it.
pub(crate) fn set_timestamps(socket: impl AsFd, on: bool) -> io::Result<()> {
    set_option(socket, TIMESTAMPS, on.into())
}

pub(crate) fn timestamps(socket: impl AsFd) -> io::Result<bool> {
    option(socket, TIMESTAMPS)
}

/// Sets whether messages come with the number of those that the system has dropped.
pub(crate) fn set_count_dropped(socket: impl AsFd, on: bool) -> io::Result<()> {
    set_option(socket, COUNT_DROPPED, on.into())
}

pub(crate) fn count_dropped(socket: impl AsFd) -> io::Result<bool> {
    option(socket, COUNT_DROPPED)
}

const TIMESTAMPS: (libc::c_int, libc::c_int) = (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS);
const COUNT_DROPPED: (libc::c_int, libc::c_int) = (libc::SOL_SOCKET, libc::SO_RXQ_OVFL);

/// Whether an option with an integer as its value is on.
#[allow(unsafe_code)]
fn option(socket: impl AsFd, (level, name): (libc::c_int, libc::c_int)) -> io::Result<bool> {
    use std::os::fd::AsRawFd;
    let mut value: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the descriptor is borrowed for the call. Both pointers are to local variables, and
    // the call writes at most `length` bytes to the first, an integer, for which every value is
    // valid.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            name,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    if result == 0 { Ok(value != 0) } else { Err(io::Error::last_os_error()) }
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
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Makes a descriptor stand for a stream that has ended, so that the socket which it stands for can
/// close. The number stays open, and its owner's.
#[allow(unsafe_code)]
pub(crate) fn replace_by_stand_in(fd: BorrowedFd<'_>) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // A call of another thread that comes to it a moment too late must not wait.
    let (stand_in, _) = UnixStream::pair()?;
    // SAFETY: both descriptors are open during the call. It changes what the number `fd` stands for
    // and closes no number, so every owner of either goes on to own an open descriptor. A system
    // call of another thread reaches the old socket or the stand-in, which has no peer.
    let result = unsafe { libc::dup3(stand_in.as_raw_fd(), fd.as_raw_fd(), libc::O_CLOEXEC) };
    if result >= 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The process, user and group at the other end of a Unix socket, as the system reports them. The
/// process is 0 if it is not visible from here; user and group are -1 if nothing is known.
#[allow(unsafe_code)]
pub(crate) fn peer_credentials(socket: impl AsFd) -> io::Result<libc::ucred> {
    use std::os::fd::AsRawFd;
    let mut credentials = libc::ucred { pid: 0, uid: libc::uid_t::MAX, gid: libc::gid_t::MAX };
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
    if result == 0 { Ok(credentials) } else { Err(io::Error::last_os_error()) }
}
