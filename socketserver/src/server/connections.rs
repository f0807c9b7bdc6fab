//! The live requests: counted, limited, and cut at a deadline.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::job::quietly;
use super::shutdown::deadline_after;
use super::stats::Stats;
use super::waker::Waker;
use crate::socket::{Address, Host};
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use crate::sync::{Instant, Mutex};

/// So many parts the registry has, so that requests on different threads rarely meet at a lock.
const SHARDS: usize = 16;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its handler returned.
    Finished,
    /// Its handler, or what comes before it, failed or panicked.
    Failed,
    /// It never came to a handler.
    Refused,
    /// It was ended at a deadline, or killed.
    Aborted,
}

/// Ends a request abruptly, from another thread.
type Cut = Box<dyn Fn() + Send>;

struct Live {
    /// None once the request is somebody else's, as a forked child's is.
    cut: Option<Cut>,
    was_aborted: bool,
    group: Option<Host>,
}

/// What the builder was told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub(super) max_connections: Option<usize>,
    pub(super) max_connections_per_address: Option<usize>,
    pub(super) deadline: Option<Duration>,
}

pub(crate) struct Connections {
    limits: Limits,
    shards: [Mutex<HashMap<u64, Live>>; SHARDS],
    /// How many are live for each client address; only kept when that is limited. An entry goes
    /// with its last request.
    groups: Mutex<HashMap<Host, usize>>,
    /// When each request is cut, in the order in which they came, which is the order of the times
    /// too.
    deadlines: Mutex<VecDeque<(Instant, u64)>>,
    accepted: AtomicU64,
    /// How many have come to the thread or process that runs them, or to an end before that.
    begun: AtomicU64,
    finished: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    aborted: AtomicU64,
    accept_errors: AtomicU64,
    /// How many wait for requests to begin or end. Counted before looking whether that must be
    /// waited for, and looked at after a request was counted: so one of the two sees the other.
    watching: AtomicUsize,
    waker: Waker,
}

impl Connections {
    pub(super) fn new(limits: Limits, waker: Waker) -> Self {
        Connections {
            limits,
            shards: Default::default(),
            groups: Mutex::default(),
            deadlines: Mutex::default(),
            accepted: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            aborted: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
            watching: AtomicUsize::new(0),
            waker,
        }
    }

    fn shard(&self, id: u64) -> &Mutex<HashMap<u64, Live>> {
        &self.shards[id as usize % SHARDS]
    }

    /// Counts a request and keeps it until its ticket is closed. Tells also whether it is welcome,
    /// or its client has as many live requests already as one may have.
    pub(super) fn admit(self: &Arc<Self>, address: &Address, cut: Cut) -> (Ticket, bool) {
        let id = self.accepted.fetch_add(1, SeqCst);
        let (group, welcome) = self.join_group(address);
        self.shard(id).lock().insert(
            id,
            Live {
                cut: Some(cut),
                was_aborted: false,
                group,
            },
        );
        self.remember_deadline(id);
        (
            Ticket {
                connections: self.clone(),
                id,
                open: true,
                begun: false,
            },
            welcome,
        )
    }

    fn remember_deadline(&self, id: u64) {
        /// So many more than twice the live ones are not worth a look.
        const SPARE: u64 = 1_024;
        let Some(deadline) = self.limits.deadline else {
            return;
        };
        let mut deadlines = self.deadlines.lock();
        deadlines.push_back((deadline_after(deadline), id));
        // Behind one that lives long, those that have ended would gather.
        if deadlines.len() as u64 > 2 * self.active() + SPARE {
            deadlines.retain(|(_, id)| self.shard(*id).lock().contains_key(id));
        }
    }

    fn join_group(&self, address: &Address) -> (Option<Host>, bool) {
        let (Some(limit), Some(group)) = (self.limits.max_connections_per_address, address.host())
        else {
            return (None, true);
        };
        let mut groups = self.groups.lock();
        let members = groups.entry(group.clone()).or_default();
        if *members >= limit {
            return (None, false);
        }
        *members += 1;
        (Some(group), true)
    }

    fn leave_group(&self, group: &Host) {
        let mut groups = self.groups.lock();
        if let Some(members) = groups.get_mut(group) {
            *members -= 1;
            if *members == 0 {
                groups.remove(group);
            }
        }
    }

    fn begin(&self) {
        self.begun.fetch_add(1, SeqCst);
        self.ring();
    }

    /// Whether every request has come to where it runs.
    pub(super) fn all_begun(&self) -> bool {
        self.begun.load(SeqCst) >= self.accepted.load(SeqCst)
    }

    fn ring(&self) {
        if self.watching.load(SeqCst) > 0 {
            self.waker.wake();
        }
    }

