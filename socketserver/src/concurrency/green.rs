//! A green thread for every live request.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::Concurrency;
use super::daemon_threads::{DaemonThreads, daemon_threads_setters};
use super::on_close::{OnClose, on_close_setters};
use crate::axis::Has;
use crate::green::{self, STACK_SIZE, Stacks};
use crate::lead::{self, Leader};
use crate::request::{Job, Rejected, Waker, Workers};

/// Every request runs on its own green thread. The handler is the same blocking code as for
/// [`Threading`], and while it waits for its socket another one runs. This suits tens of thousands
/// of connections that mostly wait.
///
/// [`green`](crate::green) has the rules for such code. The program calls
/// [`green::enable`](crate::green::enable) first in `main`; until then `serve_forever` returns an
/// error.
///
/// [`Threading`]: crate::Threading
///
/// Python: `ThreadingMixIn` under `gevent`
#[derive(Debug, Default)]
pub struct Green {
    threads: GreenThreads,
    on_close: OnClose,
    daemon_threads: DaemonThreads,
    shared: Arc<Shared>,
    /// The stacks, made at the first request.
    stacks: OnceLock<Stacks>,
}

#[derive(Debug, Default)]
struct Shared {
    live: AtomicUsize,
    /// Whether a green thread has ever led: see [`lead`](crate::lead).
    has_led: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

/// The options of [`Green`].
#[derive(Clone, Copy, Debug)]
pub struct GreenThreads {
    pub(crate) stack_size: usize,
    pub(crate) max_green_threads: usize,
}

impl Default for GreenThreads {
    fn default() -> Self {
        GreenThreads { stack_size: STACK_SIZE, max_green_threads: usize::MAX }
    }
}

impl Green {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    fn stacks(&self) -> &Stacks {
        self.stacks.get_or_init(|| Stacks::of(self.threads.stack_size))
    }
}

impl Has<GreenThreads> for Green {
    fn options(&mut self) -> &mut GreenThreads {
        &mut self.threads
    }
}

impl Has<OnClose> for Green {
    fn options(&mut self) -> &mut OnClose {
        &mut self.on_close
    }
}

impl Has<DaemonThreads> for Green {
    fn options(&mut self) -> &mut DaemonThreads {
        &mut self.daemon_threads
    }
}

macro_rules! green_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The options of [`GreenThreads`](crate::options::GreenThreads).
    $($header)* {
        /// Size of each stack in bytes, rounded up to 64 KiB, and at most 16 GiB; only the part
        /// that is used takes memory. 192 KiB unless set, 960 KiB without optimisation. A handler
        /// that has used three quarters of it is a line in the log, at warn level.
        pub fn stack_size(mut self, bytes: usize) -> Self
        where
            $owner: $crate::axis::Has<$crate::concurrency::GreenThreads>,
        {
            let options: &mut $crate::concurrency::GreenThreads = $options(&mut self);
            options.stack_size = bytes;
            self
        }

        /// Maximum number of green threads of this server. While there are as many the server
        /// accepts no request, and clients wait in the backlog. No limit unless set.
        pub fn max_green_threads(mut self, threads: usize) -> Self
        where
            $owner: $crate::axis::Has<$crate::concurrency::GreenThreads>,
        {
            let options: &mut $crate::concurrency::GreenThreads = $options(&mut self);
            options.max_green_threads = threads.max(1);
            self
        }
    }
} }
pub(crate) use green_setters;

green_setters!(Self, Has::options; impl Green);
on_close_setters!(Self, Has::options; impl Green);
daemon_threads_setters!(Self, Has::options; impl Green);

impl Concurrency for Green {
    fn activate(&self) -> io::Result<()> {
        green::count_cores();
        Ok(())
    }

    fn attach(&self, waker: &Waker) -> io::Result<()> {
        *self.shared.waker.lock() = Some(waker.clone());
        green::start()
    }

    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        let max = self.threads.max_green_threads;
        let job = match self.shared.run_here(job, max) {
            Ok(()) => return Ok(()),
            Err(job) => job,
        };
        let reserved = match self.stacks().reserve() {
            Ok(reserved) => reserved,
            Err(error) => return Err(Rejected { job, error }),
        };
        let shared = self.shared.clone();
        shared.live.fetch_add(1, SeqCst);
        reserved.spawn(job.type_name(), move || {
            job.run();
            shared.leave(max);
        });
        Ok(())
    }

    fn leads(&self) -> bool {
        true
    }

    fn lead(&self, leader: Leader) -> Result<(), Leader> {
        let Ok(reserved) = self.stacks().reserve() else {
            return Err(leader);
        };
        self.shared.has_led.store(true, Relaxed);
        reserved.spawn(leader.name(), move || leader.run());
        Ok(())
    }

    fn full(&self) -> bool {
        self.shared.live.load(SeqCst) >= self.threads.max_green_threads
    }

    fn waits_on_close(&self) -> bool {
        self.on_close.block && !self.daemon_threads.daemon
    }

    fn workers(&self) -> Workers {
        Workers::new(self.shared.live.load(SeqCst), 0)
    }
}

impl Shared {
    /// Runs the job here, if this green thread leads.
    fn run_here(&self, job: Job, max: usize) -> Result<(), Job> {
        if !self.has_led.load(Relaxed) {
            return Err(job);
        }
        let ran = lead::run_here(job, || _ = self.live.fetch_add(1, SeqCst));
        if ran.is_ok() {
            self.leave(max);
        }
        ran
    }

    /// A green thread of this server ends. The loop may wait for its place.
    fn leave(&self, max: usize) {
        if self.live.fetch_sub(1, SeqCst) == max
            && let Some(waker) = &*self.waker.lock()
        {
            waker.wake();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn loop_is_woken_once_there_is_a_place() {
        let waker = Waker::new().unwrap();
        let live = AtomicUsize::new(3);
        let shared = Shared { live, waker: Mutex::new(Some(waker.clone())), ..Shared::default() };
        shared.leave(3);
        assert!(waker.was_woken());
        shared.leave(3);
        assert!(!waker.was_woken(), "it was not full before");
    }
}
