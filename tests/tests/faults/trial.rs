//! One fault under one concurrency: its size, its server, its figures.

use std::mem;

use tests::prelude::*;

use crate::child::{Child, Ended, Holdings};
use crate::column::{Column, KEEP_ALIVE};
use crate::figure::Figure;

/// In the quick size, where other trials run beside this one, a limit of time is multiplied, and is
/// not shorter than this.
const BUSY: (u32, Duration) = (10, Duration::from_secs(2));

/// How much memory a server may keep after a fault, in KiB: the allocator does not return all.
const KEPT: u64 = 8 * 1024;

/// Something that goes wrong, and what a server promises then.
pub(crate) struct Fault {
    /// Its name on the command line: that of its file.
    pub(crate) name: &'static str,
    /// A sentence for the table.
    pub(crate) title: &'static str,
    pub(crate) columns: &'static [Column],
    /// The program of the child process, with the arguments of [`Trial::start`].
    pub(crate) server: fn(Column, &[String]),
    /// The clients in this process, and the bars.
    pub(crate) clients: fn(&mut Trial),
}

/// A fault that is being tried under one concurrency.
pub(crate) struct Trial {
    fault: &'static Fault,
    column: Column,
    full: bool,
    figures: Vec<Figure>,
}

impl Trial {
    pub(crate) fn new(fault: &'static Fault, column: Column, full: bool) -> Self {
        let figures = Vec::new();
        Trial { fault, column, full, figures }
    }

    pub(crate) fn fault(&self) -> &'static Fault {
        self.fault
    }

    pub(crate) fn column(&self) -> Column {
        self.column
    }

    /// One of two values: that of the quick size, or that of the full size.
    pub(crate) fn size<T>(&self, quick: T, full: T) -> T {
        if self.full { full } else { quick }
    }

    /// Starts the fault's server with these arguments, and waits until it listens.
    #[track_caller]
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.start_as(arguments, |_| ())
    }

    /// [`start`](Self::start), and then the [`baseline`](Self::baseline).
    #[track_caller]
    pub(crate) fn begin(
        &self,
        arguments: &[&str],
        serve_one: impl Fn(&Address),
    ) -> (Child, Holdings) {
        let child = self.start(arguments);
        let before = self.baseline(&child, serve_one);
        (child, before)
    }

    #[track_caller]
    pub(crate) fn start_as(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Child {
        let process = Child::launch(self.fault, self.column, arguments, change);
        Child::listening(process)
            .unwrap_or_else(|line| panic!("expected the server's address, got {line:?}"))
    }

    pub(crate) fn launch(&self, arguments: &[&str]) -> Process {
        Child::launch(self.fault, self.column, arguments, |_| ())
    }

    /// Records a figure, and whether it meets its bar.
    pub(crate) fn check(&mut self, bar: impl Into<String>, measured: impl Display, holds: bool) {
        self.record(bar.into(), measured.to_string(), Some(holds));
    }

    /// Records a number, which must be that of all.
    pub(crate) fn all(&mut self, bar: &str, measured: u64, all: u64) {
        self.check(bar, format!("{measured} of {all}"), measured == all);
    }

    /// Records a time, which must not exceed the limit.
    pub(crate) fn within(&mut self, what: &str, limit: Duration, measured: Duration) {
        let limit = self.limit(limit);
        let bar = format!("{what} ≤ {limit:?}");
        self.check(bar, brief(measured), measured <= limit);
    }

    pub(crate) fn limit(&self, limit: Duration) -> Duration {
        let (times, at_least) = BUSY;
        self.size((limit * times).max(at_least), limit)
    }

    /// Records that this machine cannot show the fault.
    pub(crate) fn skip(&mut self, why: &str) {
        self.record("can be shown here".into(), why.into(), None);
    }

    fn record(&mut self, bar: String, measured: String, holds: Option<bool>) {
        let (fault, column) = (self.fault, self.column);
        self.figures.push(Figure { fault, column, bar, measured, holds });
    }

    pub(crate) fn into_figures(self) -> Vec<Figure> {
        self.figures
    }

    /// Serves one client, so that everything that is made once exists, and returns the server's
    /// holdings once they no longer change.
    #[track_caller]
    pub(crate) fn baseline(&self, child: &Child, serve_one: impl Fn(&Address)) -> Holdings {
        serve_one(child.address());
        let mut last = child.holdings();
        until("the server's holdings no longer change", || {
            thread::sleep(2 * KEEP_ALIVE);
            let before = mem::replace(&mut last, child.holdings());
            last.counts == before.counts
        });
        last
    }

    /// Checks the promises after each fault: the next client is served, the server holds no more
    /// than before, and its counters add up when it has ended.
    #[track_caller]
    pub(crate) fn end(
        &mut self,
        child: Child,
        before: Holdings,
        serve_one: impl Fn(&Address),
    ) -> Ended {
        serve_one(child.address());
        until("the server holds no more than before", || child.holdings().no_more_than(&before));
        let now = child.holdings();
        let grown = now.resident.saturating_sub(before.resident);
        let counts = now.counts.iter().zip(before.counts);
        let counts = ["threads", "descriptors", "processes"].iter().zip(counts);
        let counts = counts.map(|(what, (now, before))| format!("{now} of {before} {what}, "));
        let counts: String = counts.collect();
        self.check(
            format!(
                "afterwards the next client is served; threads, descriptors and processes are as \
                 before; memory is within {} MiB",
                KEPT / 1024
            ),
            format!("{counts}+{:.1} MiB", grown as f64 / 1024.0),
            grown <= KEPT,
        );
        let ended = child.end();
        self.books(&ended);
        ended
    }

    /// Checks that every accepted request had exactly one end.
    pub(crate) fn books(&mut self, ended: &Ended) {
        let accepted = ended.number("accepted");
        let ends = ["finished", "failed", "refused", "aborted"].map(|name| ended.number(name));
        let [finished, failed, refused, aborted] = ends;
        let status = match ended.status.success() {
            true => String::new(),
            false => format!("; {}", ended.status),
        };
        self.check(
            "accepted = finished + failed + refused + aborted; exit status 0",
            format!("{accepted} = {finished} + {failed} + {refused} + {aborted}{status}"),
            accepted == ends.iter().sum::<u64>() && ended.status.success(),
        );
    }
}

/// A time in three digits or so.
pub(crate) fn brief(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 0.01 => format!("{:.2} ms", seconds * 1e3),
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}