    /// Whether no further request may be taken now.
    pub(super) fn full(&self) -> bool {
        self.limits
            .max_connections
            .is_some_and(|max| self.active() >= max as u64)
    }

    /// As long as the result lives every beginning and end rings the bell.
    pub(super) fn watch(&self) -> Watching<'_> {
        self.watching.fetch_add(1, SeqCst);
        Watching(self)
    }

    pub(super) fn count_accept_error(&self) {
        self.accept_errors.fetch_add(1, SeqCst);
    }

    fn ended(&self) -> u64 {
        [&self.finished, &self.failed, &self.refused, &self.aborted]
            .iter()
            .map(|count| count.load(SeqCst))
            .sum()
    }

    /// Derived, not kept: so it cannot drift from the counters.
    pub(super) fn active(&self) -> u64 {
        // In this order a request in between is seen as live, never as ended before it began.
        let ended = self.ended();
        self.accepted.load(SeqCst) - ended
    }

    pub(super) fn stats(&self) -> Stats {
        let mut stats = Stats {
            finished: self.finished.load(SeqCst),
            failed: self.failed.load(SeqCst),
            refused: self.refused.load(SeqCst),
            aborted: self.aborted.load(SeqCst),
            accept_errors: self.accept_errors.load(SeqCst),
            ..Stats::default()
        };
        stats.accepted = self.accepted.load(SeqCst);
        stats.active =
            stats.accepted - stats.finished - stats.failed - stats.refused - stats.aborted;
        stats
    }

    fn close(&self, id: u64, end: End) {
        let mut shard = self.shard(id).lock();
        let Some(live) = shard.remove(&id) else {
            return;
        };
        // Under the lock: who finds the request gone, as who gives up what is live, finds it counted.
        self.count(&live, end);
        drop(shard);
        // The request may close its descriptor as it goes: not under the lock.
        let_go(live);
        self.ring();
    }

    fn count(&self, live: &Live, end: End) {
        if let Some(group) = &live.group {
            self.leave_group(group);
        }
        let count = match end {
            _ if live.was_aborted => &self.aborted,
            End::Finished => &self.finished,
            End::Failed => &self.failed,
            End::Refused => &self.refused,
            End::Aborted => &self.aborted,
        };
        count.fetch_add(1, SeqCst);
    }

    /// Cuts the requests whose time is over. Returns when the next one's is.
    pub(super) fn abort_overdue(&self) -> Option<Instant> {
        self.limits.deadline?;
        let mut deadlines = self.deadlines.lock();
        loop {
            let &(deadline, id) = deadlines.front()?;
            let mut shard = self.shard(id).lock();
            match shard.get_mut(&id) {
                // One that has ended need not be waited for.
                None => {}
                Some(_) if deadline > Instant::now() => return Some(deadline),
                Some(live) => cut(live),
            }
            deadlines.pop_front();
        }
    }

    /// Cuts whatever is live. Returns how many that were.
    pub(super) fn abort_all(&self) -> u64 {
        let mut count = 0;
        for shard in &self.shards {
            for live in shard.lock().values_mut() {
                count += 1;
                cut(live);
            }
        }
        count
    }

    /// Gives up what is still live: counted as cut, and forgotten. Returns how many that were.
    pub(super) fn abandon_all(&self) -> u64 {
        let mut count = 0;
        for shard in &self.shards {
            let abandoned = std::mem::take(&mut *shard.lock());
            for live in abandoned.into_values() {
                count += 1;
                self.count(&live, End::Aborted);
                let_go(live);
            }
        }
        count
    }
}

fn cut(live: &mut Live) {
    live.was_aborted = true;
    if let Some(cut) = &live.cut {
        quietly("a transport's `cut`", cut);
    }
}

/// What holds a request may be the last that does, and then runs what the user's request does as it
/// goes.
fn let_go<L>(holds_a_request: L) {
    quietly("dropping a request", || drop(holds_a_request));
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("active", &self.active())
            .finish_non_exhaustive()
    }
}

/// Somebody waits for requests to begin or end.
pub(super) struct Watching<'a>(&'a Connections);

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.0.watching.fetch_sub(1, SeqCst);
    }
}

/// A live request's place in the server's books. It is closed with how the request ended, exactly
/// once; dropped without that, the request was refused.
#[derive(Debug)]
pub struct Ticket {
    connections: Arc<Connections>,
    id: u64,
    open: bool,
    begun: bool,
}

impl Ticket {
    /// The request is where it runs.
    pub(super) fn begin(&mut self) {
        if !self.begun {
            self.begun = true;
            self.connections.begin();
        }
    }

    /// Closes the ticket. A request that was cut meanwhile counts as cut.
    pub fn end(mut self, end: End) {
        self.close(end);
    }

    fn close(&mut self, end: End) {
        self.begin();
        if self.open {
            self.open = false;
            self.connections.close(self.id, end);
        }
    }

