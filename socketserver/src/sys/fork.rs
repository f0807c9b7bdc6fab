//! Forking, and the end of a child.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

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
/// Nothing that runs in the child may depend on another thread of the parent, nor on a lock that such
/// a thread may hold.
#[allow(unsafe_code)]
unsafe fn fork() -> io::Result<Forked> {
    // Held across the fork: no other thread is in the middle of opening or closing one of these,
    // and the child's only thread is the one that holds the lock there.
    let parent_only = lock();
    // SAFETY: the call itself takes nothing and returns twice; what that means for threads and locks
    // is the caller's promise.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            close_in_child(&parent_only);
            Ok(Forked::Child)
        }
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

/// The descriptors that a forked child must not keep.
static PARENT_ONLY: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// The owner of a descriptor that a forked child must not keep: listeners, to which clients would
/// connect for as long as the child lives, and wakers. In a child that [`fork_alone`] or
/// [`ForkBesideThreads`] makes, the descriptor stands for `/dev/null`.
pub(crate) struct ParentOnly<F: AsFd>(Option<F>);

impl<F: AsFd> ParentOnly<F> {
    pub(crate) fn new(owner: F) -> Self {
        lock().push(owner.as_fd().as_raw_fd());
        ParentOnly(Some(owner))
    }
}

impl<F: AsFd> Deref for ParentOnly<F> {
    type Target = F;

    fn deref(&self) -> &F {
        self.0.as_ref().expect("the owner is there until the drop")
    }
}

impl<F: AsFd> AsFd for ParentOnly<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        (**self).as_fd()
    }
}

impl<F: AsFd> Drop for ParentOnly<F> {
    /// Forgets the descriptor and closes it in one critical section: in between, its number could
    /// become another's, or a child could keep it.
    fn drop(&mut self) {
        let mut descriptors = lock();
        let own = self.as_fd().as_raw_fd();
        if let Some(place) = descriptors.iter().position(|fd| *fd == own) {
            descriptors.swap_remove(place);
        }
        drop(self.0.take());
    }
}

/// `std`'s lock, because a fork needs one that its holder alone can release: `parking_lot` may take a
/// lock of the whole process for that, which another thread may hold at the fork.
fn lock() -> MutexGuard<'static, Vec<RawFd>> {
    PARENT_ONLY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes each descriptor stand for `/dev/null`. The number stays taken, since the owner is still
/// there and will close it.
#[allow(unsafe_code)]
fn close_in_child(descriptors: &[RawFd]) {
    let Some(&first) = descriptors.first() else {
        return;
    };
    let open = || File::open("/dev/null").map(IntoRawFd::into_raw_fd);
    let null = open().or_else(|_| {
        // No descriptor is left, so the first one makes room for it.
        // SAFETY: it is open, and this thread, the child's only one, gives it a new meaning below
        // before anything can use the number.
        unsafe { libc::close(first) };
        open()
    });
    let Ok(null) = null else {
        return;
    };
    for &descriptor in descriptors {
        if descriptor != null {
            // SAFETY: `null` is open, and `descriptor` is a number whose owner is registered. It
            // stays open and owned; calls on it see `/dev/null` from now on.
            unsafe {
                libc::dup2(null, descriptor);
                libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC);
            }
        }
    }
    if !descriptors.contains(&null) {
        // SAFETY: it was opened above, and nothing else knows it.
        unsafe { libc::close(null) };
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_descriptor_is_listed_while_its_owner_lives() {
        let (one, other) = UnixStream::pair().unwrap();
        let (one, other) = (ParentOnly::new(one), ParentOnly::new(other));
        let numbers = [&one, &other].map(|end| end.as_raw_fd());
        let listed = || numbers.map(|number| lock().contains(&number));
        assert_eq!(listed(), [true, true]);
        drop(one);
        // Another thread may have the number by now, but it does not list it.
        assert!(listed()[1]);
        drop(other);
    }
}
