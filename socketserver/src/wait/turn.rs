//! A lock of one byte, for what is seldom shared and must stay small. Who waits for it is in a table
//! that all such locks have in common.

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

/// What threads, green and ordinary, use one after the other, in the order in which they came.
#[derive(Default)]
pub(crate) struct Turns(AtomicU8);

/// A turn, until it is dropped.
pub(crate) struct Turn<'a>(&'a Turns);

impl Turns {
    /// A turn, if nothing else has it.
    #[inline]
    pub(crate) fn try_take(&self) -> Option<Turn<'_>> {
        let taken = self.0.compare_exchange(FREE, TAKEN, Acquire, Relaxed);
        // Not `then_some`: a turn that is not there must not be dropped.
        taken.is_ok().then(|| Turn(self))
    }

    /// Waits for a turn until the deadline. An abort of the request that this code is inside ends
    /// the wait, too.
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
        // Whoever had the turn has handed it on.
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
        // Such locks are inside of sockets, which fill a cache line each.
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
                    turns
                        .place(&queues)
                        .map_or(0, |place| queues[place].1.len())
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
