//! Waiting for several descriptors at once.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Stdin};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::{ChildStderr, ChildStdin, ChildStdout};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::{Awaited, Interest, Patience};
use crate::green;

/// Types that [`select`] can wait for: all that have a descriptor. For your own type, beside its
/// `AsFd`, `impl Selectable for Terminal {}` is enough.
///
/// Python: an object with a method `fileno`
pub trait Selectable: AsFd {
    /// The descriptor with its place among those that green threads wait for, if it has one.
    #[doc(hidden)]
    fn awaited(&self) -> io::Result<Option<Awaited<'_>>> {
        Ok(None)
    }

    /// Whether it holds bytes that a read returns without the descriptor.
    #[doc(hidden)]
    fn has_pending(&self) -> bool {
        false
    }
}

macro_rules! selectable {
    ($($kind:ty),*) => {$( impl Selectable for $kind {} )*};
}
selectable!(
    OwnedFd,
    BorrowedFd<'_>,
    File,
    PipeReader,
    PipeWriter,
    Stdin,
    ChildStdin,
    ChildStdout,
    ChildStderr
);

/// The result of [`select`]. Its methods say whether an argument is ready; two handles of one
/// socket count as one.
///
/// Python: the tuple of three lists that `select.select` returns
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ready([Vec<RawFd>; 3]);

impl Ready {
    fn of(all: &[Waited<'_>], fds: &[PollFd<'_>]) -> Self {
        let mut found = Ready::default();
        for (one, fd) in all.iter().zip(fds) {
            let events = fd.revents();
            let list = match one.flags {
                PollFlags::IN => 0,
                PollFlags::OUT => 1,
                _ if events.contains(PollFlags::PRI) => 2,
                _ => continue,
            };
            if !events.is_empty() {
                found.0[list].push(one.fd.as_raw_fd());
            }
        }
        found
    }

    /// Whether a read from `of` would not wait. False unless `of` was in the list `read`.
    pub fn reads(&self, of: &(impl Selectable + ?Sized)) -> bool {
        self.0[0].contains(&of.as_fd().as_raw_fd())
    }

    /// Whether a write to `of` would not wait. False unless `of` was in the list `write`.
    pub fn writes(&self, of: &(impl Selectable + ?Sized)) -> bool {
        self.0[1].contains(&of.as_fd().as_raw_fd())
    }

    /// Whether `of` has urgent data. False unless `of` was in the list `except`.
    pub fn excepts(&self, of: &(impl Selectable + ?Sized)) -> bool {
        self.0[2].contains(&of.as_fd().as_raw_fd())
    }

    /// Whether nothing is ready, because the timeout is over.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }
}

/// Waits until one of `read` can be read, one of `write` written, or one of `except` has urgent
/// data. It waits for at most `timeout`, or without limit if that is `None`. A green thread that
/// waits does not block its core. An end of the stream and an error count as ready.
///
/// A socket whose [`Layer`](crate::Layer) holds [bytes](crate::Layer::pending) is ready for a read.
/// Bytes that an `rfile` holds make no socket ready. A socket that is ready for a write has room
/// for some bytes: a call that sends more may still wait.
///
/// An abort of the caller's request ends any wait. The client's connection, or a socket that the
/// request has made, is then ready. If none of these is waited for, the call fails.
///
/// ```
/// use std::io::{Read, Write};
/// use std::process::{Command, Stdio};
/// use socketserver::{Socket, select, socketpair, SocketKind};
/// # fn main() -> std::io::Result<()> {
/// let (request, client) = socketpair(SocketKind::Stream)?;
/// let mut child = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
/// let mut output = child.stdout.take().expect("piped");
///
/// let ready = select(&[&request, &output], &[], &[], None)?;
/// assert!(ready.reads(&output) && !ready.reads(&request));
/// # let mut text = String::new();
/// # output.read_to_string(&mut text)?;
/// # assert_eq!(text, "hello\n");
/// # child.wait()?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// "Bad file descriptor" for a socket that was closed; `ConnectionAborted` if the caller's request
/// was aborted and none of the descriptors shows it; the system's.
///
/// Python: `select.select`, which returns three lists
pub fn select(
    read: &[&dyn Selectable],
    write: &[&dyn Selectable],
    except: &[&dyn Selectable],
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    let patience = Patience::of_socket(timeout);
    let pending = read.iter().filter(|one| one.has_pending());
    let pending: Vec<_> = pending.map(|one| one.as_fd().as_raw_fd()).collect();
    let end = if pending.is_empty() { patience.end() } else { Some(Instant::now()) };
    let current = green::may_park();
    super::consume_budget(current, patience);
    let reads = read.iter().map(|one| (one, PollFlags::IN));
    let writes = write.iter().map(|one| (one, PollFlags::OUT));
    let excepts = except.iter().map(|one| (one, PollFlags::PRI));
    let all = reads.chain(writes).chain(excepts);
    let bell;
    let mut all: Vec<_> =
        all.map(|(one, flags)| Waited::new(*one, flags)).collect::<io::Result<_>>()?;
    if patience != Patience::Nonblocking {
        bell = bell_beside(&all);
        all.extend(bell.as_ref().map(|bell| Waited::bell(bell)));
    }
    loop {
        let mut fds: Vec<_> = all.iter().map(Waited::poll_fd).collect();
        wait_for_any(current, &all, &mut fds, end)?;
        if all.iter().zip(&fds).any(|(one, fd)| one.is_bell && !fd.revents().is_empty()) {
            return Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the request was aborted",
            ));
        }
        let mut found = Ready::of(&all, &fds);
        found.0[0].extend(&pending);
        let is_over = fds.iter().all(|fd| fd.revents().is_empty());
        if is_over || !found.is_empty() {
            return Ok(found);
        }
        // The system reports the end of a connection, whatever is waited for. It is no urgent data,
        // and would be reported again and again.
        let mut events = fds.iter().map(PollFd::revents);
        all.retain(|_| events.next().is_none_or(|events| events.is_empty()));
    }
}

