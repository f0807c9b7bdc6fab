//! Tells of green threads that keep their core to themselves.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A green thread that runs for longer without a break is told of.
const LONG: Duration = Duration::from_millis(100);

/// What the watchdog sees of a scheduler.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Counts beginnings and ends: odd while a green thread runs.
    turn: AtomicU64,
    name: Mutex<&'static str>,
}

/// The watchdog waits to be woken, because nothing ran when it last looked.
static ASLEEP: AtomicBool = AtomicBool::new(false);
static WATCHDOG: OnceLock<Thread> = OnceLock::new();

impl Watch {
    /// A green thread begins to run. Only the scheduler's own thread calls this and
    /// [`end`](Self::end).
    pub(super) fn begin(&self, name: &'static str) {
        {
            let mut last = self.name.lock();
            if !std::ptr::eq(*last, name) {
                *last = name;
            }
        }
        self.turn.fetch_add(1, SeqCst);
        if ASLEEP.load(SeqCst)
            && ASLEEP.swap(false, SeqCst)
            && let Some(watchdog) = WATCHDOG.get()
        {
            watchdog.unpark();
        }
    }

    pub(super) fn end(&self) {
        self.turn.fetch_add(1, SeqCst);
    }

    /// The turn that runs now.
    fn running(&self) -> Option<u64> {
        Some(self.turn.load(SeqCst)).filter(|turn| turn % 2 == 1)
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
    let thread = thread::Builder::new()
        .name("green-watchdog".to_owned())
        .spawn(move || watch(&watches))?;
    let _ = WATCHDOG.set(thread.thread().clone());
    Ok(())
}

fn watch(watches: &[&Watch]) -> ! {
    let mut seen = vec![Seen::default(); watches.len()];
    loop {
        if watches.iter().all(|watch| watch.running().is_none()) {
            ASLEEP.store(true, SeqCst);
            // Whoever begins after this line sees that the watchdog sleeps; who began before is
            // seen here.
            while ASLEEP.load(SeqCst) && watches.iter().all(|watch| watch.running().is_none()) {
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
    let name = *watch.name.lock();
    if let Some(since) = seen.since
        && !seen.told
        && since.elapsed() >= LONG
    {
        seen.told = true;
        log::warn!(
            target: "socketserver::green",
            "{name} has kept its core for over {LONG:?}, and the other green threads there wait: compute in `blocking`"
        );
    }
}
