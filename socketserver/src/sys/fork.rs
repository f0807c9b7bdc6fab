//! Forking a process, and the first and last steps of the child.
//!
//! A child has one thread, a copy of the thread that forked. Every lock that another thread of the
//! parent held at that moment stays locked in the child, permanently. So a fork is right in two
//! cases: the process has no other thread ([`fork_alone`]), or its author promises that none of
//! them matters ([`ForkBesideThreads`]).

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, RawFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixDatagram;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

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

/// Where the system says how many threads this process has.
const STAT: &str = "/proc/self/stat";

/// That file, open, and the process that it is about.
static OPEN_STAT: Mutex<Option<(u32, File)>> = Mutex::new(None);

/// Opens what [`must_be_alone`] reads: later the process may have another root folder.
///
/// # Errors
/// When there is no such file.
pub(crate) fn open_thread_count() -> io::Result<()> {
    count_threads()?;
    STAYS_ALONE.store(depth() + 1, Relaxed);
    Ok(())
}

/// The [`depth`], plus 1, of the process that must have no other thread, because a server forks in
/// it. 0 if there is none.
static STAYS_ALONE: AtomicU32 = AtomicU32::new(0);

/// Whether another thread in this process would keep a server from forking. False in its children.
pub(crate) fn must_stay_alone() -> bool {
    STAYS_ALONE.load(Relaxed) == depth() + 1
}

fn count_threads() -> io::Result<usize> {
    let named = |error: io::Error| {
        let text = format!("cannot count the threads of this process: {STAT}: {error}");
        io::Error::new(error.kind(), text)
    };
    let mut kept = OPEN_STAT.lock().unwrap_or_else(PoisonError::into_inner);
    let process = process::id();
    let (_, file) = match kept.take() {
        Some((of, file)) if of == process => kept.insert((of, file)),
        // In a forked child the file is still about its parent.
        _ => kept.insert((process, File::open(STAT).map_err(named)?)),
    };
    let mut text = [0; 1024];
    let length = file.read_at(&mut text, 0).map_err(named)?;
    threads_in(&String::from_utf8_lossy(&text[..length]))
        .ok_or_else(|| named(io::ErrorKind::InvalidData.into()))
}

/// The number of threads in the text of `/proc/self/stat`: the 20th word. The second is the name of
/// the program, which may hold anything, in parentheses.
fn threads_in(stat: &str) -> Option<usize> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(17)?.parse().ok()
}

/// Checks that this is the process's only thread.
///
/// # Errors
/// When it is not, or `/proc` cannot be read.
pub(crate) fn must_be_alone() -> io::Result<()> {
    // A thread that has been joined is still counted for a moment.
    const MOMENT: Duration = Duration::from_millis(50);
    let mut began = None;
    let threads = loop {
        let threads = count_threads()?;
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

/// How many forks of this kind lie between this process and the first.
static DEPTH: AtomicU32 = AtomicU32::new(0);

/// A number that differs between a process and the children that it forks here. Children that the
/// program forks itself keep their parent's.
pub(crate) fn depth() -> u32 {
    DEPTH.load(Relaxed)
}

/// Forks the process.
///
/// # Safety
/// Nothing that runs in the child may depend on another thread of the parent, nor on a lock that
/// such a thread may hold.
#[allow(unsafe_code)]
unsafe fn fork() -> io::Result<Forked> {
    // Held across the fork. So no other thread is just opening or closing one of these descriptors,
    // and in the child the lock is held by its only thread.
    let parent_only = lock();
    // SAFETY: the call takes no arguments and touches no memory of ours. That it returns in a
    // process without the other threads is what the caller has promised to be right.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            DEPTH.fetch_add(1, Relaxed);
            blank_in_child(&parent_only);
            Ok(Forked::Child)
        }
        number => Ok(Pid::from_raw(number).map_or(Forked::Child, Forked::Parent)),
    }
}

