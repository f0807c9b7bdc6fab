//! The lobby: connections that were accepted, and whose clients speak first and have sent nothing
//! yet. They hold no worker. A client that sends its first byte leaves the lobby for its handler,
//! and one that sends none within its time is refused.
//!
//! The loop waits for all of them through one descriptor of the system, an epoll.

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

/// No time: for a look that does not wait.
const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// The lobby of one server.
pub(crate) struct Lobby {
    epoll: ParentOnly<Socket>,
    guests: Mutex<Guests>,
}

struct Guests {
    /// How long a client may take for its first byte.
    patience: Duration,
    /// The silent ones by number, and so in the order of their arrival.
    silent: BTreeMap<u64, Guest>,
    next: u64,
    /// Those that have spoken, and have not gone to their handlers yet.
    heard: VecDeque<Job>,
}

struct Guest {
    job: Job,
    entered: Instant,
    /// A child that is forked meanwhile must not keep the connection open.
    _connection: ParentOnly<Socket>,
}

impl Lobby {
    /// `patience` is how long a client may take for its first byte.
    ///
    /// # Errors
    /// No descriptors left.
    pub(crate) fn new(patience: Duration) -> io::Result<Self> {
        Ok(Lobby {
            epoll: ParentOnly::new(epoll::create(CreateFlags::CLOEXEC)?.into()),
            guests: Mutex::new(Guests {
                patience,
                silent: BTreeMap::new(),
                next: 0,
                heard: VecDeque::new(),
            }),
        })
    }

    /// What the loop waits for beside its listener: it can be read when a client has spoken.
    pub(crate) fn epoll(&self) -> &Socket {
        &self.epoll
    }

    /// Lets the job's client in.
    ///
    /// # Errors
    /// The job, given back, if its client has spoken already, or cannot be waited for here.
    pub(crate) fn enter(&self, mut job: Job) -> Result<(), Job> {
        let Some(connection) = job.socket().filter(|one| !is_readable(one.as_fd())).cloned() else {
            return Err(job);
        };
        let guests = &mut *self.guests.lock();
        // Reported once. It is forgotten when the connection closes.
        let (data, flags) = (EventData::new_u64(guests.next), EventFlags::IN | EventFlags::ONESHOT);
        if epoll::add(&*self.epoll, &connection, data, flags).is_err() {
            return Err(job);
        }
        job.begin();
        let guest =
            Guest { job, entered: Instant::now(), _connection: ParentOnly::new(connection) };
        guests.silent.insert(guests.next, guest);
        guests.next += 1;
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        let guests = self.guests.lock();
        guests.silent.is_empty() && guests.heard.is_empty()
    }

    /// Whether a client has spoken that has not gone to its handler yet.
    pub(crate) fn has_heard(&self) -> bool {
        !self.guests.lock().heard.is_empty()
    }

    /// When the next client's time is over.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.guests.lock().due()
    }

    /// Looks which clients have spoken meanwhile.
    pub(crate) fn listen(&self) {
        let guests = &mut *self.guests.lock();
        while !guests.silent.is_empty() && guests.listen(&self.epoll) {}
    }

    /// The next client that has spoken, as of the last look, leaves the lobby.
    pub(crate) fn next_heard(&self) -> Option<Job> {
        self.guests.lock().heard.pop_front()
    }

    /// The next client leaves the lobby that had not spoken by the last look, and whose time is
    /// over.
    pub(crate) fn next_overdue(&self) -> Option<Job> {
        let mut guests = self.guests.lock();
        if guests.due()? > Instant::now() {
            return None;
        }
        guests.silent.pop_first().map(|(_, guest)| guest.job)
    }

    /// Each client leaves the lobby, the silent ones too.
    pub(crate) fn next(&self) -> Option<Job> {
        let mut guests = self.guests.lock();
        let heard = guests.heard.pop_front();
        heard.or_else(|| guests.silent.pop_first().map(|(_, guest)| guest.job))
    }

    /// The time of a client for its first byte, as it is now.
    pub(crate) fn patience(&self) -> Duration {
        self.guests.lock().patience
    }

    /// From now on a client has at most this time for its first byte, since it came.
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

    /// Looks which clients have spoken, up to a batch of them. Returns whether there may be more.
    fn listen(&mut self, epoll: &Socket) -> bool {
        let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 64];
        // A signal may end the call. The next turn of the loop looks again.
        let count = epoll::wait(epoll, &mut events, Some(&NOW)).unwrap_or(0);
        for event in &events[..count] {
            let number = event.data.u64();
            // One whose time was over has gone.
            self.heard.extend(self.silent.remove(&number).map(|guest| guest.job));
        }
        count == events.len()
    }
}

fn is_readable(connection: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(connection, PollFlags::IN)];
    poll(&mut fds, Some(&NOW)).is_ok_and(|ready| ready > 0)
}
