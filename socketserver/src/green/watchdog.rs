//! Tells of green threads that keep their core to themselves.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A green thread that runs for longer without a break is told of.
const LONG: Duration = Duration::from_millis(100);

/// What the watchdog sees of a scheduler. Only the scheduler's own thread changes it.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// It has something to do, or soon finds that it has not.
    awake: AtomicBool,
    /// Counts beginnings and ends: odd while a green thread runs.
    turn: AtomicU64,
    /// The number of the one that runs, or ran last.
    task: AtomicUsize,
    /// Their names, by their numbers.
    names: Mutex<Vec<&'static str>>,
}

/// The watchdog waits to be woken, because no scheduler was awake when it last looked.
static ASLEEP: AtomicBool = AtomicBool::new(false);
static WATCHDOG: OnceLock<Thread> = OnceLock::new();

impl Watch {
    /// The scheduler has something to do.
    pub(super) fn wake_up(&self) {
        self.awake.store(true, SeqCst);
        if ASLEEP.load(SeqCst)
            && ASLEEP.swap(false, SeqCst)
            && let Some(watchdog) = WATCHDOG.get()
        {
            watchdog.unpark();
        }
    }

    /// It has not.
    pub(super) fn fall_asleep(&self) {
        self.awake.store(false, SeqCst);
    }

    /// The name of a green thread that will run.
    pub(super) fn name(&self, task: usize, name: &'static str) {
        let mut names = self.names.lock();
        if names.len() <= task {
            names.resize(task + 1, "");
        }
        names[task] = name;
    }

    /// A green thread begins to run.
    pub(super) fn begin(&self, task: usize) {
        self.task.store(task, Relaxed);
        self.turn.store(self.turn.load(Relaxed) + 1, Release);
    }

    pub(super) fn end(&self) {
        self.turn.store(self.turn.load(Relaxed) + 1, Release);
    }

    /// The turn that runs now.
    fn running(&self) -> Option<u64> {
        Some(self.turn.load(Acquire)).filter(|turn| turn % 2 == 1)
    }

    fn is_awake(&self) -> bool {
        self.awake.load(SeqCst)
    }

    fn name_of_running(&self) -> &'static str {
        let names = self.names.lock();
        names
            .get(self.task.load(Relaxed))
            .copied()
            .unwrap_or_default()
    }
}

/// What was seen at the last look.
#[derive(Clone, Copy, Default)]
struct Seen {
    turn: Option<u64>,
    since: Option<Instant>,
    told: bool,
}

/// Starts the thread that looks.
pub(super) fn start(watches: Vec<&'static Watch>) -> io::Result<()> {
    thread::Builder::new()
        .name("green-watchdog".to_owned())
        .spawn(move || {
            // Before it can be asleep: who finds it so can wake it.
            let _ = WATCHDOG.set(thread::current());
            watch(&watches)
        })?;
    Ok(())
}

fn watch(watches: &[&Watch]) -> ! {
    let mut seen = vec![Seen::default(); watches.len()];
    loop {
        if !watches.iter().any(|watch| watch.is_awake()) {
            ASLEEP.store(true, SeqCst);
            // Whoever wakes up after this line sees that the watchdog sleeps; who did before is
            // seen here.
            while ASLEEP.load(SeqCst) && !watches.iter().any(|watch| watch.is_awake()) {
                thread::park();
            }
            ASLEEP.store(false, SeqCst);
        }
        thread::sleep(LONG / 4);
        for (watch, seen) in watches.iter().zip(&mut seen) {
            look(watch, seen);
        }
    }
}

fn look(watch: &Watch, seen: &mut Seen) {
    let turn = watch.running();
    if turn.is_none() || turn != seen.turn {
        *seen = Seen {
            turn,
            since: Some(Instant::now()),
            told: false,
        };
        return;
    }
    if let Some(since) = seen.since
        && !seen.told
        && since.elapsed() >= LONG
    {
        let name = watch.name_of_running();
        if watch.running() != turn {
            return;
        }
        seen.told = true;
        log::warn!(
            target: "socketserver::green",
            "{name} has kept its core for over {LONG:?}, and the other green threads there wait: it computes, or waits in a way that cannot park, for a lock of `std` perhaps; see the rules of `socketserver::green`"
        );
    }
}
