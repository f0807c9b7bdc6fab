//! A channel whose ends park green threads and block ordinary ones.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::current::may_park;
use super::wait_queue::{WaitQueue, Waited, Waiter};
use crate::channel_errors::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

/// A channel that holds up to `capacity` messages. While it is full, senders wait. A capacity of
/// `usize::MAX` is no limit, and 0 counts as 1.
///
/// Messages come out in the order in which they went in, each at one receiver. Both ends can be
/// cloned.
///
/// An abort of a request, at its deadline or at the end of a drain, ends its handler's waits for a
/// channel. This holds on every kind of thread. The calls fail as if the other end was gone.
///
/// Python: `queue.Queue(maxsize)`
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    filled(capacity.max(1), VecDeque::new())
}

/// A channel that holds `count` permits, and all of them at first.
pub(crate) fn permits(count: usize) -> (Sender<()>, Receiver<()>) {
    filled(count, vec![(); count].into())
}

fn filled<T>(capacity: usize, messages: VecDeque<T>) -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(parking_lot::Mutex::new(Channel {
        capacity,
        messages,
        senders: 1,
        receivers: 1,
        full: WaitQueue::default(),
        empty: WaitQueue::default(),
    }));
    (Sender(channel.clone()), Receiver(channel))
}

struct Channel<T> {
    capacity: usize,
    messages: VecDeque<T>,
    senders: usize,
    receivers: usize,
    /// Senders that wait because it is full.
    full: WaitQueue,
    /// Receivers that wait because it is empty.
    empty: WaitQueue,
}

/// The end of a [`channel`] that messages go into.
pub struct Sender<T>(Arc<parking_lot::Mutex<Channel<T>>>);

/// The end of a [`channel`] that messages come out of.
pub struct Receiver<T>(Arc<parking_lot::Mutex<Channel<T>>>);

impl<T> Sender<T> {
    /// Sends a message. Waits while the channel is full.
    ///
    /// # Errors
    /// The message, when all receivers are gone or the caller's request was aborted.
    pub fn send(&self, mut message: T) -> Result<(), SendError<T>> {
        let mut aborted = false;
        loop {
            let waiter = {
                let mut channel = self.0.lock();
                if aborted {
                    return Err(SendError(message));
                }
                match channel.offer(message) {
                    Ok(()) => {
                        // Without a limit a send never waits, so it does not count.
                        let may_wait = channel.capacity < usize::MAX;
                        drop(channel);
                        if may_wait {
                            consume_budget();
                        }
                        return Ok(());
                    }
                    Err(TrySendError::Disconnected(back)) => return Err(SendError(back)),
                    Err(TrySendError::Full(back)) => message = back,
                }
                channel.full.join()
            };
            aborted = waiter.wait_abortably(None) == Waited::Aborted;
            if aborted {
                // If this waiter was woken at the same time, the next one must be woken instead.
                let mut channel = self.0.lock();
                if !channel.full.leave(&waiter) {
                    channel.full.wake_one();
                }
            }
        }
    }

    /// Sends a message if there is room for it, and never waits.
    ///
    /// # Errors
    /// The message, when the channel is full or all receivers are gone.
    ///
    /// Python: `queue.Queue.put_nowait`
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.0.lock().offer(message)
    }

    /// Number of messages in the channel now.
    ///
    /// Python: `queue.Queue.qsize`
    pub fn len(&self) -> usize {
        self.0.lock().messages.len()
    }

    /// Whether no message is in the channel now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Receiver<T> {
    /// Receives the next message. Waits while the channel is empty.
    ///
    /// # Errors
    /// When the channel is empty and all senders are gone, or the caller's request was aborted.
    pub fn recv(&self) -> Result<T, RecvError> {
        self.recv_until(None, Waiter::wait_abortably).map_err(|_| RecvError)
    }

    /// As [`recv`](Self::recv), but waits for `time` at most.
    ///
    /// # Errors
    /// When no message came in time, the channel is empty and all senders are gone, or the caller's
    /// request was aborted.
    pub fn recv_timeout(&self, time: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until(Instant::now().checked_add(time), Waiter::wait_abortably)
    }

    /// Receives a message without waiting.
    ///
    /// # Errors
    /// When the channel is empty.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut channel = self.0.lock();
        match channel.take() {
            Some(message) => Ok(message),
            None if channel.senders == 0 => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    /// As [`recv`](Self::recv), but an abort of the caller's request does not end the wait.
    pub(super) fn recv_nevertheless(&self) -> Option<T> {
        self.recv_until(None, |waiter, deadline| waiter.wait_to_the_end(deadline)).ok()
    }

    /// Number of messages in the channel now.
    ///
    /// Python: `queue.Queue.qsize`
    pub fn len(&self) -> usize {
        self.0.lock().messages.len()
    }

    /// Whether no message is in the channel now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn recv_until(
        &self,
        deadline: Option<Instant>,
        wait: impl Fn(&Arc<Waiter>, Option<Instant>) -> Waited,
    ) -> Result<T, RecvTimeoutError> {
        consume_budget();
        let mut waited = Waited::Woken;
        loop {
            let waiter = {
                let mut channel = self.0.lock();
                if let Some(message) = channel.take() {
                    return Ok(message);
                }
                if channel.senders == 0 {
                    return Err(RecvTimeoutError::Disconnected);
                }
                match waited {
                    Waited::Woken => channel.empty.join(),
                    Waited::TimedOut => return Err(RecvTimeoutError::Timeout),
                    Waited::Aborted => return Err(RecvTimeoutError::Disconnected),
                }
            };
            waited = wait(&waiter, deadline);
            if waited != Waited::Woken {
                self.0.lock().empty.leave(&waiter);
            }
        }
    }
}

/// Counts an operation that may wait, if this is a green thread.
fn consume_budget() {
    if let Some(current) = may_park() {
        current.consume_budget();
    }
}

impl<T> Channel<T> {
    fn offer(&mut self, message: T) -> Result<(), TrySendError<T>> {
        if self.receivers == 0 {
            return Err(TrySendError::Disconnected(message));
        }
        if self.messages.len() >= self.capacity {
            return Err(TrySendError::Full(message));
        }
        self.messages.push_back(message);
        self.empty.wake_one();
        Ok(())
    }

    fn take(&mut self) -> Option<T> {
        let message = self.messages.pop_front()?;
        self.full.wake_one();
        // The receiver that was woken for this message may be another one, and come too late. So
        // the next message wakes the next receiver in line.
        if !self.messages.is_empty() {
            self.empty.wake_one();
        }
        Some(message)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Sender(self.0.clone())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.0.lock().receivers += 1;
        Receiver(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut channel = self.0.lock();
        channel.senders -= 1;
        if channel.senders == 0 {
            channel.empty.wake_all();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let abandoned = {
            let mut channel = self.0.lock();
            channel.receivers -= 1;
            if channel.receivers > 0 {
                return;
            }
            channel.full.wake_all();
            std::mem::take(&mut channel.messages)
        };
        // Dropped without the lock, because a message's own drop may do anything.
        drop(abandoned);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "tests/channel.rs"]
mod tests;