    /// From here on this is how the request is cut. It is called on any thread, under a lock, and
    /// waits for nothing.
    pub fn set_abort(&self, cut: impl Fn() + Send + 'static) {
        let replaced = match self.connections.shard(self.id).lock().get_mut(&self.id) {
            Some(live) => live.cut.replace(Box::new(cut)),
            None => None,
        };
        // Its descriptor may close here: not under the lock.
        let_go(replaced);
    }

    /// The request is somebody else's from here on: the server lets go of it, and can cut it no
    /// more.
    pub(super) fn release(&self) {
        let released = match self.connections.shard(self.id).lock().get_mut(&self.id) {
            Some(live) => live.cut.take(),
            None => None,
        };
        // Its descriptor may close here: not under the lock.
        let_go(released);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.close(End::Refused);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn connections(limits: Limits) -> Arc<Connections> {
        Arc::new(Connections::new(limits, Waker::new().unwrap()))
    }

    fn address(ip: &str) -> Address {
        Address::Inet((ip.parse::<IpAddr>().unwrap(), 1).into())
    }

    #[test]
    fn every_request_comes_to_one_end() {
        let connections = connections(Limits::default());
        let admit = || connections.admit(&Address::Unnamed, Box::new(|| ())).0;
        admit().end(End::Finished);
        admit().end(End::Failed);
        drop(admit());
        let (cut, abandoned) = (admit(), admit());
        assert_eq!(connections.active(), 2);
        assert_eq!(connections.abort_all(), 2);
        cut.end(End::Finished);
        assert_eq!(connections.abandon_all(), 1);
        abandoned.end(End::Finished);
        let stats = connections.stats();
        assert_eq!((stats.accepted, stats.active), (5, 0));
        assert_eq!(
            (stats.finished, stats.failed, stats.refused, stats.aborted),
            (1, 1, 1, 2)
        );
    }

    #[test]
    fn one_client_cannot_take_all_places() {
        let limits = Limits {
            max_connections_per_address: Some(2),
            ..Limits::default()
        };
        let connections = connections(limits);
        let admit = |ip: &str| connections.admit(&address(ip), Box::new(|| ()));
        let first = [admit("2001:db8::1"), admit("2001:db8::2")];
        assert!(first.iter().all(|(_, welcome)| *welcome));
        assert!(!admit("2001:db8::3").1, "the /64 is full");
        assert!(admit("2001:db8:0:1::1").1, "another /64 is not");
        drop(first);
        assert!(admit("2001:db8::3").1);
        assert!(admit("::ffff:10.0.0.1").1);
        drop(connections.admit(&address("10.0.0.1"), Box::new(|| ())));
        assert!(
            connections.groups.lock().is_empty(),
            "the table holds only live clients"
        );
    }

    #[test]
    fn one_that_lives_long_keeps_no_memory_of_others() {
        let limits = Limits {
            deadline: Some(Duration::from_secs(3_600)),
            ..Limits::default()
        };
        let connections = connections(limits);
        let admit = || connections.admit(&Address::Unnamed, Box::new(|| ())).0;
        let (long, other) = (admit(), admit());
        for _ in 0..10_000 {
            admit().end(End::Finished);
        }
        let deadlines: Vec<_> = connections.deadlines.lock().iter().copied().collect();
        assert!(deadlines.len() <= 1_028, "{}", deadlines.len());
        assert!(deadlines.is_sorted());
        assert_eq!([deadlines[0].1, deadlines[1].1], [long.id, other.id]);
    }

    #[test]
    fn who_has_waited_leaves_the_bell_to_others() {
        let connections = connections(Limits::default());
        let rings = || {
            drop(connections.admit(&Address::Unnamed, Box::new(|| ())));
            connections.waker.rung()
        };
        assert!(!rings());
        let one = connections.watch();
        let other = connections.watch();
        assert!(rings());
        drop(one);
        assert!(rings());
        drop(other);
        assert!(!rings());
    }

    #[test]
    fn the_deadline_cuts_in_order_and_skips_what_has_ended() {
        let limits = Limits {
            deadline: Some(Duration::ZERO),
            ..Limits::default()
        };
        let connections = connections(limits);
        let cuts = Arc::new(AtomicU64::new(0));
        let admit = || {
            let cuts = cuts.clone();
            connections
                .admit(
                    &Address::Unnamed,
                    Box::new(move || _ = cuts.fetch_add(1, SeqCst)),
                )
                .0
        };
        let live = admit();
        admit().end(End::Finished);
        assert_eq!(connections.abort_overdue(), None);
        assert_eq!(cuts.load(SeqCst), 1);
        live.end(End::Finished);
        assert_eq!(connections.stats().aborted, 1);
    }
}