/// What an abort of the caller's request makes ready, unless that makes one of the descriptors
/// ready anyway. Without a descriptor left for it, the wait is one that an abort does not end.
fn bell_beside(all: &[Waited<'_>]) -> Option<Arc<OwnedFd>> {
    let request = green::enclosing_request()?;
    // The end of a connection is no urgent data.
    let shown = all.iter().filter(|one| one.flags != PollFlags::PRI);
    let shown = shown.map(|one| one.fd.as_raw_fd());
    if request.ends_one_of(shown) { None } else { request.aborts().bell().ok() }
}

/// Waits until one of the sockets can be read, or `end` comes. Returns which can. A green thread
/// lets others run first, even if one of the sockets is ready.
///
/// For the waker alone, which in a model has no sockets.
#[cfg(not(loom))]
pub(crate) fn readable<const N: usize>(
    sockets: [Awaited<'_>; N],
    end: Option<Instant>,
) -> io::Result<[bool; N]> {
    let current = green::may_park();
    if current.is_some() {
        green::yield_now();
    }
    let all = sockets.map(|awaited| Waited {
        fd: awaited.fd,
        awaited: Some(awaited),
        flags: PollFlags::IN,
        is_bell: false,
    });
    let mut fds = all.each_ref().map(Waited::poll_fd);
    wait_for_any(current, &all, &mut fds, end)?;
    Ok(fds.map(|fd| !fd.revents().is_empty()))
}

/// One descriptor, and the event for which to wait.
struct Waited<'a> {
    fd: BorrowedFd<'a>,
    awaited: Option<Awaited<'a>>,
    flags: PollFlags,
    /// Not one of the caller's: it says that the caller's request was aborted.
    is_bell: bool,
}

impl<'a> Waited<'a> {
    fn new(of: &'a dyn Selectable, flags: PollFlags) -> io::Result<Self> {
        Ok(Waited { fd: of.as_fd(), awaited: of.awaited()?, flags, is_bell: false })
    }

    fn bell(bell: &'a OwnedFd) -> Self {
        Waited { fd: bell.as_fd(), awaited: None, flags: PollFlags::IN, is_bell: true }
    }

    fn poll_fd(&self) -> PollFd<'a> {
        PollFd::from_borrowed_fd(self.fd, self.flags)
    }

    fn interest(&self) -> Interest {
        if self.flags == PollFlags::OUT { Interest::Write } else { Interest::Read }
    }
}

/// Waits until one of the descriptors is ready, or `end` comes: a thread in `poll`, a green thread
/// parked. `all` and `fds` are the same descriptors in the same order.
fn wait_for_any(
    current: Option<green::Current>,
    all: &[Waited<'_>],
    fds: &mut [PollFd<'_>],
    end: Option<Instant>,
) -> io::Result<()> {
    let Some(current) = current else {
        return super::poll_until(fds, end).map(drop);
    };
    /// Pause after a wake-up for an event of another kind, because it may come again at once.
    const PAUSE: Duration = Duration::from_millis(1);
    let mut was_woken = false;
    while super::poll_until(fds, Some(Instant::now()))? == 0
        && end.is_none_or(|end| Instant::now() < end)
    {
        if was_woken {
            green::sleep(PAUSE);
            // Events that came in the pause have woken nothing, and come only once.
            was_woken = false;
            continue;
        }
        was_woken = true;
        let seats = all.iter().map(|one| {
            let source = one.awaited.map(|awaited| awaited.source);
            (source, one.fd, one.interest())
        });
        green::park_for_any(current, seats, end)?;
    }
    Ok(())
}
