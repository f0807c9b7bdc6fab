//! A process for every live request.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use signal_hook::SigId;
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level;

use super::Concurrency;
use crate::server::{Builder, End, Job, Rejected, Server, Ticket, Waker, Workers};
use crate::sync::Instant;
use crate::sys::fork::{self, ForkBesideThreads, Forked};

/// Every request runs in a child process of its own: what its handler does to memory it does to a
/// copy, and a handler that crashes takes nobody with it. What is written to the server's state
/// stays in the child.
///
/// The child closes the listener, ignores SIGINT, which a terminal sends to everybody, and ends
/// with status 0, or with 1 if the request failed; nothing is dropped at its end. The parent waits
/// for each of its own children by number, so that other children of the program stay the
/// program's.
///
/// A child has only the thread that forked, and a lock that another thread held at that moment
/// stays locked in it for ever. So in a process with other threads this does not serve: such a
/// server serves on the main thread, and is stopped by a signal or from a hook.
/// [`fork_beside_threads`](Self::fork_beside_threads) is the way round that.
///
/// A drain waits for children and ends them at its deadline. What ends the parent without one does
/// not: after a second Ctrl-C, or SIGKILL, children live on until they have served their clients.
/// SIGTERM to the whole process group, as service managers send it, ends live children at once,
/// also those that a drain would wait for. And after a `server_close` without
/// [`block_on_close`](Self::block_on_close) nobody waits for the children: what has ended stays a
/// zombie until the program ends, or waits for it.
///
/// Python: `ForkingMixIn`
pub struct Forking {
    max_children: usize,
    block_on_close: bool,
    beside_threads: Option<ForkBesideThreads>,
    children: Arc<Children>,
    /// SIGCHLD rings the loop's bell, from when the server first serves.
    bell: OnceLock<SigId>,
}

impl Default for Forking {
    fn default() -> Self {
        Forking {
            max_children: 40,
            block_on_close: true,
            beside_threads: None,
            children: Arc::default(),
            bell: OnceLock::new(),
        }
    }
}

impl Forking {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// At most so many children: while there are as many the server takes no request, and clients
    /// wait in the system's queue. 40 unless set.
    ///
    /// Python: `ForkingMixIn.max_children`, which is looked at after the fork
    pub fn max_children(mut self, children: usize) -> Self {
        self.max_children = children.max(1);
        self
    }

    /// Whether closing the server waits for its children, for at most `drain_timeout`; then they
    /// get SIGTERM, and those that stay SIGKILL. On unless set.
    ///
    /// Python: `ForkingMixIn.block_on_close`, which waits for ever
    pub fn block_on_close(mut self, block: bool) -> Self {
        self.block_on_close = block;
        self
    }

    /// Serves although the process has other threads.
    pub fn fork_beside_threads(mut self, promise: ForkBesideThreads) -> Self {
        self.beside_threads = Some(promise);
        self
    }

    fn fork(&self) -> io::Result<Forked> {
        match &self.beside_threads {
            None => fork::fork_alone(),
            Some(promise) => promise.fork(),
        }
    }
}

impl Concurrency for Forking {
    fn attach(&self, waker: &Waker) -> io::Result<()> {
        if self.beside_threads.is_none() {
            fork::must_be_alone()?;
        }
        if self.bell.get().is_none() {
            let bell = low_level::pipe::register(SIGCHLD, waker.bell()?)?;
            // Only the loop's thread comes here, and there is one loop.
            let _ = self.bell.set(bell);
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
                let end = job.run_in_child();
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
        self.children.count() >= self.max_children
    }

    fn service_actions(&self) -> Option<Instant> {
        self.children.reap()
    }

    fn workers(&self) -> Workers {
        Workers::new(self.children.count(), 0)
    }

    fn waits_on_close(&self) -> bool {
        self.block_on_close
    }

    fn server_close(&self, _deadline: Option<Instant>) {
        self.children.kill_the_told();
    }
}

impl Drop for Forking {
    fn drop(&mut self) {
        if let Some(bell) = self.bell.get() {
            low_level::unregister(*bell);
        }
    }
}

impl fmt::Debug for Forking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forking")
            .field("max_children", &self.max_children)
            .field("block_on_close", &self.block_on_close)
            .field("active_children", &self.children.count())
            .finish_non_exhaustive()
    }
}

/// The children that nobody has waited for yet.
#[derive(Default)]
struct Children {
    live: Mutex<HashMap<Pid, Child>>,
    waker: OnceLock<Waker>,
}

/// How long a child that was told to end may take.
const GRACE: Duration = Duration::from_millis(100);

struct Child {
    ticket: Ticket,
    /// It was told to end.
    told: Option<Instant>,
}

