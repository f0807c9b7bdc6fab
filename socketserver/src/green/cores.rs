//! All schedulers, one per core: starts them, finds one by its number, and gives each new green
//! thread to the scheduler with the fewest.

use std::io;
use std::mem;
use std::ptr;
use std::sync::{OnceLock, mpsc};
use std::thread;

use parking_lot::Mutex;

use super::local::{self, local};
use super::scheduler::{Message, Scheduler};
use super::task::NewTask;
use super::watchdog;
use crate::sys::coroutine::must_be_enabled;
use crate::sys::stack_overflow::report_overflows;

/// All schedulers, from the first use to the end of the process.
static SCHEDULERS: OnceLock<Vec<&'static Scheduler>> = OnceLock::new();

/// The scheduler with this number. Only a scheduler gives out its number, so all have been started.
pub(super) fn scheduler(number: usize) -> &'static Scheduler {
    SCHEDULERS.get().expect("the schedulers have been started")[number]
}

/// All of them.
pub(super) fn schedulers() -> &'static [&'static Scheduler] {
    SCHEDULERS.get().map_or(&[], Vec::as_slice)
}

/// How many schedulers there are, or will be. The number stands in files that may be out of reach
/// later, so it is kept.
pub(crate) fn count_cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, |cores| cores.get()))
}

/// Starts the schedulers, unless they have been started.
///
/// # Errors
/// `Unsupported` if green threads are not enabled; the system's: no threads or descriptors left.
pub(crate) fn start() -> io::Result<()> {
    /// Those that have started, until all have: another attempt goes on from there.
    static STARTED: Mutex<Vec<&'static Scheduler>> = Mutex::new(Vec::new());
    if SCHEDULERS.get().is_some() {
        return Ok(());
    }
    must_be_enabled()?;
    let mut started = STARTED.lock();
    if SCHEDULERS.get().is_none() {
        report_overflows();
        while started.len() < count_cores() {
            let number = started.len();
            started.push(start_one(number)?);
        }
        watchdog::start(started.iter().map(|one| &one.activity).collect())?;
        let _ = SCHEDULERS.set(mem::take(&mut started));
    }
    Ok(())
}

fn start_one(number: usize) -> io::Result<&'static Scheduler> {
    let scheduler = Scheduler::new(number)?;
    let (hand_over, taken) = mpsc::channel();
    thread::Builder::new().name(format!("green-{number}")).spawn(move || {
        if let Ok(scheduler) = taken.recv() {
            local::run(scheduler);
        }
    })?;
    // Leaked only now, when nothing can fail any more.
    let scheduler: &'static Scheduler = Box::leak(Box::new(scheduler));
    let _ = hand_over.send(scheduler);
    Ok(scheduler)
}

/// Gives a green thread to the scheduler that has the fewest. The schedulers must have been
/// started.
pub(super) fn spawn(new: NewTask) {
    let schedulers = SCHEDULERS.get().expect("the schedulers have been started");
    let least = schedulers
        .iter()
        .min_by_key(|scheduler| scheduler.live())
        .expect("there is at least one core");
    least.count_started();
    match local() {
        Some(local) if ptr::eq(local.scheduler, *least) => local.start(new),
        _ => least.send(Message::Start(new)),
    }
}
