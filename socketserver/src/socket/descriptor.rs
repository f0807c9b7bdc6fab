//! A socket as the system knows it: the descriptor, its timeout, and its state.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

use rustix::io::Errno;
use rustix::net::addr::SocketAddrArg;
use rustix::net::{RecvFlags, SendFlags};
use socket2::{SockRef, Type};

use crate::green::{Source, Waited};
use crate::sys;
use crate::wait::{self, Awaited, Interest, Part, Patience, Turn, Turns};

const OPEN: u8 = 0;
/// `close` was called: every later call fails, though the descriptor lives on with the other
/// handles.
const CLOSED: u8 = 1;
/// The request in which the socket was made was aborted: its waits end, and every later call fails.
const ABORTED: u8 = 2;
/// The server is done with the socket, of which a handler has kept a handle: the same.
const ENDED: u8 = 3;

/// What has been received: nothing yet, some bytes, the peer's end of stream.
const NOTHING: u8 = 0;
const SOME: u8 = 1;
const ALL: u8 = 2;

const UNKNOWN: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

/// As a timeout for sending: that for receiving.
pub(super) const SAME: u32 = u32::MAX;

fn yes_or_no(yes: bool) -> u8 {
    if yes { YES } else { NO }
}

/// The lower half of a socket, below any layer.
pub(super) struct Descriptor {
    /// The timeout for receiving, and for sending too if `send_timeout` is [`SAME`]. In
    /// nanoseconds; for none, see `timeout.rs`. Kept here because `MSG_DONTWAIT` ignores the
    /// socket's option.
    pub(super) timeout: AtomicU64,
    /// The timeout for sending, in milliseconds; [`SAME`] if it is that for receiving.
    pub(super) send_timeout: AtomicU32,
    /// Dropped before the descriptor that it stands for.
    pub(super) source: Source,
    /// Blocking, except for listeners and while it connects: the mode belongs to the open file,
    /// which other processes may share.
    pub(super) fd: OwnedFd,
    /// [`OPEN`], [`CLOSED`], [`ABORTED`] or [`ENDED`].
    state: AtomicU8,
    /// `detach` was called: the connection has a new owner.
    pub(super) detached: AtomicBool,
    /// A listener keeps its timeout to itself, since the sockets it accepts would inherit the
    /// option.
    listening: AtomicBool,
    /// [`UNKNOWN`], [`NO`] or [`YES`]: one byte, because the whole fits a cache line.
    short_read_is_all: AtomicU8,
    /// [`NOTHING`], [`SOME`] or [`ALL`].
    input: AtomicU8,
    /// Closing resets the connection: its linger time was set to zero.
    pub(super) resets: AtomicBool,
    /// Taken while a `sendall` is under way.
    sending: Turns,
}

impl Descriptor {
    pub(super) fn new(fd: impl Into<OwnedFd>) -> Self {
        Descriptor {
            timeout: AtomicU64::new(u64::MAX),
            send_timeout: AtomicU32::new(SAME),
            source: Source::default(),
            fd: fd.into(),
            state: AtomicU8::new(OPEN),
            detached: AtomicBool::new(false),
            listening: AtomicBool::new(false),
            short_read_is_all: AtomicU8::new(UNKNOWN),
            input: AtomicU8::new(NOTHING),
            resets: AtomicBool::new(false),
            sending: Turns::default(),
        }
    }

    /// A connection that this listener has accepted.
    pub(super) fn accepted(&self, fd: impl Into<OwnedFd>) -> Self {
        Descriptor {
            short_read_is_all: yes_or_no(self.short_read_is_all()).into(),
            ..Self::new(fd)
        }
    }

    /// The descriptor, unless `close` was called or the socket's request aborted.
    ///
    /// # Errors
    /// "Bad file descriptor", `ConnectionAborted`.
    #[inline]
    pub(super) fn open(&self) -> io::Result<&Self> {
        match self.state.load(Relaxed) {
            OPEN => Ok(self),
            CLOSED => Err(Errno::BADF.into()),
            state => Err(ended(state)),
        }
    }

    /// Closes it for all handles. Returns whether it was open.
    pub(super) fn close(&self) -> bool {
        self.state.swap(CLOSED, Relaxed) == OPEN
    }

