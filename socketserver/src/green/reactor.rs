//! Which green threads wait for which descriptors.
//!
//! Each scheduler has an epoll of its own and looks at it only between green threads. So between a
//! call that found nothing and the parking after it nothing can be missed: what happens meanwhile
//! waits in the epoll.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use slab::Slab;

use super::interest::Interest;

/// The doorbell's place among the events.
const BELL: u64 = u64::MAX;

/// So many events are taken at a time: few, so that what is touched as a green thread is woken is
/// still in a near cache when it runs.
const EVENTS: usize = 32;

/// A descriptor that is watched. Of many thousands few are in a cache when their turn comes, so
/// each is one line of it.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Watched {
    /// Who waits to read, and who to write: nearly always one at most.
    reader: Option<usize>,
    writer: Option<usize>,
    /// Those who wait beside them.
    others: Vec<(Interest, usize)>,
    /// Everything there was has been read, and nothing has come since.
    drained: bool,
    /// The other side has ended its stream, or has sent urgent data, before which a read stops
    /// short. That is told once, so from here on trying is the only way to know.
    only_trying_tells: bool,
}

pub(super) struct Reactor {
    epoll: BorrowedFd<'static>,
    watched: Slab<Watched>,
    /// Descriptors whose home is another scheduler, while somebody waits for them here: their
    /// place, and how many wait.
    guests: HashMap<RawFd, (usize, usize)>,
    events: Vec<epoll::Event>,
}

impl Reactor {
    /// An epoll that hears the bell, for a reactor to wait in.
    pub(super) fn epoll(bell: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(
            &epoll,
            bell,
            epoll::EventData::new_u64(BELL),
            epoll::EventFlags::IN,
        )?;
        Ok(epoll)
    }

    pub(super) fn new(epoll: BorrowedFd<'static>) -> Self {
        Reactor {
            epoll,
            watched: Slab::new(),
            guests: HashMap::new(),
            events: Vec::with_capacity(EVENTS),
        }
    }

    /// Begins to watch a descriptor, until it is closed. What is ready already is told at the next
    /// turn.
    pub(super) fn watch(&mut self, fd: BorrowedFd<'_>) -> io::Result<usize> {
        use epoll::EventFlags;
        let reads = EventFlags::IN | EventFlags::PRI | EventFlags::RDHUP;
        let flags = reads | EventFlags::OUT | EventFlags::ET;
        let key = self.watched.insert(Watched::default());
        let added = epoll::add(self.epoll, fd, epoll::EventData::new_u64(key as u64), flags);
        if let Err(error) = added {
            self.watched.remove(key);
            return Err(error.into());
        }
        Ok(key)
    }

    /// Watches a descriptor until [`unwatch_guest`](Self::unwatch_guest) was called as often as
    /// this.
    pub(super) fn watch_guest(&mut self, fd: BorrowedFd<'_>) -> io::Result<usize> {
        if let Some((key, waiting)) = self.guests.get_mut(&fd.as_raw_fd()) {
            *waiting += 1;
            return Ok(*key);
        }
        let key = self.watch(fd)?;
        self.guests.insert(fd.as_raw_fd(), (key, 1));
        Ok(key)
    }

    pub(super) fn unwatch_guest(&mut self, fd: BorrowedFd<'_>) {
        let Some((key, waiting)) = self.guests.get_mut(&fd.as_raw_fd()) else {
            return;
        };
        *waiting -= 1;
        if *waiting == 0 {
            let key = *key;
            self.guests.remove(&fd.as_raw_fd());
            self.unwatch(key, fd);
        }
    }

    /// Ends watching a descriptor that lives on.
    pub(super) fn unwatch(&mut self, key: usize, fd: BorrowedFd<'_>) {
        release(self.epoll, fd);
        self.forget(key);
    }

    /// The descriptor was closed, and the system has forgotten it too. A late event for its place
    /// is one hint too many for whoever has it next.
    pub(super) fn forget(&mut self, key: usize) {
        self.watched.try_remove(key);
    }

    #[inline]
    pub(super) fn is_drained(&self, key: usize) -> bool {
        self.watched.get(key).is_some_and(|watched| watched.drained)
    }

