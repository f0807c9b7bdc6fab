//! Warns of green threads that keep their core to themselves.
//!
//! Each scheduler counts its turns in its [`Activity`]: the count is odd while a green thread runs.
//! One watchdog thread reads all counts every 25 ms. A count that is odd and has not changed for
//! 100 ms is a turn that lasts too long, and is logged once. While all schedulers sleep the
//! watchdog does too.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::TARGET;
use crate::panics::log_quietly;

/// A turn that lasts longer is logged.
const LONG: Duration = Duration::from_millis(100);

/// When a warning was last logged.
pub(super) type LastWarning = Mutex<Option<Instant>>;

/// Calls `log`, at most once a second. No lock is held meanwhile, and the logger may get here again.
#[cold]
pub(super) fn warn_at_times(last: &LastWarning, log: impl FnOnce()) {
    let now = Instant::now();
    let mut last = last.lock();
    if last.is_some_and(|last| now - last < Duration::from_secs(1)) {
        return;
    }
    *last = Some(now);
    drop(last);
    log_quietly(TARGET, log);
}

/// What the watchdog sees of a scheduler. Only the scheduler's own thread changes it.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// False while the scheduler sleeps.
    awake: AtomicBool,
    /// Counts the beginnings and ends of turns: odd while a green thread runs.
    turns: AtomicU64,
    /// The number of the green thread that runs, or ran last.
    task: AtomicUsize,
    /// The names of all green threads, by their numbers.
    names: Mutex<Vec<&'static str>>,
}

/// Set while the watchdog sleeps, because no scheduler was awake when it last looked.
static ASLEEP: AtomicBool = AtomicBool::new(false);
static WATCHDOG: OnceLock<Thread> = OnceLock::new();

impl Activity {
    /// The scheduler does not sleep any more.
    pub(super) fn wake_up(&self) {
        self.awake.store(true, SeqCst);
        if ASLEEP.load(SeqCst)
            && ASLEEP.swap(false, SeqCst)
            && let Some(watchdog) = WATCHDOG.get()
        {
            watchdog.unpark();
        }
    }

    /// The scheduler is about to sleep.
    pub(super) fn fall_asleep(&self) {
        self.awake.store(false, SeqCst);
    }

    /// Sets the name of a green thread.
    pub(super) fn name(&self, task: usize, name: &'static str) {
        let mut names = self.names.lock();
        if names.len() <= task {
            names.resize(task + 1, "");
        }
        names[task] = name;
    }

    // Only one thread writes the count, so that a load and a store will do: an atomic addition
    // would cost more.

    pub(super) fn begin_turn(&self, task: usize) {
        self.task.store(task, Relaxed);
        self.turns.store(self.turns.load(Relaxed) + 1, Release);
    }

    pub(super) fn end_turn(&self) {
        self.turns.store(self.turns.load(Relaxed) + 1, Release);
    }

    /// The turn that is under way.
    fn current_turn(&self) -> Option<u64> {
        Some(self.turns.load(Acquire)).filter(|turns| turns % 2 == 1)
    }

    fn name_of_running(&self) -> &'static str {
        let names = self.names.lock();
        names.get(self.task.load(Relaxed)).copied().unwrap_or_default()
    }
}

/// What the watchdog saw of a scheduler when it last looked.
#[derive(Clone, Copy, Default)]
struct Seen {
    turn: Option<u64>,
    since: Option<Instant>,
    logged: bool,
}

/// Starts the watchdog's thread.
pub(super) fn start(schedulers: Vec<&'static Activity>) -> io::Result<()> {
    thread::Builder::new().name("green-watchdog".to_owned()).spawn(move || {
        // Before it can be asleep, so that a scheduler that finds it asleep can wake it.
        let _ = WATCHDOG.set(thread::current());
        run(&schedulers)
    })?;
    Ok(())
}

fn run(schedulers: &[&Activity]) -> ! {
    let mut seen = vec![Seen::default(); schedulers.len()];
    let all_asleep = || !schedulers.iter().any(|scheduler| scheduler.awake.load(SeqCst));
    loop {
        if all_asleep() {
            ASLEEP.store(true, SeqCst);
            // A scheduler that wakes up after this line finds the watchdog asleep and wakes it; one
            // that woke up before is seen here.
            while ASLEEP.load(SeqCst) && all_asleep() {
                thread::park();
            }
            ASLEEP.store(false, SeqCst);
        }
        thread::sleep(LONG / 4);
        for (scheduler, seen) in schedulers.iter().zip(&mut seen) {
            look(scheduler, seen);
        }
    }
}

fn look(scheduler: &Activity, seen: &mut Seen) {
    let turn = scheduler.current_turn();
    if turn.is_none() || turn != seen.turn {
        *seen = Seen { turn, since: Some(Instant::now()), logged: false };
        return;
    }
    if let Some(since) = seen.since
        && !seen.logged
        && since.elapsed() >= LONG
    {
        let name = scheduler.name_of_running();
        // If the turn is over by now, the name may be another green thread's.
        if scheduler.current_turn() != turn {
            return;
        }
        seen.logged = true;
        log_quietly(TARGET, || {
            log::warn!(
                target: TARGET,
                "{name} has kept its core for over {LONG:?}, and the other green threads there wait: \
                 it computes, or it blocks in a way that cannot park, such as a lock of `std`; \
                 see the rules of `socketserver::green`"
            );
        });
    }
}
