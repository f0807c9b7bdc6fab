//! Forking a process, and the first and last steps of the child.
//!
//! A child has one thread, the one that forked. Every lock that another thread of the parent held
//! at that moment stays locked in the child, permanently. So a fork is right in two cases: the
//! process has no other thread ([`fork_alone`]), or its author promises that none of them matters
//! ([`ForkBesideThreads`]).

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::Pid;

/// Which of the two processes this is after a fork.
pub(crate) enum Forked {
    Child,
    Parent(Pid),
}

/// The caller's promise that the process may fork although it has other threads.
#[derive(Clone, Copy, Debug)]
pub struct ForkBesideThreads(());

impl ForkBesideThreads {
    /// Makes the promise.
    ///
    /// # Safety
    /// Both must hold at every fork:
    ///
    /// * No other thread holds a lock that a handler, or anything it calls, will take. The
    ///   allocator's locks do not count, because the C library takes care of them.
    /// * No handler depends on another thread of the parent: the child has none of them.
    #[allow(unsafe_code)]
    pub const unsafe fn promise() -> Self {
        ForkBesideThreads(())
    }

    #[allow(unsafe_code)]
    pub(crate) fn fork(self) -> io::Result<Forked> {
        // SAFETY: the code that made `self` has promised, in `promise`, that nothing in the child
        // depends on the parent's other threads or their locks.
        unsafe { fork() }
    }
}

/// Checks that this is the process's only thread.
///
/// # Errors
/// When it is not, or `/proc` cannot be read.
pub(crate) fn must_be_alone() -> io::Result<()> {
    // A thread that has been joined is still listed for a moment.
    const MOMENT: Duration = Duration::from_millis(50);
    let mut began = None;
    let threads = loop {
        let threads = std::fs::read_dir("/proc/self/task")?.count();
        if threads == 1 {
            return Ok(());
        }
        if began.get_or_insert_with(Instant::now).elapsed() > MOMENT {
            break threads;
        }
        thread::sleep(Duration::from_millis(1));
    };
    Err(io::Error::other(format!(
        "a process with {threads} threads cannot fork safely: serve on the main thread and start no other"
    )))
}

/// Forks a process that has one thread.
///
/// # Errors
/// When it has more, or the system's error.
#[allow(unsafe_code)]
pub(crate) fn fork_alone() -> io::Result<Forked> {
    must_be_alone()?;
    // SAFETY: this thread is the only one, as was just checked, and no other could have started one
    // since. So there is no other thread on which the child could depend, or which holds a lock.
    unsafe { fork() }
}

/// Forks the process.
///
/// # Safety
/// Nothing that runs in the child may depend on another thread of the parent, nor on a lock that
/// such a thread may hold.
#[allow(unsafe_code)]
unsafe fn fork() -> io::Result<Forked> {
    // SAFETY: the call takes no arguments and touches no memory of ours. That it returns in a
    // process without the other threads is what the caller has promised to be right.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        number => Ok(Pid::from_raw(number).map_or(Forked::Child, Forked::Parent)),
    }
}

/// Sets the signals of a child: it ignores a terminal's Ctrl-C, which the parent answers, and
/// SIGTERM ends it, whatever the parent has installed. SIGCHLD stays as it is, because a child that
/// has children of its own needs it; all it costs is that the parent is woken once too often.
#[allow(unsafe_code)]
pub(crate) fn child_signals() {
    for (signal, action) in [
        (libc::SIGINT, libc::SIG_IGN),
        (libc::SIGTERM, libc::SIG_DFL),
    ] {
        // SAFETY: both actions are constants of the system, so no code of ours becomes a handler.
        unsafe { libc::signal(signal, action) };
    }
}

/// Ends the process at once. No value is dropped and no exit handler runs: both are the parent's.
#[allow(unsafe_code)]
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: the call does not return, and touches no memory of ours.
    unsafe { libc::_exit(status) }
}

/// Closes the file behind a descriptor whose number others still own: from then on the number
/// stands for `/dev/null`.
///
/// # Errors
/// The system's. The descriptor is unchanged then.
#[allow(unsafe_code)]
pub(crate) fn let_go(descriptor: impl AsFd) -> io::Result<()> {
    let null = File::open("/dev/null")?;
    let descriptor = descriptor.as_fd();
    // SAFETY: both descriptors are borrowed, so they are open during the call. The second stays
    // open and keeps its owner; all that changes is that it stands for another file.
    if unsafe { libc::dup2(null.as_raw_fd(), descriptor.as_raw_fd()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(fcntl_setfd(descriptor, FdFlags::CLOEXEC)?)
}