    /// Ends every wait for it, present and future.
    pub(super) fn abort(&self) {
        let open = self.state.compare_exchange(OPEN, ABORTED, Relaxed, Relaxed);
        // Closing a listener leaves it to its other handles, of which one may wait in `accept`.
        let is_left = self.is_listening() && !self.detached.load(Relaxed);
        if open.is_ok() || is_left {
            // It wakes waiting threads even if it fails, as on a socket without a connection.
            let _ = self.socket().shutdown(Shutdown::Both);
        }
    }

    /// Gives the system's socket up, although this process has other handles of it. Every later
    /// call fails, waits end, and the peer sees the same as after a drop of the last handle.
    #[cold]
    pub(super) fn give_up(&self) {
        if self.state.compare_exchange(OPEN, ENDED, Relaxed, Relaxed).is_err() {
            self.state.store(CLOSED, Relaxed);
        }
        self.source.release(self.fd.as_fd());
        // Wakes waiting threads. Where the close is to be a reset, nothing else may be sent before.
        let how = if self.resets.load(Relaxed) { Shutdown::Read } else { Shutdown::Both };
        let _ = self.socket().shutdown(how);
        // Without a descriptor for a stand-in, the system's socket lives on with the handles.
        let _ = sys::replace_by_stand_in(self.fd.as_fd());
    }

