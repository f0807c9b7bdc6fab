//! Which green threads of a scheduler wait for which descriptors.
//!
//! Each scheduler has an epoll and one `Reactor` around it. A registered descriptor has a *key*;
//! its registration says which green threads wait for it. An event of the epoll is looked up by its
//! key, and wakes them:
//!
//! ```text
//!    epoll event           Registration                   green threads
//!    key 17, IN   ──►   17: reader 5, writer none   ──►   wake 5
//!    key WAKE     ──►   another thread has sent a message
//! ```
//!
//! The epoll is edge-triggered: it reports each change once. So a green thread tries its call
//! before it waits, and again after it was woken; a wake only means "try again".
//!
//! That also tells when trying would be in vain. If a read has taken less than it could, the
//! descriptor is *drained*: until the next event there is nothing to read.
//!
//! Writing is watched only from the first wait for it on. A descriptor can nearly always be
//! written, so otherwise each new one would be an event at once.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, EventFlags};
use rustix::io::Errno;
use slab::Slab;

/// The key of the descriptor that wakes the scheduler.
const WAKE: u64 = u64::MAX;

/// The longest wait for events. Before 5.11 Linux cannot wait for more than 24 days, and each wait
/// for a later deadline would fail.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How many events are taken at a time. A few, so that the memory that is touched when a green
/// thread is woken is still in a near cache when it runs.
const EVENTS: usize = 32;

/// What is waited for at a descriptor: that it can be read, or that it can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
}

/// A descriptor that is watched. It fits one cache line, so that an event costs one cache miss.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Registration {
    /// The green threads that have waited longest to read and to write. Nearly always the only
    /// ones.
    reader: Option<usize>,
    writer: Option<usize>,
    /// Those that wait beside them, in the order in which they came.
    others: Vec<(Interest, usize)>,
    /// Everything has been read, and no event has come since.
    drained: bool,
    /// The peer has ended its stream, or has sent urgent data, before which a read stops short. No
    /// further event comes for that, so from now on a short read does not mean that nothing is
    /// left.
    never_drained: bool,
    /// Events also say that it can be written.
    reports_writing: bool,
}

/// The descriptors of a scheduler, and the green threads that wait for them.
pub(super) struct Reactor {
    epoll: BorrowedFd<'static>,
    registrations: Slab<Registration>,
    /// Descriptors that have another scheduler for their home, while green threads wait for them
    /// here: their keys, and how many wait.
    guests: HashMap<RawFd, (usize, usize)>,
    events: Vec<epoll::Event>,
}

/// What every descriptor is watched for.
const READING: EventFlags =
    EventFlags::IN.union(EventFlags::PRI).union(EventFlags::RDHUP).union(EventFlags::ET);

/// An epoll for a reactor. A write to `wake_fd` ends a wait in it, and nothing needs to read that.
pub(super) fn create_epoll(wake_fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let data = epoll::EventData::new_u64(WAKE);
    epoll::add(&epoll, wake_fd, data, EventFlags::IN | EventFlags::ET)?;
    Ok(epoll)
}

/// Ends the watching of a descriptor; its registration stays. May be called on any thread.
pub(super) fn release(epoll: impl AsFd, fd: BorrowedFd<'_>) {
    // It fails only if the descriptor is not watched any more.
    let _ = epoll::delete(epoll, fd);
}

/// From now on, events at a key say that the descriptor can be written, too. If it can be written
/// already, the next turn says so.
#[cold]
fn report_writing(epoll: BorrowedFd<'_>, key: usize, fd: BorrowedFd<'_>) {
    let flags = READING | EventFlags::OUT;
    // It fails only if the descriptor was released just now, and then a message wakes all that wait.
    let _ = epoll::modify(epoll, fd, epoll::EventData::new_u64(key as u64), flags);
}

impl Reactor {
    pub(super) fn new(epoll: BorrowedFd<'static>) -> Self {
        Reactor {
            epoll,
            registrations: Slab::new(),
            guests: HashMap::new(),
            events: Vec::with_capacity(EVENTS),
        }
    }

    /// Watches a descriptor until it is closed, and returns its key. If it can be read already, the
    /// next turn says so.
    ///
    /// # Errors
    /// `AlreadyExists` if the file is watched under this number. If the caller `is_owner`, a former
    /// owner has left that: closing a number ends no watch while the file is open elsewhere. Then
    /// this watch replaces it.
    pub(super) fn register(&mut self, fd: BorrowedFd<'_>, is_owner: bool) -> io::Result<usize> {
        let key = self.registrations.insert(Registration::default());
        let add = || epoll::add(self.epoll, fd, epoll::EventData::new_u64(key as u64), READING);
        let mut added = add();
        if added == Err(Errno::EXIST) && is_owner {
            release(self.epoll, fd);
            added = add();
        }
        if let Err(error) = added {
            self.registrations.remove(key);
            return Err(error.into());
        }
        Ok(key)
    }

