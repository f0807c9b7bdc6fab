//! The lines that wait for a member, and the thread that sends them, so that a thread with a line
//! for a member never waits.

use std::io;
use std::mem;
use std::net::Shutdown;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use socketserver::Socket;
use socketserver::green::{self, Receiver, RecvTimeoutError, Sender, channel};

use crate::room::Outbox;

/// Maximum number of bytes that wait for one member. A member that exceeds it does not read, and
/// its conversation is aborted. With the batch that is being sent, and the thread that sends it, a
/// member takes 1 MiB.
pub(crate) const MOST_BYTES: usize = (1 << 20) - 3 * BATCH;

/// Maximum number of bytes that one call sends, so that sent bytes soon stop counting.
const BATCH: usize = 1 << 16;

/// How long the end of a conversation waits for a member that has not read everything yet.
const PATIENCE: Duration = Duration::from_secs(2);

/// The lines that wait for one member.
pub(crate) struct Queue {
    connection: Socket,
    /// No call under this lock waits for the member.
    waiting: Mutex<Waiting>,
    /// Wakes the thread, which then sends all waiting lines.
    wake: Sender<()>,
}

#[derive(Default)]
struct Waiting {
    /// All waiting lines, in one buffer. A short line in its own allocation would take ten times
    /// its length, so a limit on bytes would not limit the memory.
    text: Vec<u8>,
    /// How many bytes the thread is sending.
    sending: usize,
    /// Whether the thread is sending, or was woken to do so.
    awake: bool,
    /// Set when no line can follow.
    end: Option<End>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The conversation has ended, and the waiting lines are still sent.
    Last,
    /// The connection is broken.
    Broken,
    /// The member did not read.
    Overflow,
}

/// Adds a line to waiting ones. The buffer takes at most that many bytes, too.
pub(crate) fn append(text: &mut Vec<u8>, line: &[u8], most: usize) {
    let length = text.len();
    if length + line.len() > text.capacity() {
        let needed = length + line.len();
        let capacity = (2 * text.capacity()).clamp(needed, most.max(needed));
        text.reserve_exact(capacity - length);
    }
    text.extend_from_slice(line);
}

impl Waiting {
    /// The next bytes to send. `None` if nothing waits, and then the thread sleeps.
    fn next_batch(&mut self) -> Option<Vec<u8>> {
        let batch = if self.text.len() <= BATCH {
            mem::take(&mut self.text)
        } else {
            self.text.drain(..BATCH).collect()
        };
        self.sending = batch.len();
        self.awake = !batch.is_empty();
        self.awake.then_some(batch)
    }
}

impl Queue {
    /// Whether the conversation was aborted because the member did not read.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.waiting.lock().end == Some(End::Overflow)
    }

    /// Ends the conversation wherever it is, even in the middle of a line that is read or sent.
    fn abort(&self) {
        // This fails if the connection has ended already.
        let _ = self.connection.shutdown(Shutdown::Both);
    }

    fn wake(&self, waiting: &mut Waiting) {
        if !mem::replace(&mut waiting.awake, true) {
            // This fails if the thread has ended already.
            let _ = self.wake.send(());
        }
    }

    /// Sends the lines, until the last one or the end of the connection.
    fn send(&self, woken: &Receiver<()>) {
        while woken.recv().is_ok() {
            // The guard must not live while the batch is sent.
            let next_batch = || self.waiting.lock().next_batch();
            while let Some(batch) = next_batch() {
                if self.connection.sendall(&batch).is_err() {
                    self.waiting.lock().end.get_or_insert(End::Broken);
                    return;
                }
            }
            if self.waiting.lock().end.is_some() {
                return;
            }
        }
    }
}

impl Outbox for Queue {
    fn put(&self, line: &str) {
        let mut waiting = self.waiting.lock();
        if waiting.end.is_some() {
            return;
        }
        if waiting.sending + waiting.text.len() + line.len() > MOST_BYTES {
            waiting.end = Some(End::Overflow);
            drop(waiting);
            self.abort();
        } else {
            append(&mut waiting.text, line.as_bytes(), MOST_BYTES);
            self.wake(&mut waiting);
        }
    }
}

/// A queue with the thread that empties it. Dropped, it sends what still waits, and joins the
/// thread.
pub(crate) struct Sending {
    queue: Arc<Queue>,
    /// Disconnected when the thread has ended.
    ended: Receiver<()>,
}

impl Sending {
    /// Starts the thread.
    pub(crate) fn start(connection: Socket) -> io::Result<Self> {
        // Unbounded, so that `put` never blocks; there is at most one message.
        let (wake, woken) = channel(usize::MAX);
        let (end, ended) = channel::<()>(1);
        let queue = Arc::new(Queue { connection, waiting: Mutex::default(), wake });
        let sending = queue.clone();
        spawn(move || {
            let _end = end;
            sending.send(&woken);
        })?;
        Ok(Sending { queue, ended })
    }
}

/// Starts a green thread from a green thread, and an ordinary thread from an ordinary one.
fn spawn(run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    /// Address space. A page takes memory from when it is first used.
    const STACK_SIZE: usize = 256 * 1024;
    if green::is_green() {
        green::try_spawn(STACK_SIZE, run).map(drop)
    } else {
        let outbox = thread::Builder::new().name("outbox".to_owned());
        outbox.spawn(run).map(drop)
    }
}

impl Deref for Sending {
    type Target = Arc<Queue>;

    fn deref(&self) -> &Arc<Queue> {
        &self.queue
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut waiting = self.queue.waiting.lock();
        waiting.end.get_or_insert(End::Last);
        self.queue.wake(&mut waiting);
        drop(waiting);
        if self.ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            self.queue.abort();
            let _ = self.ended.recv();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_lines_take_the_memory_of_their_text() {
        let mut waiting = Waiting::default();
        while waiting.text.len() + 5 <= MOST_BYTES {
            append(&mut waiting.text, b"a: x\n", MOST_BYTES);
        }
        assert!(waiting.text.capacity() <= MOST_BYTES);
        let mut sent = 0;
        while let Some(batch) = waiting.next_batch() {
            assert!(batch.len() <= BATCH);
            sent += batch.len();
        }
        assert_eq!(sent, MOST_BYTES / 5 * 5);
        assert_eq!(waiting.text.capacity(), 0, "an idle member takes nothing");
    }
}