/// Sets the signals of a child. A terminal's Ctrl-C does nothing, because the parent answers it.
/// SIGTERM ends the child, whatever the parent has installed or blocked. SIGCHLD stays as it is,
/// because a child that has children itself needs it; its only cost is that the parent is woken
/// once too often.
///
/// Ctrl-C gets a handler instead of being ignored, because a program that the child executes
/// inherits an ignored signal, and a shell could not even trap it. The execution resets a handler.
/// If the whole program was started with Ctrl-C ignored, as `nohup` and a shell's `&` do, it stays
/// ignored.
#[allow(unsafe_code)]
pub(crate) fn child_signals() {
    extern "C" fn do_nothing(_: libc::c_int) {}
    // SAFETY: a `sigaction` of zeros is valid. All pointers are to local variables, which outlive
    // the calls. The only function that becomes a handler does nothing, which is safe at any
    // moment.
    unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGINT, std::ptr::null(), &raw mut before);
        if before.sa_sigaction != libc::SIG_IGN {
            let do_nothing: extern "C" fn(libc::c_int) = do_nothing;
            libc::signal(libc::SIGINT, do_nothing as libc::sighandler_t);
        }
        libc::signal(libc::SIGTERM, libc::SIG_DFL);
    }
    super::unblock(libc::SIGTERM);
}

/// Ends the process at once. No value is dropped and no exit handler runs: both are the parent's.
#[allow(unsafe_code)]
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: the call does not return, and touches no memory of ours.
    unsafe { libc::_exit(status) }
}

/// The descriptors that a forked child must not keep.
static PARENT_ONLY: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// The owner of a descriptor that a forked child must not keep. It is a waker, or a listener, to
/// which clients could connect as long as the child lives. In a child that [`fork_alone`] or
/// [`ForkBesideThreads`] makes, the descriptor stands for a socket without a peer.
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
    /// Takes the descriptor off the list and closes it, both under one lock. Otherwise a fork in
    /// between could let a child keep it, or close another descriptor that has got its number.
    fn drop(&mut self) {
        let mut descriptors = lock();
        let own = self.as_fd().as_raw_fd();
        if let Some(place) = descriptors.iter().position(|fd| *fd == own) {
            descriptors.swap_remove(place);
        }
        drop(self.0.take());
    }
}

/// Locks the list. It is a lock of `std`, because the child must be able to release it by itself.
/// One of `parking_lot` may need a lock of the whole process for that, which another thread may
/// have held at the fork.
fn lock() -> MutexGuard<'static, Vec<RawFd>> {
    PARENT_ONLY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes each descriptor stand for a socket without a peer, which needs no path: the process may be
/// in a jail without `/dev/null`. It must stay open under its number, because in the child too its
/// owner will close it.
#[allow(unsafe_code)]
fn blank_in_child(descriptors: &[RawFd]) {
    let Some(&first) = descriptors.first() else {
        return;
    };
    let open = || UnixDatagram::unbound().map(IntoRawFd::into_raw_fd);
    let stand_in = open().or_else(|_| {
        // No number is free, so the first descriptor makes room.
        // SAFETY: the descriptor is open and registered. This is the only thread, and `dup3` below,
        // or `open`, gives the number a new file before anything can use it.
        unsafe { libc::close(first) };
        open()
    });
    let Ok(stand_in) = stand_in else {
        // No descriptor at all: the child could give up nothing, and the number of `first` is free.
        exit_now(1);
    };
    for &descriptor in descriptors {
        if descriptor != stand_in {
            // SAFETY: `stand_in` is open, and `descriptor` belongs to a registered owner. It stays
            // open and keeps that owner; all that changes is that it stands for another file.
            unsafe { libc::dup3(stand_in, descriptor, libc::O_CLOEXEC) };
        }
    }
    if !descriptors.contains(&stand_in) {
        // SAFETY: it was opened above, and no other code has its number.
        unsafe { libc::close(stand_in) };
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn threads_are_counted_whatever_the_programs_name() {
        let words: Vec<_> = (3..=52).map(|word| word.to_string()).collect();
        let stat = format!("1234 (a) b) {}\n", words.join(" "));
        assert_eq!(threads_in(&stat), Some(20));
        assert_eq!(threads_in("1234 (name) R 1"), None);
        assert!(count_threads().unwrap() >= 1);
    }

    #[test]
    fn descriptor_is_listed_while_its_owner_lives() {
        let (one, other) = UnixStream::pair().unwrap();
        let (one, other) = (ParentOnly::new(one), ParentOnly::new(other));
        let numbers = [&one, &other].map(|end| end.as_raw_fd());
        let listed = || numbers.map(|number| lock().contains(&number));
        assert_eq!(listed(), [true, true]);
        drop(one);
        // Another thread may have got the number by now, but it does not list it.
        assert!(listed()[1]);
        drop(other);
    }
}