    /// Ends the watching of a descriptor that stays open.
    pub(super) fn deregister(&mut self, key: usize, fd: BorrowedFd<'_>) {
        release(self.epoll, fd);
        self.forget(key);
    }

    /// Forgets a descriptor that was closed, as the system has. If a late event comes for its key,
    /// the next descriptor with that key is tried once in vain.
    pub(super) fn forget(&mut self, key: usize) {
        self.registrations.try_remove(key);
    }

    /// Watches a descriptor until [`deregister_guest`](Self::deregister_guest) was called as often
    /// as this.
    pub(super) fn register_guest(
        &mut self,
        fd: BorrowedFd<'_>,
        is_owner: bool,
    ) -> io::Result<usize> {
        if let Some((key, waiting)) = self.guests.get_mut(&fd.as_raw_fd()) {
            *waiting += 1;
            return Ok(*key);
        }
        let key = self.register(fd, is_owner)?;
        self.guests.insert(fd.as_raw_fd(), (key, 1));
        Ok(key)
    }

    /// The key at which guests wait for a descriptor.
    pub(super) fn key_of_guests(&self, fd: BorrowedFd<'_>) -> Option<usize> {
        self.guests.get(&fd.as_raw_fd()).map(|(key, _)| *key)
    }

    /// Has a descriptor watched after its guests have left, too.
    pub(super) fn keep_watching(&mut self, fd: BorrowedFd<'_>) {
        self.guests.remove(&fd.as_raw_fd());
    }

    pub(super) fn deregister_guest(&mut self, fd: BorrowedFd<'_>) {
        let Some((key, waiting)) = self.guests.get_mut(&fd.as_raw_fd()) else {
            return;
        };
        *waiting -= 1;
        if *waiting == 0 {
            let key = *key;
            self.guests.remove(&fd.as_raw_fd());
            self.deregister(key, fd);
        }
    }

    /// Wakes all green threads that wait at a key, or for a guest with this number.
    pub(super) fn wake_waiting(
        &mut self,
        key: Option<usize>,
        guest: RawFd,
        mut wake: impl FnMut(usize),
    ) {
        let guest = self.guests.get(&guest).map(|(key, _)| *key);
        for key in key.into_iter().chain(guest) {
            if let Some(registration) = self.registrations.get_mut(key) {
                registration.wake_all(Interest::Read, &mut wake);
                registration.wake_all(Interest::Write, &mut wake);
            }
        }
    }

    /// Whether a green thread waits at a key.
    pub(super) fn is_awaited(&self, key: usize) -> bool {
        let is_awaited = |one: &Registration| one.reader.or(one.writer).is_some();
        self.registrations.get(key).is_some_and(is_awaited)
    }

    #[inline]
    pub(super) fn is_drained(&self, key: usize) -> bool {
        self.registrations.get(key).is_some_and(|one| one.drained)
    }

    /// A read has taken less than it could.
    #[inline]
    pub(super) fn set_drained(&mut self, key: usize) {
        if let Some(registration) = self.registrations.get_mut(key) {
            registration.drained = !registration.never_drained;
        }
    }

    /// Adds a green thread to those that wait for a descriptor.
    #[inline]
    pub(super) fn join(&mut self, key: usize, fd: BorrowedFd<'_>, interest: Interest, task: usize) {
        if let Some(registration) = self.registrations.get_mut(key) {
            if interest == Interest::Write && !registration.reports_writing {
                registration.reports_writing = true;
                report_writing(self.epoll, key, fd);
            }
            registration.join(interest, task);
        }
    }

    /// Removes it again, if it was not woken.
    #[inline]
    pub(super) fn leave(&mut self, key: usize, interest: Interest, task: usize) {
        if let Some(registration) = self.registrations.get_mut(key) {
            registration.leave(interest, task);
        }
    }

