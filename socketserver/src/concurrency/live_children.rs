//! The children of a forking server: how they are signalled, reaped and killed.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process, pidfd_open,
    pidfd_send_signal, waitid,
};

use super::TARGET;
use crate::request::{End, Ticket, Waker};
use crate::sync::Instant;

/// The children that the server has not reaped yet.
#[derive(Default)]
pub(super) struct LiveChildren {
    /// Keyed by our own numbers, because the system may reuse the number of a process.
    live: Mutex<HashMap<u64, Child>>,
    next: AtomicU64,
    waker: OnceLock<Waker>,
}

/// How long a child may take to end after SIGTERM, before it gets SIGKILL.
const KILL_GRACE: Duration = Duration::from_millis(100);

/// The exit status of a child that has refused its request, as one does that learns its client. Few
/// programs that a handler may execute end with it.
const REFUSED: i32 = 103;

/// How a child reports the end of its request.
pub(super) fn exit_status(end: End) -> i32 {
    match end {
        End::Finished => 0,
        End::Refused => REFUSED,
        End::Failed | End::Aborted => 1,
    }
}

struct Child {
    process: Process,
    /// `None` while the child is being added.
    ticket: Option<Ticket>,
    /// When it was sent SIGTERM, if it was.
    terminated_at: Option<Instant>,
}

impl Child {
    fn end(self, end: End) {
        if let Some(ticket) = self.ticket {
            ticket.end(end);
        }
    }
}

impl LiveChildren {
    /// Sets the waker that wakes the loop after a child was sent SIGTERM.
    pub(super) fn set_waker(&self, waker: &Waker) {
        // Only the loop's thread comes here, and there is one loop.
        let _ = self.waker.set(waker.clone());
    }

    pub(super) fn numbers(&self) -> Vec<i32> {
        let live = self.live.lock();
        live.values().map(|child| child.process.pid.as_raw_pid()).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.live.lock().len()
    }

    /// Adds a child. It is in the table before its ticket can abort it, so that every abort finds
    /// it. `set_abort` is called without this lock, because it may abort the child at once.
    pub(super) fn add(self: &Arc<Self>, pid: Pid, ticket: Ticket) {
        let child = Child {
            process: Process::new(pid, ticket.request_id()),
            ticket: None,
            terminated_at: None,
        };
        let number = self.next.fetch_add(1, Relaxed);
        self.live.lock().insert(number, child);
        let children: Weak<LiveChildren> = Arc::downgrade(self);
        ticket.set_abort(move || {
            if let Some(children) = children.upgrade() {
                children.terminate(number);
            }
        });
        if let Some(child) = self.live.lock().get_mut(&number) {
            child.ticket = Some(ticket);
        }
    }

    /// Reaps the children that have ended, and kills those that are overdue. Returns when the next
    /// one will be overdue.
    pub(super) fn reap(&self) -> Option<Instant> {
        let mut ends = Vec::new();
        let mut children = self.live.lock();
        let ended: Vec<Child> = children
            .extract_if(|_, child| {
                let end = child
                    .ticket
                    .is_some()
                    .then(|| child.process.end(child.terminated_at.is_some()));
                end.flatten().map(|end| ends.push(end)).is_some()
            })
            .map(|(_, child)| child)
            .collect();
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        for child in children.values() {
            match child.terminated_at.map(|time| time + KILL_GRACE) {
                None => {}
                Some(end) if end <= now => child.process.signal(Signal::KILL),
                Some(end) => next = Some(next.map_or(end, |next| end.min(next))),
            }
        }
        // Closing a ticket wakes other threads, which may want this lock.
        drop(children);
        for (child, end) in ended.into_iter().zip(ends) {
            child.end(end);
        }
        next
    }

    /// Sends SIGTERM to a child.
    fn terminate(&self, number: u64) {
        if let Some(child) = self.live.lock().get_mut(&number) {
            child.terminated_at.get_or_insert_with(Instant::now);
            child.process.signal(Signal::TERM);
        }
        // The loop checks whether the child ends in time.
        if let Some(waker) = self.waker.get() {
            waker.wake();
        }
    }

    /// Kills and reaps the children that were sent SIGTERM and are still there.
    pub(super) fn kill_overdue(&self) {
        let overdue: Vec<(u64, Child)> = self
            .live
            .lock()
            .extract_if(|_, child| child.ticket.is_some() && child.terminated_at.is_some())
            .collect();
        for (_, child) in overdue {
            child.process.signal(Signal::KILL);
            // No process survives SIGKILL, so this wait is short.
            child.process.reap();
            child.end(End::Aborted);
        }
    }
}

/// A child, by a descriptor that refers to this process and no other. Its number alone may belong
/// to another process, if the program has reaped the child by waiting for any of its children.
struct Process {
    pid: Pid,
    /// The number of its request.
    request: u64,
    fd: rustix::io::Result<OwnedFd>,
}

impl Process {
    fn new(pid: Pid, request: u64) -> Self {
        Process { pid, request, fd: pidfd_open(pid, PidfdFlags::empty()) }
    }

    fn signal(&self, signal: Signal) {
        let by_descriptor = match &self.fd {
            Ok(fd) => pidfd_send_signal(fd, signal),
            Err(error) => Err(*error),
        };
        let sent = match by_descriptor {
            // It was reaped before, and its number may be another process's.
            Ok(()) | Err(Errno::SRCH) => by_descriptor,
            // No descriptor was left, or the system does not have these calls, or forbids them.
            Err(_) => kill_process(self.pid, signal),
        };
        if let Err(error) = sent {
            log::debug!(target: TARGET, "cannot send {signal:?} to child {} ({error}): leaving it alone", self.pid);
        }
    }

    fn wait(&self, options: WaitIdOptions) -> rustix::io::Result<Option<WaitIdStatus>> {
        let options = WaitIdOptions::EXITED | options;
        if let Ok(fd) = &self.fd {
            match waitid(WaitId::PidFd(fd.as_fd()), options) {
                // Linux 5.3 has such descriptors, and cannot wait for one.
                Err(Errno::INVAL) => {}
                result => return result,
            }
        }
        waitid(WaitId::Pid(self.pid), options)
    }

    fn reap(&self) {
        if let Err(error) = retry_on_intr(|| self.wait(WaitIdOptions::empty())) {
            log::debug!(target: TARGET, "cannot reap child {} ({error}): request {} counts as aborted", self.pid, self.request);
        }
    }

    /// How the child ended, if it has. If a signal has ended it, and it was not `terminated`, it
    /// has crashed or was killed, which only the parent can report.
    fn end(&self, terminated: bool) -> Option<End> {
        match self.wait(WaitIdOptions::NOHANG) {
            Ok(None) => None,
            Ok(Some(status)) => Some(match (status.terminating_signal(), status.exit_status()) {
                (Some(signal), _) => {
                    if !terminated {
                        log::warn!(target: TARGET, "child {} was ended by signal {signal}: request {} counts as aborted", self.pid, self.request);
                    }
                    End::Aborted
                }
                (None, Some(0)) => End::Finished,
                (None, Some(REFUSED)) => End::Refused,
                (None, _) => End::Failed,
            }),
            Err(Errno::INTR) => None,
            Err(error) => {
                // Either the program ignores SIGCHLD, so that the system reaps its children, or it
                // has reaped this child itself.
                log::debug!(target: TARGET, "cannot learn how child {} ended ({error}): request {} counts as finished", self.pid, self.request);
                Some(End::Finished)
            }
        }
    }
}