impl Children {
    fn count(&self) -> usize {
        self.live.lock().len()
    }

    fn add(self: &Arc<Self>, pid: Pid, ticket: Ticket) {
        let children: Weak<Children> = Arc::downgrade(self);
        ticket.set_abort(move || {
            if let Some(children) = children.upgrade() {
                children.tell(pid);
            }
        });
        self.live.lock().insert(pid, Child { ticket, told: None });
    }

    /// Waits for those that have ended, and for nobody else.
    fn reap(&self) -> Option<Instant> {
        let mut ends = Vec::new();
        let mut children = self.live.lock();
        let ended: Vec<Child> = children
            .extract_if(|&pid, child| {
                let end = end_of(pid, child.told.is_some());
                end.map(|end| ends.push(end)).is_some()
            })
            .map(|(_, child)| child)
            .collect();
        let now = Instant::now();
        let mut next = None;
        for (&pid, child) in children.iter() {
            match child.told.map(|told| told + GRACE) {
                None => {}
                Some(end) if end <= now => signal(pid, Signal::KILL),
                Some(end) => next = Some(next.map_or(end, |next| end.min(next))),
            }
        }
        // Closing a ticket takes the registry's lock, under which `tell` takes this one.
        drop(children);
        for (child, end) in ended.into_iter().zip(ends) {
            child.ticket.end(end);
        }
        next
    }

    /// Tells a child to end. Under the lock, so that it has not been waited for and its number is
    /// still its own.
    fn tell(&self, pid: Pid) {
        if let Some(child) = self.live.lock().get_mut(&pid) {
            child.told.get_or_insert_with(Instant::now);
            signal(pid, Signal::TERM);
        }
        // Somebody has to look whether it does.
        if let Some(waker) = self.waker.get() {
            waker.wake();
        }
    }

    /// Those that were told to end and have not.
    fn kill_the_told(&self) {
        let told: Vec<(Pid, Child)> = self
            .live
            .lock()
            .extract_if(|_, child| child.told.is_some())
            .collect();
        for (pid, child) in told {
            signal(pid, Signal::KILL);
            // Nobody survives that, so this does not take long.
            if let Err(error) = waitpid(Some(pid), WaitOptions::empty()) {
                log::debug!(target: "socketserver::concurrency", "child {pid:?}: {error}");
            }
            child.ticket.end(End::Aborted);
        }
    }
}

fn signal(pid: Pid, signal: Signal) {
    if let Err(error) = kill_process(pid, signal) {
        log::debug!(target: "socketserver::concurrency", "child {pid:?}: {error}");
    }
}

/// How a child ended, if it has. One that was not told to may have crashed, and can no longer say
/// so itself.
fn end_of(pid: Pid, told: bool) -> Option<End> {
    match waitpid(Some(pid), WaitOptions::NOHANG) {
        Ok(None) => None,
        Ok(Some((_, status))) => Some(match status.terminating_signal() {
            Some(signal) => {
                if !told {
                    log::warn!(target: "socketserver::concurrency", "child {pid} was ended by signal {signal}");
                }
                End::Aborted
            }
            None if status.exit_status() == Some(0) => End::Finished,
            None => End::Failed,
        }),
        Err(rustix::io::Errno::INTR) => None,
        Err(error) => {
            // The program lets the system throw its children's ends away.
            log::debug!(target: "socketserver::concurrency", "how child {pid:?} ended is not known: {error}");
            Some(End::Finished)
        }
    }
}

/// The options of [`Forking`].
impl<T, H, S> Builder<T, Forking, H, S> {
    /// [`Forking::max_children`]
    pub fn max_children(self, children: usize) -> Self {
        self.map_concurrency(|forking| forking.max_children(children))
    }

    /// [`Forking::block_on_close`]
    pub fn block_on_close(self, block: bool) -> Self {
        self.map_concurrency(|forking| forking.block_on_close(block))
    }

    /// [`Forking::fork_beside_threads`]
    pub fn fork_beside_threads(self, promise: ForkBesideThreads) -> Self {
        self.map_concurrency(|forking| forking.fork_beside_threads(promise))
    }
}

/// What only a forking server can tell.
impl<T, H, S> Server<T, Forking, H, S>
where
    T: crate::transport::Transport,
    H: crate::handler::RequestHandler<T::Request, S>,
    S: crate::server::BaseServer<T::Request>,
{
    /// The children that nobody has waited for yet.
    ///
    /// Python: `ForkingMixIn.active_children`
    pub fn active_children(&self) -> Vec<i32> {
        self.concurrency()
            .children
            .live
            .lock()
            .keys()
            .map(|pid| pid.as_raw_pid())
            .collect()
    }
}
