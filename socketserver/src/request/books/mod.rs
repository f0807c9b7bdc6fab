//! The books of a server: its live requests, its counters, and when each request is overdue.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};
#[cfg(feature = "http")]
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use slab::Slab;

use super::abort::Abort;
use super::clock::deadline_after;
use super::counters::Counters;
use super::facts::LiveRequest;
use super::quotas::Quotas;
use super::shares::Share;
use super::stats::{End, Stats};
use super::waker::Waker;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use crate::sync::{Instant, Mutex};
#[cfg(feature = "http")]
use crate::sys::fork;

/// Parts of the table of live requests, so that requests on different threads rarely meet at a
/// lock.
const SHARDS: usize = 16;

/// Where a live request stands in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// The request's number, which no other request ever has.
    id: u64,
    /// The place in its shard, which another request may have later.
    place: usize,
}

struct Live {
    id: u64,
    abort: Abort,
    aborted: Option<Cause>,
    share: Option<Share>,
}

/// Why a request was aborted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Its own deadline is over.
    Overdue,
    /// The server ends.
    ServerEnds,
}

pub(crate) struct Books {
    /// How long a request may take before it is aborted.
    deadline: Option<Duration>,
    shards: [Mutex<Slab<Live>>; SHARDS],
    /// When each request is overdue, in the order of arrival, which is the order of the times too.
    deadlines: Mutex<VecDeque<(Instant, Entry)>>,
    counters: Counters,
    quotas: Quotas,
    /// How many threads wait for requests to begin or end. A watcher counts itself before it looks
    /// at the other counters. A request that begins or ends changes those before it looks at this
    /// one. So one of the two sees the other.
    watchers: AtomicUsize,
    waker: Waker,
    /// Can be read once the server ends, also in the children that it has forked.
    ended: OwnedFd,
    /// How deep the process that has made this is in a tree of forks.
    #[cfg(feature = "http")]
    born: u32,
    /// The same without a system call, for this process.
    has_ended: AtomicBool,
}

impl Books {
    /// # Errors
    /// No descriptors left.
    pub(crate) fn new(deadline: Option<Duration>, waker: Waker) -> io::Result<Self> {
        Ok(Books {
            deadline,
            shards: Default::default(),
            deadlines: Mutex::default(),
            counters: Counters::new(),
            quotas: Quotas::new(),
            watchers: AtomicUsize::new(0),
            waker,
            ended: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            #[cfg(feature = "http")]
            born: fork::depth(),
            has_ended: AtomicBool::new(false),
        })
    }

    fn shard(&self, id: u64) -> &Mutex<Slab<Live>> {
        &self.shards[id as usize % SHARDS]
    }

    /// Counts a request as accepted and enters it.
    pub(super) fn open(&self, abort: Abort, share: Option<Share>) -> Entry {
        let id = self.counters.accept() + 1;
        let live = Live { id, abort, aborted: None, share };
        let place = self.shard(id).lock().insert(live);
        let entry = Entry { id, place };
        self.note_deadline(entry);
        entry
    }

    fn note_deadline(&self, entry: Entry) {
        /// Entries that are tolerated beyond twice the live requests.
        const SPARE: u64 = 1_024;
        let Some(deadline) = self.deadline else {
            return;
        };
        let mut deadlines = self.deadlines.lock();
        deadlines.push_back((deadline_after(deadline), entry));
        // Behind a request that lives long, entries of ended requests would pile up.
        if deadlines.len() as u64 > 2 * self.active() + SPARE {
            deadlines.retain(|(_, entry)| entry.find(&mut self.shard(entry.id).lock()).is_some());
        }
    }

    /// A request has come to the thread or process that runs it.
    pub(super) fn begin(&self) {
        self.counters.begin();
        self.notify();
    }

    /// Whether every request has come to where it runs.
    pub(crate) fn all_begun(&self) -> bool {
        self.counters.all_begun()
    }

    fn notify(&self) {
        if self.watchers.load(SeqCst) > 0 {
            self.waker.wake();
        }
    }

