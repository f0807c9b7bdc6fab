//! A process for every live request.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::mem;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use signal_hook::SigId;
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level;

use super::on_close::{OnClose, on_close_setters};
use super::{Concurrency, TARGET};
use crate::axis::Has;
use crate::request::{End, Job, Rejected, Ticket, Waker, Workers};
use crate::sync::Instant;
use crate::sys::fork::{self, ForkBesideThreads, Forked};

/// Every request runs in a child process of its own: its handler changes a copy of the memory, and a
/// handler that crashes takes no other with it. Changes to the server's state stay in the child.
///
/// The child gives up the process's listeners, also those of other servers, but not the sockets of
/// datagram servers: such a port stays taken until the child ends. SIGINT, which a terminal sends
/// to the whole process group, does nothing to it; but it ends a program that the handler executes,
/// unless that program handles it. A child ends with status 0, or with 1 if the request failed;
/// nothing is dropped at its end. The parent reaps its own children by number, so that
/// other children of the program stay the program's. (The first process of a container also gets
/// the orphans of what its handlers start, and these stay zombies: such a container needs an init
/// process.)
///
/// A child has only the thread that forked, and a lock that another thread held at that moment stays
/// locked in it for ever. So this refuses to serve in a process with other threads: such a server
/// serves on the main thread, and is stopped by a signal or from a hook.
/// [`fork_beside_threads`](Self::fork_beside_threads) is the way round that.
///
/// A child is a copy, also of random generators: if the parent has used one, such as that of a thread
/// in the crate `rand`, all children go on with the same numbers, and the keys of their hash maps are
/// the same too. A handler that needs a secret asks the system for it, or seeds its generator.
///
/// A drain waits for children and ends them at its deadline: by SIGTERM, and after 100 ms by SIGKILL.
/// A parent that ends without a drain does not: after a second Ctrl-C, or SIGKILL, children live on
/// until they have served their clients. SIGTERM to the whole process group, as service managers send
/// it, ends live children at once, also those that a drain would wait for. And after a `server_close`
/// without [`block_on_close`](Self::block_on_close) nothing reaps the children: one that has ended
/// stays a zombie until the program ends, or waits for it.
///
/// Python: `ForkingMixIn`
#[derive(Default)]
pub struct Forking {
    options: Children,
    on_close: OnClose,
    children: Arc<LiveChildren>,
    /// Wakes the loop at SIGCHLD, from when the server first serves.
    sigchld: OnceLock<SigId>,
}

/// The options of [`Forking`] alone.
#[derive(Clone, Copy, Debug)]
pub struct Children {
    pub(crate) max_children: usize,
    pub(crate) beside_threads: Option<ForkBesideThreads>,
}

impl Default for Children {
    fn default() -> Self {
        Children {
            max_children: 40,
            beside_threads: None,
        }
    }
}

impl Forking {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Process numbers of the children that the server has not yet reaped.
    ///
    /// Python: `ForkingMixIn.active_children`
    pub fn active_children(&self) -> Vec<i32> {
        let live = self.children.live.lock();
        live.keys().map(|pid| pid.as_raw_pid()).collect()
    }

    fn fork(&self) -> io::Result<Forked> {
        match &self.options.beside_threads {
            None => fork::fork_alone(),
            Some(promise) => promise.fork(),
        }
    }
}

impl Has<Children> for Forking {
    fn options(&mut self) -> &mut Children {
        &mut self.options
    }
}

impl Has<OnClose> for Forking {
    fn options(&mut self) -> &mut OnClose {
        &mut self.on_close
    }
}

macro_rules! forking_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The options of [`Children`](crate::options::Children).
    $($header)* {
        /// Maximum number of children. While there are as many the server accepts no request, and
        /// clients wait in the backlog. 40 unless set.
        ///
        /// Python: `ForkingMixIn.max_children`, which is looked at after the fork
        pub fn max_children(mut self, children: usize) -> Self
        where
            $owner: $crate::axis::Has<$crate::concurrency::Children>,
        {
            let options: &mut $crate::concurrency::Children = $options(&mut self);
            options.max_children = children.max(1);
            self
        }

        /// Serves although the process has other threads.
        pub fn fork_beside_threads(mut self, promise: $crate::ForkBesideThreads) -> Self
        where
            $owner: $crate::axis::Has<$crate::concurrency::Children>,
        {
            let options: &mut $crate::concurrency::Children = $options(&mut self);
            options.beside_threads = Some(promise);
            self
        }
    }
} }
pub(crate) use forking_setters;

forking_setters!(Self, Has::options; impl Forking);
on_close_setters!(Self, Has::options; impl Forking);

impl Concurrency for Forking {
    fn activate(&self) -> io::Result<()> {
        if self.options.beside_threads.is_none() {
            fork::open_thread_count()?;
        }
        Ok(())
    }

    fn attach(&self, waker: &Waker) -> io::Result<()> {
        if self.options.beside_threads.is_none() {
            fork::must_be_alone()?;
        }
        if self.sigchld.get().is_none() {
            let sigchld = low_level::pipe::register(SIGCHLD, waker.wake_fd()?)?;
            // Only the loop's thread comes here, and there is one loop.
            let _ = self.sigchld.set(sigchld);
            let _ = self.children.waker.set(waker.clone());
        }
        self.children.reap();
        Ok(())
    }

    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        match self.fork() {
            Err(error) => Err(Rejected { job, error }),
            Ok(Forked::Child) => {
                fork::child_signals();
                let (run, ticket) = job.split();
                // The books are the parent's, and another thread may hold their locks for ever here.
                mem::forget(ticket);
                let end = run.run();
                fork::exit_now(i32::from(end != End::Finished));
            }
            Ok(Forked::Parent(pid)) => {
                // Python: `ForkingMixIn.process_request`, `close_request` in the parent
                let (run, ticket) = job.split();
                drop(run);
                self.children.add(pid, ticket);
                Ok(())
            }
        }
    }

    fn full(&self) -> bool {
        self.children.count() >= self.options.max_children
    }

    fn service_actions(&self) -> Option<Instant> {
        self.children.reap()
    }

    fn workers(&self) -> Workers {
        Workers::new(self.children.count(), 0)
    }

    fn waits_on_close(&self) -> bool {
        self.on_close.block
    }

    fn server_close(&self, _deadline: Option<Instant>) {
        self.children.kill_overdue();
    }
}

