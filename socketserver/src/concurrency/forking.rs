//! A process for every live request.

use std::fmt;
use std::io;
use std::mem;
use std::sync::{Arc, OnceLock};

use signal_hook::SigId;
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level;

use super::Concurrency;
use super::live_children::{LiveChildren, exit_status};
use super::on_close::{OnClose, on_close_setters};
use crate::axis::Has;
use crate::request::{Job, Rejected, Waker, Workers};
use crate::sync::Instant;
use crate::sys;
use crate::sys::fork::{self, ForkBesideThreads, Forked};

/// Every request runs in its own child process. Its handler changes a copy of the memory, so
/// changes to the server's state stay in the child, and a crash ends this handler alone.
///
/// A child closes the listeners of all servers of the process. It does not close the sockets of
/// datagram servers, whose ports stay taken until the child ends. A terminal sends SIGINT to the
/// whole process group. It does not end a child, but ends a program that the handler executes,
/// unless that program handles it. A child ends with status 0, or with 1 if the request failed, or
/// with 103 if the child refused it. Nothing is dropped at its end.
///
/// The parent reaps and signals only the children that it has forked, each through a descriptor.
/// It never touches other children of the program. (The first process of a container also becomes
/// the parent of orphans, which stay zombies: such a container needs an init process.)
///
/// A child has only the thread that forked, and a lock that another thread held at that moment
/// stays locked in the child for ever. Therefore this refuses to serve in a process with other
/// threads. Serve on the main thread, and stop the server by a signal or from a hook, or promise
/// that no such lock exists: [`fork_beside_threads`](Self::fork_beside_threads).
///
/// A child also has a copy of the random generators. If the parent has used one, such as that of
/// the crate `rand`, all children continue with the same numbers. The keys of their hash maps are
/// the same too. A handler that needs a secret must ask the system for it, or seed its generator.
///
/// A drain waits for children, and ends them at its deadline: by SIGTERM, and after 100 ms by
/// SIGKILL. If the parent ends without a drain, by a second Ctrl-C or by SIGKILL, the children live
/// on until they have served their clients. Service managers send SIGTERM to the whole process
/// group, which ends live children at once, even during a drain, unless they are told otherwise
/// (`KillMode=mixed`). After a `server_close` without [`block_on_close`](Self::block_on_close)
/// nothing reaps the children: those that end stay zombies until the program ends, or waits for
/// them.
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
        Children { max_children: 40, beside_threads: None }
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
        self.children.numbers()
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
            sys::unblock(SIGCHLD);
            // Only the loop's thread comes here, and there is one loop.
            let _ = self.sigchld.set(sigchld);
            self.children.set_waker(waker);
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
                // The books are the parent's, and another thread may hold their locks for ever
                // here.
                mem::forget(ticket);
                let end = run.run();
                fork::exit_now(exit_status(end));
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

    fn shares_memory(&self) -> bool {
        false
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
