//! The lobby: accepted connections whose clients must send first, and have not sent enough yet. They
//! hold no worker. A client that sends its first bytes, such as the header of a proxy, leaves the
//! lobby for its handler. A client that does not send them within its time is refused.
//!
//! The loop waits for all of them through one descriptor, an epoll. It reports a client once. If
//! the client must send more, only later arrivals are reported (edge-triggered). Otherwise the
//! bytes that are there would be reported again and again.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::request::Job;
use crate::socket::Socket;
use crate::sync::{Instant, Mutex};
use crate::sys::fork::ParentOnly;

/// No time, for a call that does not wait.
const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// What is reported of a client: its bytes, and its end.
const ARRIVALS: EventFlags = EventFlags::IN.union(EventFlags::RDHUP);

/// The lobby of one server.
pub(crate) struct Lobby {
    epoll: ParentOnly<Socket>,
    guests: Mutex<Guests>,
}

struct Guests {
    /// Maximum time of a client for its first bytes.
    patience: Duration,
    /// Silent clients by number, which is the order of their arrival.
    silent: BTreeMap<u64, Guest>,
    next: u64,
    /// When the loop last ended a wait for clients. The time after that is not theirs: a handler may
    /// keep an inline loop busy.
    attended: Instant,
    /// Clients that have sent enough, and have not been dispatched yet.
    heard: VecDeque<Job>,
}

struct Guest {
    job: Job,
    entered: Instant,
    /// The client has sent something, and each arrival is reported.
    has_begun: bool,
    /// Closed in forked children, which must not keep the connection open.
    connection: ParentOnly<Socket>,
}

impl Lobby {
    /// An empty lobby. A client may take `patience` for its first bytes.
    ///
    /// # Errors
    /// Those of the system: no descriptors are left.
    pub(crate) fn new(patience: Duration) -> io::Result<Self> {
        Ok(Lobby {
            epoll: ParentOnly::new(epoll::create(CreateFlags::CLOEXEC)?.into()),
            guests: Mutex::new(Guests {
                patience,
                silent: BTreeMap::new(),
                next: 0,
                attended: Instant::now(),
                heard: VecDeque::new(),
            }),
        })
    }

    /// The descriptor for which the loop waits beside its listener. It is readable when a client
    /// has sent a byte.
    pub(crate) fn epoll(&self) -> &Socket {
        &self.epoll
    }

    /// Puts a job into the lobby.
    ///
    /// # Errors
    /// The job itself, if its client has already sent a byte, or if its connection cannot be
    /// watched.
    pub(crate) fn enter(&self, mut job: Job) -> Result<(), Job> {
        let stays = |one: &&Socket| !is_readable(one.as_fd()) || job.awaits_more();
        let Some(connection) = job.socket().filter(stays).cloned() else {
            return Err(job);
        };
        let guests = &mut *self.guests.lock();
        // The epoll forgets the connection when it closes.
        let (data, flags) = (EventData::new_u64(guests.next), ARRIVALS | EventFlags::ONESHOT);
        if epoll::add(&*self.epoll, &connection, data, flags).is_err() {
            return Err(job);
        }
        job.begin();
        let connection = ParentOnly::new(connection);
        let guest = Guest { job, entered: Instant::now(), has_begun: false, connection };
        guests.silent.insert(guests.next, guest);
        guests.next += 1;
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        let guests = self.guests.lock();
        guests.silent.is_empty() && guests.heard.is_empty()
    }

    /// Whether a client that has sent a byte waits for its dispatch.
    pub(crate) fn has_heard(&self) -> bool {
        !self.guests.lock().heard.is_empty()
    }

    /// Time at which the next client is refused.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.guests.lock().due()
    }

    /// Notes that the loop has waited for clients until now.
    pub(crate) fn attended(&self) {
        self.guests.lock().attended = Instant::now();
    }

    /// Finds the clients that have sent enough meanwhile.
    pub(crate) fn listen(&self) {
        let guests = &mut *self.guests.lock();
        while !guests.silent.is_empty() && guests.listen(&self.epoll) {}
    }

    /// Takes the next client that has sent a byte, as found by the last `listen`.
    pub(crate) fn next_heard(&self) -> Option<Job> {
        self.guests.lock().heard.pop_front()
    }

    /// Takes the next client that had sent nothing at the last `listen`, and whose time is over.
    pub(crate) fn next_overdue(&self) -> Option<Job> {
        let mut guests = self.guests.lock();
        if guests.due()? > Instant::now() {
            return None;
        }
        guests.silent.pop_first().map(|(_, guest)| guest.job)
    }

    /// Takes the next client, silent or not.
    pub(crate) fn next(&self) -> Option<Job> {
        let mut guests = self.guests.lock();
        let heard = guests.heard.pop_front();
        heard.or_else(|| guests.silent.pop_first().map(|(_, guest)| guest.job))
    }

    /// The current maximum time of a client for its first bytes.
    pub(crate) fn patience(&self) -> Duration {
        self.guests.lock().patience
    }

    /// Shortens the maximum time for the first bytes, counted from a client's arrival.
    pub(crate) fn hurry(&self, patience: Duration) {
        let mut guests = self.guests.lock();
        guests.patience = guests.patience.min(patience);
    }
}

impl Guests {
    fn due(&self) -> Option<Instant> {
        let (_, first) = self.silent.first_key_value()?;
        first.entered.checked_add(self.patience)
    }

    /// Finds clients that have sent a byte, up to a batch. Returns whether there may be more.
    fn listen(&mut self, epoll: &Socket) -> bool {
        let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 64];
        // A signal may interrupt the call. The next turn of the loop calls it again.
        let count = epoll::wait(epoll, &mut events, Some(&NOW)).unwrap_or(0);
        for event in &events[..count] {
            let (number, flags) = (event.data.u64(), event.flags);
            // A client whose time was over is not here any more.
            let Some(mut guest) = self.silent.remove(&number) else { continue };
            if guest.stays(epoll, number, flags) {
                self.silent.insert(number, guest);
            } else {
                self.heard.push_back(guest.leave(epoll, self.attended));
            }
        }
        count == events.len()
    }
}

impl Guest {
    /// Whether its client must send more. It is reported again then, at once for the first time, so
    /// that no arrival between the two looks is lost.
    fn stays(&mut self, epoll: &Socket, number: u64, reported: EventFlags) -> bool {
        const END: EventFlags = EventFlags::RDHUP.union(EventFlags::HUP).union(EventFlags::ERR);
        if reported.intersects(END) || !self.job.awaits_more() {
            return false;
        }
        if !self.has_begun {
            let (data, flags) = (EventData::new_u64(number), ARRIVALS | EventFlags::ET);
            self.has_begun = epoll::modify(epoll, &self.connection, data, flags).is_ok();
        }
        self.has_begun
    }

    fn leave(self, epoll: &Socket, attended: Instant) -> Job {
        if self.has_begun {
            // It fails only if the connection is not watched any more.
            let _ = epoll::delete(epoll, &self.connection);
        }
        self.job.end_silence(attended.saturating_duration_since(self.entered));
        self.job
    }
}

fn is_readable(connection: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(connection, PollFlags::IN)];
    poll(&mut fds, Some(&NOW)).is_ok_and(|ready| ready > 0)
}