    /// The result of an operation that may have waited: `ConnectionAborted` after an abort, which
    /// ends a wait as if the peer had ended the connection.
    #[inline]
    pub(super) fn unless_aborted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        match self.state.load(Relaxed) {
            OPEN | CLOSED => result,
            state => Err(ended(state)),
        }
    }

    /// Waits for the `sendall` of another thread that is under way.
    ///
    /// # Errors
    /// As a `sendall` that has not sent anything.
    #[inline]
    pub(super) fn take_turn(&self, patience: Patience) -> io::Result<Turn<'_>> {
        self.take_turn_of(&self.sending, patience)
    }

    /// The same for other turns at this socket: those of a layer.
    #[inline]
    pub(super) fn take_turn_of<'t>(
        &self,
        turns: &'t Turns,
        patience: Patience,
    ) -> io::Result<Turn<'t>> {
        match turns.try_take() {
            Some(turn) => Ok(turn),
            None => self.wait_for_turn(turns, patience),
        }
    }

    #[cold]
    fn wait_for_turn<'t>(&self, turns: &'t Turns, patience: Patience) -> io::Result<Turn<'t>> {
        let end = patience.end_of_wait()?;
        let turn = turns.wait(end).map_err(|ended| match ended {
            Waited::Aborted => io::ErrorKind::ConnectionAborted.into(),
            _ => wait::timed_out(),
        })?;
        self.open()?;
        Ok(turn)
    }

    /// For everything that `socket2` does with a socket.
    pub(super) fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.fd)
    }

    pub(super) fn fileno(&self) -> RawFd {
        match self.state.load(Relaxed) {
            OPEN | ABORTED => self.fd.as_raw_fd(),
            _ => -1,
        }
    }

    pub(super) fn is_listening(&self) -> bool {
        self.listening.load(Relaxed)
    }

    pub(super) fn start_listening(&self) -> io::Result<()> {
        self.listening.store(true, Relaxed);
        self.socket().set_read_timeout(None)?;
        self.socket().set_write_timeout(None)?;
        // `accept` has no `MSG_DONTWAIT`, and another process may take the connection between a
        // poll and the call.
        self.socket().set_nonblocking(true)
    }

    /// Whether a read that returned less than it had room for has taken everything there was.
    ///
    /// A fact of TCP alone. A short datagram says nothing about the next one, and a read from a
    /// Unix stream ends where descriptors were sent. What is not known to be TCP is read again.
    fn short_read_is_all(&self) -> bool {
        match self.short_read_is_all.load(Relaxed) {
            UNKNOWN => {
                let is_tcp = is_tcp(self.socket());
                self.short_read_is_all.store(yes_or_no(is_tcp), Relaxed);
                is_tcp
            }
            known => known == YES,
        }
    }

    /// Whether anything has been received.
    pub(super) fn has_received(&self) -> bool {
        self.input.load(Relaxed) != NOTHING
    }

    /// Whether the peer's end of stream has been received.
    pub(super) fn has_ended(&self) -> bool {
        self.input.load(Relaxed) == ALL
    }

    /// Unless the peer has ended its stream, what it sends next counts as its first bytes.
    #[cfg(any(feature = "proxy", feature = "tls"))]
    pub(super) fn forget_received(&self) {
        let _ = self.input.compare_exchange(SOME, NOTHING, Relaxed, Relaxed);
    }

    /// Records what a receiving call has shown. If room is left, there is no more for now. A peer
    /// that has ended its stream need not be waited for when this side ends.
    #[inline]
    pub(super) fn note_received(&self, received: usize, room: usize) {
        if received < room && self.short_read_is_all() {
            self.source.set_drained();
        }
        if received == 0 && room > 0 {
            self.input.store(ALL, Relaxed);
        } else {
            self.input.store(SOME, Relaxed);
        }
    }

    /// Fails if a close has woken a call, and no empty datagram has. A closed stream has ended.
    #[cold]
    pub(super) fn check_empty(&self) -> io::Result<()> {
        match self.state.load(Relaxed) {
            CLOSED if self.socket().r#type()? != Type::STREAM => Err(Errno::BADF.into()),
            _ => Ok(()),
        }
    }

    #[inline]
    pub(super) fn awaited(&self) -> Awaited<'_> {
        Awaited { fd: self.fd.as_fd(), source: &self.source }
    }

    /// Sends what can be sent at once. `None` if nothing can.
    pub(super) fn send_once(&self, data: &[u8]) -> Option<io::Result<usize>> {
        let send = |may_block| rustix::net::send(&self.fd, data, send_flags(may_block));
        Some(self.unless_aborted(wait::try_once(self.awaited(), send)?))
    }

    /// Sends a datagram.
    pub(super) fn send_to(&self, data: &[u8], to: &impl SocketAddrArg) -> io::Result<usize> {
        let send = |may_block| rustix::net::sendto(&self.fd, data, send_flags(may_block), to);
        self.until_ready(Interest::Write, send)
    }

    /// Calls `operation` until it has a result, for as long as the socket's timeout allows.
    #[inline]
    pub(super) fn until_ready<T>(
        &self,
        interest: Interest,
        mut operation: impl FnMut(bool) -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        if interest == Interest::Write
            && self.timeout(interest).is_some()
            && let Some(result) = wait::try_once(self.awaited(), &mut operation)
        {
            return self.unless_aborted(result);
        }
        let time = (self.patience(interest), Part::First);
        self.until_ready_within(time, interest, operation)
    }

    /// The same, with the time that the caller sets.
    #[inline]
    pub(super) fn until_ready_within<T>(
        &self,
        time: (Patience, Part),
        interest: Interest,
        mut operation: impl FnMut(bool) -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        let unless_ended = |may_block| match operation(may_block) {
            // After a shutdown of a datagram socket only a call that blocks reports it.
            Err(Errno::AGAIN) if self.state.load(Relaxed) != OPEN => Err(Errno::BADF),
            result => result,
        };
        let result = wait::until_ready(self.awaited(), interest, time, unless_ended);
        self.unless_aborted(result)
    }
}

#[cold]
fn ended(state: u8) -> io::Error {
    let text = match state {
        ABORTED => "the request that made this socket was aborted",
        _ => "the request of this socket, or its server, has ended",
    };
    io::Error::new(io::ErrorKind::ConnectionAborted, text)
}

fn is_tcp(socket: SockRef<'_>) -> bool {
    socket.protocol().is_ok_and(|protocol| protocol == Some(socket2::Protocol::TCP))
}

pub(super) fn receive_flags(may_block: bool) -> RecvFlags {
    if may_block { RecvFlags::empty() } else { RecvFlags::DONTWAIT }
}

pub(super) fn send_flags(may_block: bool) -> SendFlags {
    // A peer that has gone is an error of this call, not a signal to the process.
    if may_block { SendFlags::NOSIGNAL } else { SendFlags::NOSIGNAL | SendFlags::DONTWAIT }
}

/// An error of `socket2` as `wait` needs it. All of its errors come from system calls.
pub(super) fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