    /// Takes the events that have come; if there are none, waits for `timeout`, or without an end
    /// if that is `None`. Calls `wake` for each green thread that waits for one of them.
    pub(super) fn turn(
        &mut self,
        timeout: Option<Duration>,
        mut wake: impl FnMut(usize),
    ) -> io::Result<()> {
        let timeout = timeout.map(|timeout| timeout.min(LONGEST)).map(|timeout| Timespec {
            tv_sec: timeout.as_secs().cast_signed(),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        self.events.clear();
        match epoll::wait(self.epoll, spare_capacity(&mut self.events), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &self.events {
            // The structure is packed, so its fields are copied, not borrowed.
            let (key, flags) = (event.data.u64(), event.flags);
            // There is none with the key of a message.
            if let Some(registration) = self.registrations.get_mut(key as usize) {
                registration.report(flags, &mut wake);
            }
        }
        Ok(())
    }
}

impl Registration {
    /// Wakes the green threads that wait for what an event reports.
    #[inline]
    fn report(&mut self, flags: EventFlags, wake: &mut impl FnMut(usize)) {
        let ended = EventFlags::HUP | EventFlags::ERR;
        if flags.intersects(EventFlags::PRI | EventFlags::RDHUP | ended) {
            self.never_drained = true;
        }
        if flags.intersects(EventFlags::IN | EventFlags::PRI | EventFlags::RDHUP | ended) {
            self.drained = false;
            self.wake_all(Interest::Read, wake);
        }
        if flags.intersects(EventFlags::OUT | ended) {
            self.wake_all(Interest::Write, wake);
        }
    }

    #[inline]
    fn join(&mut self, interest: Interest, task: usize) {
        let first = self.first(interest);
        if first.is_none() {
            *first = Some(task);
        } else {
            self.others.push((interest, task));
        }
    }

    #[inline]
    fn leave(&mut self, interest: Interest, task: usize) {
        let first = self.first(interest);
        if *first == Some(task) {
            *first = None;
            if !self.others.is_empty() {
                self.move_up(interest);
            }
        } else if !self.others.is_empty() {
            self.others.retain(|other| *other != (interest, task));
        }
    }

    /// Fills a free first place with the green thread that has waited longest beside it.
    #[cold]
    fn move_up(&mut self, interest: Interest) {
        let mut waiting = self.others.iter();
        if let Some(next) = waiting.position(|(other, _)| *other == interest) {
            let (_, task) = self.others.remove(next);
            *self.first(interest) = Some(task);
        }
    }

    /// Wakes all green threads that wait for this, in the order in which they began to wait.
    // It is used twice per event, and the compiler would not inline it by itself.
    #[inline(always)]
    fn wake_all(&mut self, interest: Interest, wake: &mut impl FnMut(usize)) {
        if let Some(task) = self.first(interest).take() {
            wake(task);
        }
        if !self.others.is_empty() {
            self.wake_others(interest, wake);
        }
    }

    #[cold]
    fn wake_others(&mut self, interest: Interest, wake: &mut impl FnMut(usize)) {
        let woken = self.others.extract_if(.., |(other, _)| *other == interest);
        woken.for_each(|(_, task)| wake(task));
    }

    #[inline]
    fn first(&mut self, interest: Interest) -> &mut Option<usize> {
        match interest {
            Interest::Read => &mut self.reader,
            Interest::Write => &mut self.writer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn registration_fits_one_cache_line() {
        assert_eq!(size_of::<Registration>(), 64);
    }

    #[test]
    fn writing_is_watched_from_the_first_wait_on() {
        // To the end of the process, as a scheduler's.
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let epoll: &'static OwnedFd = Box::leak(Box::new(epoll));
        let (socket, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut reactor = Reactor::new(epoll.as_fd());
        let key = reactor.register(socket.as_fd(), true).unwrap();
        let woken = |reactor: &mut Reactor| {
            let mut woken = Vec::new();
            reactor.turn(Some(Duration::ZERO), |task| woken.push(task)).unwrap();
            (reactor.events.len(), woken)
        };
        assert_eq!(woken(&mut reactor), (0, vec![]));
        reactor.join(key, socket.as_fd(), Interest::Write, 7);
        assert_eq!(woken(&mut reactor), (1, vec![7]));
        assert_eq!(woken(&mut reactor), (0, vec![]));
    }

    #[test]
    fn longest_waiting_thread_is_woken_first() {
        use Interest::{Read, Write};
        let mut registration = Registration::default();
        for (interest, task) in [(Read, 1), (Write, 2), (Write, 3), (Read, 4), (Read, 5)] {
            registration.join(interest, task);
        }
        registration.leave(Read, 1);
        registration.leave(Read, 5);
        registration.join(Read, 1);
        let mut woken = Vec::new();
        registration.report(EventFlags::IN, &mut |task| woken.push(task));
        assert_eq!(woken, [4, 1]);
        registration.report(EventFlags::HUP, &mut |task| woken.push(task));
        assert_eq!(woken, [4, 1, 2, 3]);
    }
}
