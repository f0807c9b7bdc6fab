//! Forking, and the end of a child.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::Pid;

/// Which of the two a process is after a fork.
pub(crate) enum Forked {
    Child,
    Parent(Pid),
}

/// The caller's promise that forking is right although the process has other threads.
#[derive(Clone, Copy, Debug)]
pub struct ForkBesideThreads(());

impl ForkBesideThreads {
    /// Makes the promise.
    ///
    /// # Safety
    /// At every fork no other thread holds a lock that a handler, or anything it calls, will take;
    /// the allocator's is no such lock, since the C library sees to it. And no handler counts on
    /// other threads being there.
    #[allow(unsafe_code)]
    pub const unsafe fn promise() -> Self {
        ForkBesideThreads(())
    }

    #[allow(unsafe_code)]
    pub(crate) fn fork(self) -> io::Result<Forked> {
        // SAFETY: the child has only this thread, and that this is enough was promised by whoever
        // made `self`.
        unsafe { fork() }
    }
}

/// Whether this is the process's only thread.
///
/// # Errors
/// When it is not, or nobody can tell.
pub(crate) fn must_be_alone() -> io::Result<()> {
    // A thread that was joined is still listed for a moment.
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
/// When it has more, or the system's.
#[allow(unsafe_code)]
pub(crate) fn fork_alone() -> io::Result<Forked> {
    must_be_alone()?;
    // SAFETY: this thread is the only one, as was just seen, and only it could start another. So
    // the child is a whole copy, in which no lock is held by somebody who is not there.
    unsafe { fork() }
}

/// # Safety
/// No thread that is not there in the child may be missed there.
#[allow(unsafe_code)]
unsafe fn fork() -> io::Result<Forked> {
    // SAFETY: the call itself takes nothing and returns twice; what that means for locks is the
    // caller's promise.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        number => Ok(Pid::from_raw(number).map_or(Forked::Child, Forked::Parent)),
    }
}

/// In a child: a terminal's Ctrl-C is the parent's to answer, and SIGTERM ends it, whatever the parent
/// has set up. What SIGCHLD does there stays: it rings the parent's bell once too often, and a child
/// that has children of its own needs it.
#[allow(unsafe_code)]
pub(crate) fn child_signals() {
    for (signal, action) in [
        (libc::SIGINT, libc::SIG_IGN),
        (libc::SIGTERM, libc::SIG_DFL),
    ] {
        // SAFETY: both actions are constants of the system's, so no code of ours is installed.
        unsafe { libc::signal(signal, action) };
    }
}

/// Ends the process here: nothing is dropped and nothing runs at exit, which is the parent's to do.
#[allow(unsafe_code)]
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: it does not return, and touches no memory of ours.
    unsafe { libc::_exit(status) }
}

/// Lets go of what a descriptor stands for, though others still own the descriptor: it stands for
/// `/dev/null` from then on.
///
/// # Errors
/// The system's; nothing has changed then.
#[allow(unsafe_code)]
pub(crate) fn let_go(descriptor: impl AsFd) -> io::Result<()> {
    let null = File::open("/dev/null")?;
    let descriptor = descriptor.as_fd();
    // SAFETY: both descriptors are open for the call. The second stays open and owned by whoever
    // owns it; that calls on it fail from now on is all that changes.
    if unsafe { libc::dup2(null.as_raw_fd(), descriptor.as_raw_fd()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(fcntl_setfd(descriptor, FdFlags::CLOEXEC)?)
}