    #[inline]
    pub(super) fn set_drained(&mut self, key: usize) {
        if let Some(watched) = self.watched.get_mut(key) {
            watched.drained = !watched.only_trying_tells;
        }
    }

    #[inline]
    pub(super) fn join(&mut self, key: usize, interest: Interest, task: usize) {
        if let Some(watched) = self.watched.get_mut(key) {
            watched.join(interest, task);
        }
    }

    #[inline]
    pub(super) fn leave(&mut self, key: usize, interest: Interest, task: usize) {
        if let Some(watched) = self.watched.get_mut(key) {
            watched.leave(interest, task);
        }
    }

    /// Takes what has happened, waiting for `timeout` if nothing has; `None` is for ever. Calls
    /// `wake` for each green thread that waited for it.
    pub(super) fn turn(
        &mut self,
        timeout: Option<Duration>,
        bell: BorrowedFd<'_>,
        mut wake: impl FnMut(usize),
    ) -> io::Result<()> {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        self.events.clear();
        match epoll::wait(
            self.epoll,
            spare_capacity(&mut self.events),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &self.events {
            // The structure is packed, so its fields are copied, not borrowed.
            let (key, flags) = (event.data.u64(), event.flags);
            if key == BELL {
                let mut count = [0; 8];
                // It was rung, or somebody was faster in emptying it.
                let _ = rustix::io::read(bell, &mut count);
            } else if let Some(watched) = self.watched.get_mut(key as usize) {
                watched.happened(flags, &mut wake);
            }
        }
        Ok(())
    }
}

/// From here on nothing more is told of a descriptor; its place is still taken. On any thread.
pub(super) fn release(epoll: impl AsFd, fd: BorrowedFd<'_>) {
    // It may be gone from there already.
    let _ = epoll::delete(epoll, fd);
}

impl Watched {
    #[inline]
    fn happened(&mut self, flags: epoll::EventFlags, wake: &mut impl FnMut(usize)) {
        use epoll::EventFlags;
        let ended = EventFlags::HUP | EventFlags::ERR;
        if flags.intersects(EventFlags::PRI | EventFlags::RDHUP | ended) {
            self.only_trying_tells = true;
        }
        if flags.intersects(EventFlags::IN | EventFlags::RDHUP | ended) {
            self.drained = false;
            self.call(Interest::Read, wake);
        }
        if flags.intersects(EventFlags::OUT | ended) {
            self.call(Interest::Write, wake);
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

    /// Who has waited longest is woken first.
    #[cold]
    fn move_up(&mut self, interest: Interest) {
        let mut waiting = self.others.iter();
        if let Some(next) = waiting.position(|(other, _)| *other == interest) {
            let (_, task) = self.others.remove(next);
            *self.first(interest) = Some(task);
        }
    }

    /// All who wait for this wait no more.
    #[inline]
    fn call(&mut self, interest: Interest, wake: &mut impl FnMut(usize)) {
        if let Some(task) = self.first(interest).take() {
            wake(task);
        }
        if !self.others.is_empty() {
            self.call_others(interest, wake);
        }
    }

    #[cold]
    fn call_others(&mut self, interest: Interest, wake: &mut impl FnMut(usize)) {
        let called = self.others.extract_if(.., |(other, _)| *other == interest);
        called.for_each(|(_, task)| wake(task));
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
    fn a_watched_descriptor_is_one_line_of_the_cache() {
        assert_eq!(size_of::<Watched>(), 64);
    }

    #[test]
    fn who_has_waited_longest_is_woken_first() {
        use Interest::{Read, Write};
        let mut watched = Watched::default();
        for (interest, task) in [(Read, 1), (Write, 2), (Write, 3), (Read, 4), (Read, 5)] {
            watched.join(interest, task);
        }
        watched.leave(Read, 1);
        watched.leave(Read, 5);
        watched.join(Read, 1);
        let mut woken = Vec::new();
        watched.happened(epoll::EventFlags::IN, &mut |task| woken.push(task));
        assert_eq!(woken, [4, 1]);
        watched.happened(epoll::EventFlags::HUP, &mut |task| woken.push(task));
        assert_eq!(woken, [4, 1, 2, 3]);
    }
}
