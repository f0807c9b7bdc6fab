//! The lines that wait for a member, and the thread that sends them, so that a thread with a line
//! for a member never waits.

use std::io;
use std::net::Shutdown;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use socketserver::Socket;
use socketserver::green::{self, Receiver, RecvTimeoutError, Sender, channel};

use crate::room::Outbox;

/// Maximum number of bytes that wait for one member. A member that exceeds it does not read, and
/// its conversation is aborted.
const MOST_BYTES: usize = 1 << 20;

/// About how many bytes are sent by one call, so that they soon stop counting.
const BATCH: usize = 1 << 16;

/// How long the end of a conversation waits for a member that has not read everything yet.
const PATIENCE: Duration = Duration::from_secs(2);

/// The lines that wait for one member.
pub(crate) struct Queue {
    connection: Socket,
    /// `None` is the last.
    lines: Sender<Option<String>>,
    /// The bytes in `lines`, and those that are being sent.
    waiting: AtomicUsize,
    overflowed: AtomicBool,
}

impl Queue {
    /// Whether the conversation was aborted because the member did not read.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.overflowed.load(SeqCst)
    }

    /// Ends the conversation wherever it is, even in the middle of a line that is read or sent.
    fn abort(&self) {
        // This fails if the connection has ended already.
        let _ = self.connection.shutdown(Shutdown::Both);
    }

    /// Sends the lines, until the last one or the end of the connection.
    fn send(&self, lines: &Receiver<Option<String>>) {
        while let Ok(Some(line)) = lines.recv() {
            let mut batch = line.into_bytes();
            let mut last = false;
            while batch.len() < BATCH
                && !last
                && let Ok(line) = lines.try_recv()
            {
                last = line.is_none();
                batch.extend(line.unwrap_or_default().into_bytes());
            }
            if self.connection.sendall(&batch).is_err() || last {
                return;
            }
            self.waiting.fetch_sub(batch.len(), SeqCst);
        }
    }
}

impl Outbox for Arc<Queue> {
    fn put(&self, line: &str) {
        if self.has_overflowed() {
            return;
        }
        if self.waiting.fetch_add(line.len(), SeqCst) + line.len() > MOST_BYTES {
            self.overflowed.store(true, SeqCst);
            self.abort();
        } else if self.lines.send(Some(line.to_owned())).is_err() {
            // The connection is broken, which is no overflow.
            self.waiting.fetch_sub(line.len(), SeqCst);
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
        // Unbounded, so that `put` never blocks.
        let (lines, waiting) = channel(usize::MAX);
        let (end, ended) = channel::<()>(1);
        let queue = Arc::new(Queue {
            connection,
            lines,
            waiting: AtomicUsize::new(0),
            overflowed: AtomicBool::new(false),
        });
        let sending = queue.clone();
        spawn(move || {
            let _end = end;
            sending.send(&waiting);
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
        // This fails if the thread has ended already.
        let _ = self.queue.lines.send(None);
        if self.ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            self.queue.abort();
            let _ = self.ended.recv();
        }
    }
}