    /// While the result lives, every beginning and end wakes the thread that waits.
    pub(crate) fn watch(&self) -> Watching<'_> {
        self.watchers.fetch_add(1, SeqCst);
        Watching(self)
    }

    pub(crate) fn count_accept_error(&self) {
        self.counters.accept_error();
    }

    /// How many requests may be live.
    #[inline]
    pub(crate) fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// Number of live requests.
    pub(crate) fn active(&self) -> u64 {
        self.counters.active()
    }

    /// The counters, except the workers.
    pub(crate) fn stats(&self) -> Stats {
        self.counters.stats()
    }

    /// The live requests, in the order in which they were accepted.
    pub(crate) fn live(&self) -> Vec<LiveRequest> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            let live = shard.iter().map(|(_, live)| (live.id, live.abort.clone()));
            let live: Vec<_> = live.collect();
            drop(shard);
            // Without the lock, because this may be a request's last owner for a moment.
            all.extend(live.iter().filter_map(|(id, abort)| abort.describe(*id)));
        }
        all.sort_unstable_by_key(|one| one.id);
        all
    }

    /// Counts a request's end and removes it.
    pub(super) fn close(&self, entry: Entry, end: End) {
        let mut shard = self.shard(entry.id).lock();
        if entry.find(&mut shard).is_none() {
            return;
        }
        let mut live = shard.remove(entry.place);
        // Under the lock, so that a thread that sees the entry gone, as in `abandon_all`, also sees
        // the request counted.
        self.count(&mut live, end);
        drop(shard);
        self.notify();
    }

    fn count(&self, live: &mut Live, end: End) {
        // First: a client that sees the request ended may have its place.
        live.share = None;
        self.counters.end(if live.aborted.is_some() { End::Aborted } else { end });
        if live.aborted == Some(Cause::Overdue) {
            self.counters.overdue();
        }
    }

    /// Changes how a live request is ended by force.
    pub(super) fn replace(&self, entry: Entry, abort: Abort) {
        let (replaced, was_aborted) = match entry.find(&mut self.shard(entry.id).lock()) {
            Some(live) => {
                (Some(std::mem::replace(&mut live.abort, abort.clone())), live.aborted.is_some())
            }
            None => (None, false),
        };
        // An abort that came before has not reached the request where it runs now.
        if was_aborted {
            abort.abort();
        }
        // Not under the lock, because it may be the user's.
        drop(replaced);
    }

    /// Aborts the requests that are overdue. Returns when the next one will be.
    pub(crate) fn abort_overdue(&self) -> Option<Instant> {
        let limit = self.deadline?;
        let (overdue, next) = self.mark_overdue();
        // Without the locks, because these are system calls, or the user's code.
        for (id, abort) in overdue {
            abort.abort_overdue(id, limit);
        }
        next
    }

    /// Marks the requests that are overdue. Returns how to abort them, and when the next one will
    /// be.
    fn mark_overdue(&self) -> (Vec<(u64, Abort)>, Option<Instant>) {
        let mut overdue = Vec::new();
        let mut deadlines = self.deadlines.lock();
        while let Some(&(deadline, entry)) = deadlines.front() {
            let mut shard = self.shard(entry.id).lock();
            match entry.find(&mut shard) {
                Some(live) if live.aborted.is_none() => {
                    if deadline > Instant::now() {
                        return (overdue, Some(deadline));
                    }
                    overdue.push((entry.id, live.mark(Cause::Overdue)));
                }
                // It has ended, or is ended already.
                _ => {}
            }
            deadlines.pop_front();
        }
        (overdue, None)
    }

    /// Aborts every live request. Returns how many there were.
    pub(crate) fn abort_all(&self) -> u64 {
        let mut count = 0;
        for shard in &self.shards {
            let mut shard = shard.lock();
            let live: Vec<_> =
                shard.iter_mut().map(|(_, live)| live.mark(Cause::ServerEnds)).collect();
            drop(shard);
            count += live.len() as u64;
            live.iter().for_each(Abort::abort);
        }
        count
    }

    /// Can be read from the first [`end_idle`](Self::end_idle) on.
    pub(crate) fn ended(&self) -> BorrowedFd<'_> {
        self.ended.as_fd()
    }

    /// Whether [`end_idle`](Self::end_idle) was called in this process. A handler that has marked
    /// itself as idle sees it here, or is woken.
    #[cfg(feature = "http")]
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended.load(SeqCst) || (fork::depth() != self.born && self.has_ended_elsewhere())
    }

    /// Whether the parent of this process has ended idle requests.
    #[cfg(feature = "http")]
    #[cold]
    fn has_ended_elsewhere(&self) -> bool {
        let mut fds = [PollFd::from_borrowed_fd(self.ended(), PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&at_once)).is_ok_and(|ready| ready > 0)
    }

    /// Ends the waits of idle handlers for their clients' next requests, present and future.
    pub(crate) fn end_idle(&self) {
        self.has_ended.store(true, SeqCst);
        // It cannot fail: the counter holds more than a program can add.
        let _ = rustix::io::write(&self.ended, &1_u64.to_ne_bytes());
        for shard in &self.shards {
            let shard = shard.lock();
            let live = shard.iter().filter_map(|(_, live)| live.abort.request());
            let live: Vec<_> = live.collect();
            drop(shard);
            for request in live {
                request.wake_idle();
            }
        }
    }

    /// Gives up the requests that are still live: they count as aborted, and are forgotten. Returns
    /// how many there were.
    pub(crate) fn abandon_all(&self) -> u64 {
        let mut count = 0;
        for shard in &self.shards {
            let abandoned = std::mem::take(&mut *shard.lock());
            for (_, mut live) in abandoned {
                count += 1;
                self.count(&mut live, End::Aborted);
            }
        }
        count
    }
}

impl Entry {
    pub(super) fn id(self) -> u64 {
        self.id
    }

    /// The entry, unless the request has ended.
    fn find(self, shard: &mut Slab<Live>) -> Option<&mut Live> {
        shard.get_mut(self.place).filter(|live| live.id == self.id)
    }
}

impl Live {
    /// From now on the request counts as aborted. Returns how to do that, without a lock.
    fn mark(&mut self, cause: Cause) -> Abort {
        self.aborted.get_or_insert(cause);
        self.abort.clone()
    }
}

impl fmt::Debug for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Books").field("active", &self.active()).finish_non_exhaustive()
    }
}

/// While this lives, a thread waits for requests to begin or end.
pub(crate) struct Watching<'a>(&'a Books);

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests;
