//! What a member is still to be sent, and who sends it: whoever has something to say only puts it
//! here.

use std::io;
use std::net::Shutdown;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use socketserver::Socket;
use socketserver::green::{self, Receiver, RecvTimeoutError, Sender, channel};

use crate::room::Tell;

/// A member for whom more bytes than these wait does not read, and is cut.
const MOST_BYTES: usize = 1 << 20;

/// About so many bytes are sent at a time, so that what has been read counts no more.
const BATCH: usize = 1 << 16;

/// How long the end of a conversation waits for a member who has not yet been sent everything.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where to put what one member is to be sent.
pub(crate) struct Outbox {
    connection: Socket,
    /// `None` is the last.
    lines: Sender<Option<String>>,
    /// So many bytes were put here and have not been sent.
    waiting: AtomicUsize,
    overflowed: AtomicBool,
}

impl Outbox {
    /// Takes a line and never waits. A member who leaves too much unread is cut: that ends its
    /// conversation wherever it is, in the middle of a line that is read or sent.
    pub(crate) fn put(&self, line: &str) {
        if self.has_overflowed() {
            return;
        }
        if self.waiting.fetch_add(line.len(), SeqCst) + line.len() > MOST_BYTES {
            self.overflowed.store(true, SeqCst);
            self.cut();
        } else if self.lines.send(Some(line.to_owned())).is_err() {
            // The connection has broken, which is another matter.
            self.waiting.fetch_sub(line.len(), SeqCst);
        }
    }

    /// Whether the member was cut.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.overflowed.load(SeqCst)
    }

    fn cut(&self) {
        // A connection that has ended already need not be cut.
        let _ = self.connection.shutdown(Shutdown::Both);
    }

    /// Sends what is put here, until the last line or the end of the connection.
    fn send(&self, lines: &Receiver<Option<String>>) {
        while let Ok(Some(line)) = lines.recv() {
            let mut batch = line.into_bytes();
            let mut last = false;
            while batch.len() < BATCH
                && let Ok(line) = lines.try_recv()
            {
                let Some(line) = line else {
                    last = true;
                    break;
                };
                batch.extend_from_slice(line.as_bytes());
            }
            if self.connection.sendall(&batch).is_err() || last {
                return;
            }
            self.waiting.fetch_sub(batch.len(), SeqCst);
        }
    }
}

impl Tell for Arc<Outbox> {
    fn tell(&self, line: &str) {
        self.put(line);
    }
}

/// An outbox with a thread that empties it. Dropped, it sends what still waits, and the thread
/// ends.
pub(crate) struct Sending {
    outbox: Arc<Outbox>,
    /// Disconnected once the thread has ended.
    ended: Receiver<()>,
}

impl Sending {
    /// Starts the thread.
    pub(crate) fn start(connection: Socket) -> io::Result<Self> {
        // Without a limit, so that nobody ever waits to put something in.
        let (lines, waiting) = channel(usize::MAX);
        let (end, ended) = channel::<()>(1);
        let outbox = Arc::new(Outbox {
            connection,
            lines,
            waiting: AtomicUsize::new(0),
            overflowed: AtomicBool::new(false),
        });
        let sending = outbox.clone();
        spawn(move || {
            let _end = end;
            sending.send(&waiting);
        })?;
        Ok(Sending { outbox, ended })
    }
}

/// Starts a thread of the kind that its handler has.
fn spawn(run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    /// Only what is used of it counts.
    const STACK_SIZE: usize = 256 * 1024;
    if green::is_green() {
        green::try_spawn(STACK_SIZE, run).map(drop)
    } else {
        let outbox = thread::Builder::new().name("outbox".to_owned());
        outbox.spawn(run).map(drop)
    }
}

impl Deref for Sending {
    type Target = Arc<Outbox>;

    fn deref(&self) -> &Arc<Outbox> {
        &self.outbox
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        // It fails when there is nobody any more who would send it.
        let _ = self.outbox.lines.send(None);
        if self.ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            self.outbox.cut();
            let _ = self.ended.recv();
        }
    }
}
