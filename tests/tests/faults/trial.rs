//! One fault in one column: its size, its server, its figures.

use std::fmt::Display;
use std::process::Command;
use std::thread;
use std::time::Duration;

use socketserver::Address;
use tests::{Process, until};

use crate::child::{Child, Ended, Holdings};
use crate::column::{Column, KEEP_ALIVE};
use crate::fault::Fault;
use crate::figure::{Figure, Outcome};

/// So much longer things may take in the quick size, where others run beside it, and at least so
/// long.
const BUSY: (u32, Duration) = (10, Duration::from_secs(2));

/// So much memory a server may keep after a fault, in KiB: what the allocator does not give back.
const KEPT: u64 = 8 * 1024;

/// A fault that is being tried.
pub(crate) struct Trial {
    fault: &'static Fault,
    column: Column,
    full: bool,
    figures: Vec<Figure>,
}

impl Trial {
    pub(crate) fn new(fault: &'static Fault, column: Column, full: bool) -> Self {
        Trial {
            fault,
            column,
            full,
            figures: Vec::new(),
        }
    }

    pub(crate) fn fault(&self) -> &'static Fault {
        self.fault
    }

    pub(crate) fn column(&self) -> Column {
        self.column
    }

    /// One of two numbers: the small one of the quick size, or the one that counts.
    pub(crate) fn size<T>(&self, quick: T, full: T) -> T {
        if self.full { full } else { quick }
    }

    /// Starts the fault's server with these arguments, and waits until it listens.
    #[track_caller]
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.start_as(arguments, |_| ())
    }

    /// [`start`](Self::start) by a changed command.
    #[track_caller]
    pub(crate) fn start_as(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Child {
        let process = Child::launch(self.fault, self.column, arguments, change);
        Child::listening(process).unwrap_or_else(|line| panic!("it says {line:?}"))
    }

    /// Starts the fault's server and waits for nothing.
    pub(crate) fn launch(&self, arguments: &[&str]) -> Process {
        Child::launch(self.fault, self.column, arguments, |_| ())
    }

    /// A figure, and whether it is where its bar wants it.
    pub(crate) fn check(&mut self, bar: impl Into<String>, measured: impl Display, holds: bool) {
        let outcome = if holds {
            Outcome::Passed
        } else {
            Outcome::Failed
        };
        self.tell(bar.into(), measured.to_string(), outcome);
    }

    /// A time that must not be longer than the limit, which is far longer in the quick size.
    pub(crate) fn within(&mut self, what: &str, limit: Duration, measured: Duration) {
        let limit = self.limit(limit);
        let bar = format!("{what} ≤ {limit:?}");
        self.check(bar, brief(measured), measured <= limit);
    }

    /// A limit as this size wants it.
    pub(crate) fn limit(&self, limit: Duration) -> Duration {
        let (times, at_least) = BUSY;
        self.size((limit * times).max(at_least), limit)
    }

    /// This machine cannot show it.
    pub(crate) fn skip(&mut self, why: &str) {
        self.tell("can be shown here".into(), why.into(), Outcome::Skipped);
    }

    fn tell(&mut self, bar: String, measured: String, outcome: Outcome) {
        self.figures.push(Figure {
            fault: self.fault,
            column: self.column,
            bar,
            measured,
            outcome,
        });
    }

    pub(crate) fn into_figures(self) -> Vec<Figure> {
        self.figures
    }

    /// Serves one client, so that what is made once is there, and tells what the server has when
    /// it has come to rest.
    #[track_caller]
    pub(crate) fn baseline(&self, child: &Child, serve_one: fn(&Address)) -> Holdings {
        serve_one(child.address());
        let mut last = child.holdings();
        until("the server has come to rest", || {
            thread::sleep(2 * KEEP_ALIVE);
            let now = child.holdings();
            let rests = now.same_as(&last);
            last = now;
            rests
        });
        last
    }

    /// After the fault: the next client is served, the server has no more than before, and when it
    /// has ended its books add up.
    #[track_caller]
    pub(crate) fn end(&mut self, child: Child, before: Holdings, serve_one: fn(&Address)) -> Ended {
        serve_one(child.address());
        until("the server has no more than before", || {
            child.holdings().no_more_than(&before)
        });
        let now = child.holdings();
        let grown = now.resident.saturating_sub(before.resident);
        self.check(
            format!(
                "afterwards: the next client served; threads, descriptors and processes as before; \
                 memory within {} MiB",
                KEPT / 1024
            ),
            format!(
                "{} of {} threads, {} of {} descriptors, {} of {} processes, +{:.1} MiB",
                now.threads,
                before.threads,
                now.descriptors,
                before.descriptors,
                now.children,
                before.children,
                grown as f64 / 1024.0,
            ),
            grown <= KEPT,
        );
        let ended = child.end();
        self.books(&ended);
        ended
    }

    /// Whether every request that was accepted came to one end.
    pub(crate) fn books(&mut self, ended: &Ended) {
        let accepted = ended.told("accepted");
        let ends = ["finished", "failed", "refused", "aborted"].map(|name| ended.told(name));
        let [finished, failed, refused, cut] = ends;
        self.check(
            "accepted = finished + failed + refused + cut; exit status 0",
            format!(
                "{accepted} = {finished} + {failed} + {refused} + {cut}; {}",
                ended.status
            ),
            accepted == ends.iter().sum() && ended.status.success(),
        );
    }
}

/// A time as a reader wants it.
pub(crate) fn brief(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 0.01 => format!("{:.2} ms", seconds * 1e3),
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}