impl Drop for Forking {
    fn drop(&mut self) {
        if let Some(sigchld) = self.sigchld.get() {
            low_level::unregister(*sigchld);
        }
    }
}

impl fmt::Debug for Forking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forking")
            .field("max_children", &self.options.max_children)
            .field("block_on_close", &self.on_close.block)
            .field("active_children", &self.children.count())
            .finish_non_exhaustive()
    }
}

/// The children that were not reaped yet.
#[derive(Default)]
struct LiveChildren {
    live: Mutex<HashMap<Pid, Child>>,
    waker: OnceLock<Waker>,
}

/// How long a child may take to end after SIGTERM, before it gets SIGKILL.
const KILL_GRACE: Duration = Duration::from_millis(100);

struct Child {
    /// None while it is being entered.
    ticket: Option<Ticket>,
    /// When it was sent SIGTERM, if it was.
    terminated_at: Option<Instant>,
}

impl Child {
    fn end(self, end: End) {
        if let Some(ticket) = self.ticket {
            ticket.end(end);
        }
    }
}

impl LiveChildren {
    fn count(&self) -> usize {
        self.live.lock().len()
    }

    /// Enters a child. First its number, so that an abort reaches it from the moment on that the
    /// ticket knows of it; and the ticket without this lock, because an abort takes that of the books
    /// before this one.
    fn add(self: &Arc<Self>, pid: Pid, ticket: Ticket) {
        let child = Child {
            ticket: None,
            terminated_at: None,
        };
        self.live.lock().insert(pid, child);
        let children: Weak<LiveChildren> = Arc::downgrade(self);
        ticket.set_abort(move || {
            if let Some(children) = children.upgrade() {
                children.terminate(pid);
            }
        });
        if let Some(child) = self.live.lock().get_mut(&pid) {
            child.ticket = Some(ticket);
        }
    }

    /// Reaps the children that have ended, and kills those that are overdue. Returns when the next
    /// one will be.
    fn reap(&self) -> Option<Instant> {
        let mut ends = Vec::new();
        let mut children = self.live.lock();
        let ended: Vec<Child> = children
            .extract_if(|&pid, child| {
                let end = child
                    .ticket
                    .is_some()
                    .then(|| end_of(pid, child.terminated_at.is_some()));
                end.flatten().map(|end| ends.push(end)).is_some()
            })
            .map(|(_, child)| child)
            .collect();
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        for (&pid, child) in children.iter() {
            match child.terminated_at.map(|time| time + KILL_GRACE) {
                None => {}
                Some(end) if end <= now => signal(pid, Signal::KILL),
                Some(end) => next = Some(next.map_or(end, |next| end.min(next))),
            }
        }
        // Closing a ticket takes a lock of the books, under which `terminate` takes this one.
        drop(children);
        for (child, end) in ended.into_iter().zip(ends) {
            child.end(end);
        }
        next
    }

    /// Sends SIGTERM to a child. Under the lock, so that the child was not reaped and its number is
    /// still its own.
    fn terminate(&self, pid: Pid) {
        if let Some(child) = self.live.lock().get_mut(&pid) {
            child.terminated_at.get_or_insert_with(Instant::now);
            signal(pid, Signal::TERM);
        }
        // The loop looks whether it ends in time.
        if let Some(waker) = self.waker.get() {
            waker.wake();
        }
    }

    /// Kills and reaps the children that were sent SIGTERM and are still there.
    fn kill_overdue(&self) {
        let overdue: Vec<(Pid, Child)> = self
            .live
            .lock()
            .extract_if(|_, child| child.ticket.is_some() && child.terminated_at.is_some())
            .collect();
        for (pid, child) in overdue {
            signal(pid, Signal::KILL);
            // No process survives that, so this does not take long.
            if let Err(error) = waitpid(Some(pid), WaitOptions::empty()) {
                log::debug!(target: TARGET, "cannot reap child {pid} ({error}): its request counts as aborted");
            }
            child.end(End::Aborted);
        }
    }
}

fn signal(pid: Pid, signal: Signal) {
    if let Err(error) = kill_process(pid, signal) {
        log::debug!(target: TARGET, "cannot send {signal:?} to child {pid} ({error}): leaving it alone");
    }
}

/// How a child ended, if it has. One that was not `terminated` has crashed or was killed, which only
/// the parent can report.
fn end_of(pid: Pid, terminated: bool) -> Option<End> {
    match waitpid(Some(pid), WaitOptions::NOHANG) {
        Ok(None) => None,
        Ok(Some((_, status))) => Some(match status.terminating_signal() {
            Some(signal) => {
                if !terminated {
                    log::warn!(target: TARGET, "child {pid} was ended by signal {signal}: its request counts as aborted");
                }
                End::Aborted
            }
            None if status.exit_status() == Some(0) => End::Finished,
            None => End::Failed,
        }),
        Err(rustix::io::Errno::INTR) => None,
        Err(error) => {
            // The program ignores SIGCHLD, so the system reaps its children.
            log::debug!(target: TARGET, "cannot learn how child {pid} ended ({error}): its request counts as finished");
            Some(End::Finished)
        }
    }
}
