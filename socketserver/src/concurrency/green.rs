//! A green thread for every live request.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use parking_lot::Mutex;

use super::Concurrency;
use crate::green::{self, STACK_SIZE, Stacks};
use crate::server::{Builder, Job, Rejected, Waker, Workers};

/// Every request runs on a green thread of its own: the handler is the same blocking code as for
/// [`Threading`], and where it waits for its socket another one runs. Right for tens of thousands
/// of connections that mostly wait.
///
/// [`green`](crate::green) has the rules for code that runs there.
///
/// [`Threading`]: crate::Threading
///
/// Python: what `gevent` makes of `ThreadingMixIn`
#[derive(Debug)]
pub struct Green {
    stack_size: usize,
    max_green_threads: usize,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    live: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Default for Green {
    fn default() -> Self {
        Green {
            stack_size: STACK_SIZE,
            max_green_threads: usize::MAX,
            shared: Arc::default(),
        }
    }
}

impl Green {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How large each stack is, in bytes, rounded up to 64 KiB. Memory is used only as far as the
    /// stack is. 64 KiB unless set, 256 KiB without optimisation.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// At most so many green threads of this server: while there are as many it takes no request,
    /// and clients wait in the system's queue. No limit unless set.
    pub fn max_green_threads(mut self, threads: usize) -> Self {
        self.max_green_threads = threads.max(1);
        self
    }
}

impl Concurrency for Green {
    fn attach(&self, waker: &Waker) -> io::Result<()> {
        *self.shared.waker.lock() = Some(waker.clone());
        green::start()
    }

    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        let reserved = match Stacks::of(self.stack_size).reserve() {
            Ok(reserved) => reserved,
            Err(error) => return Err(Rejected { job, error }),
        };
        let (shared, max) = (self.shared.clone(), self.max_green_threads);
        shared.live.fetch_add(1, SeqCst);
        reserved.spawn(job.type_name(), move || {
            job.run();
            shared.leave(max);
        });
        Ok(())
    }

    fn full(&self) -> bool {
        self.shared.live.load(SeqCst) >= self.max_green_threads
    }

    fn workers(&self) -> Workers {
        Workers::new(self.shared.live.load(SeqCst), 0)
    }
}

impl Shared {
    /// A green thread of this server ends. The loop may be waiting for its place.
    fn leave(&self, max: usize) {
        if self.live.fetch_sub(1, SeqCst) == max
            && let Some(waker) = &*self.waker.lock()
        {
            waker.wake();
        }
    }
}

/// The options of [`Green`].
impl<T, H, S> Builder<T, Green, H, S> {
    /// [`Green::stack_size`]
    pub fn stack_size(self, bytes: usize) -> Self {
        self.map_concurrency(|green| green.stack_size(bytes))
    }

    /// [`Green::max_green_threads`]
    pub fn max_green_threads(self, threads: usize) -> Self {
        self.map_concurrency(|green| green.max_green_threads(threads))
    }
}
