//! A lock of one byte, for objects that threads seldom share and that must stay small. Its waiters
//! are in a table that all such locks have in common.

use std::sync::atomic::{
    AtomicU8,
    Ordering::{Acquire, Relaxed, Release},
};
use std::time::Instant;

use parking_lot::Mutex;

use crate::green::{WaitQueue, Waited};

const FREE: u8 = 0;
const TAKEN: u8 = 1;
/// Taken, and others may wait for it.
const AWAITED: u8 = 2;

/// The queues of some locks, each with the lock's address.
type Queues = Vec<(usize, WaitQueue)>;

static TABLE: [Mutex<Queues>; 64] = [const { Mutex::new(Vec::new()) }; 64];

/// The lock: threads, green and ordinary, get it in the order in which they came.
#[derive(Default)]
pub(crate) struct Turns(AtomicU8);

/// The lock, held until this is dropped.
pub(crate) struct Turn<'a>(&'a Turns);

impl Turns {
    /// Takes the turn, if no thread has it.
    #[inline]
    pub(crate) fn try_take(&self) -> Option<Turn<'_>> {
        let taken = self.0.compare_exchange(FREE, TAKEN, Acquire, Relaxed);
        // Not `then_some`, which would make a turn that was not taken, and drop it.
        taken.is_ok().then(|| Turn(self))
    }

    /// Waits for a turn until the deadline. An abort of the caller's request ends the wait, too.
    #[cold]
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Result<Turn<'_>, Waited> {
        let waiter = {
            let mut queues = self.queues().lock();
            if self.0.swap(AWAITED, Acquire) == FREE {
                return Ok(Turn(self));
            }
            let place = self.place(&queues).unwrap_or_else(|| {
                queues.push((self.address(), WaitQueue::default()));
                queues.len() - 1
            });
            queues[place].1.join()
        };
        let ended = waiter.wait_abortably(deadline);
        if ended != Waited::Woken {
            let mut queues = self.queues().lock();
            let place = self.place(&queues);
            if place.is_some_and(|place| queues[place].1.leave(&waiter)) {
                return Err(ended);
            }
        }
        // The former owner has handed the turn on.
        Ok(Turn(self))
    }

    /// Hands the turn on, or frees it.
    #[cold]
    fn hand_on(&self) {
        let mut queues = self.queues().lock();
        let place = self.place(&queues);
        if !place.is_some_and(|place| queues[place].1.wake_one()) {
            if let Some(place) = place {
                queues.swap_remove(place);
            }
            self.0.store(FREE, Release);
        }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn queues(&self) -> &'static Mutex<Queues> {
        // These locks are in sockets, each of which takes more than a cache line.
        &TABLE[self.address() / 64 % TABLE.len()]
    }

    fn place(&self, queues: &Queues) -> Option<usize> {
        let address = self.address();
        queues.iter().position(|(other, _)| *other == address)
    }
}

impl Drop for Turn<'_> {
    #[inline]
    fn drop(&mut self) {
        let freed = self.0.0.compare_exchange(TAKEN, FREE, Release, Relaxed);
        if freed.is_err() {
            self.0.hand_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn turns_are_taken_in_order() {
        let turns = Turns::default();
        let order = Mutex::new(Vec::new());
        let first = turns.try_take().unwrap();
        assert!(turns.try_take().is_none());
        assert!(turns.wait(Some(Instant::now())).is_err(), "it is taken");
        thread::scope(|scope| {
            for number in 0..3 {
                scope.spawn({
                    let (turns, order) = (&turns, &order);
                    move || {
                        let _turn = turns.wait(None).unwrap();
                        order.lock().push(number);
                    }
                });
                let waiting = || {
                    let queues = turns.queues().lock();
                    turns.place(&queues).map_or(0, |place| queues[place].1.len())
                };
                while waiting() <= number {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            drop(first);
        });
        assert_eq!(*order.lock(), [0, 1, 2]);
        drop(turns.try_take().unwrap());
        assert!(turns.queues().lock().is_empty());
    }
}
