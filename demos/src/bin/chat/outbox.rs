//! What a member is still to be sent, and the thread that sends it: whoever has something to say only puts it here.

use std::io;
use std::mem;
use std::net::Shutdown;
use std::ops::Deref;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use socketserver::Socket;

use crate::room::Tell;

/// A member for whom more bytes than these wait does not read, and is cut.
const MOST_BYTES: usize = 1 << 20;

/// So many bytes are sent at a time, so that what has been read counts no more.
const BATCH: usize = 1 << 16;

/// How long the end of a conversation waits for a member who has not yet been sent everything.
const PATIENCE: Duration = Duration::from_secs(2);

/// What waits to be sent to one member.
#[derive(Debug)]
pub(crate) struct Outbox {
    connection: Socket,
    state: Mutex<State>,
    /// Something was put, or the last of it was sent, or it has ended.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// So many bytes are on their way.
    sending: usize,
    /// Nothing more is taken.
    ended: bool,
    overflowed: bool,
    /// Nothing more is sent.
    sent: bool,
}

impl Outbox {
    /// Takes a line and never waits. A member who leaves too much unread is cut: that ends its conversation wherever
    /// it is, in the middle of a line that is read or sent.
    pub(crate) fn put(&self, line: &str) {
        let mut state = self.state.lock();
        if state.ended {
            return;
        }
        if state.waiting.len() + state.sending + line.len() > MOST_BYTES {
            state.overflowed = true;
            state.end(false);
            self.cut();
        } else {
            state.waiting.extend_from_slice(line.as_bytes());
        }
        self.changed.notify_all();
    }

    /// Whether the member was cut.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.state.lock().overflowed
    }

    fn cut(&self) {
        // A connection that has ended already need not be cut.
        let _ = self.connection.shutdown(Shutdown::Both);
    }

    /// What the thread does. The lock is not held while it sends.
    fn send_all(&self) {
        while let Some(batch) = self.next() {
            if self.connection.sendall(&batch).is_err() {
                self.state.lock().end(false);
            }
        }
        self.state.lock().sent = true;
        self.changed.notify_all();
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.state.lock();
        state.sending = 0;
        while state.waiting.is_empty() {
            if state.ended {
                return None;
            }
            self.changed.wait(&mut state);
        }
        let batch = state.waiting.len().min(BATCH);
        let rest = state.waiting.split_off(batch);
        state.sending = batch;
        Some(mem::replace(&mut state.waiting, rest))
    }
}

impl State {
    fn end(&mut self, send_what_waits: bool) {
        self.ended = true;
        if !send_what_waits {
            self.waiting.clear();
        }
    }
}

impl Tell for Arc<Outbox> {
    fn tell(&self, line: &str) {
        self.put(line);
    }
}

/// An outbox and the thread that empties it. Dropped, it sends what still waits, and the thread ends.
#[derive(Debug)]
pub(crate) struct Sending {
    outbox: Arc<Outbox>,
    thread: Option<JoinHandle<()>>,
}

impl Sending {
    /// Starts the thread.
    pub(crate) fn start(connection: Socket) -> io::Result<Self> {
        let outbox = Arc::new(Outbox {
            connection,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let thread = thread::Builder::new().name("outbox".to_owned()).spawn({
            let outbox = outbox.clone();
            move || outbox.send_all()
        })?;
        Ok(Sending {
            outbox,
            thread: Some(thread),
        })
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
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.outbox.state.lock();
        state.end(true);
        self.outbox.changed.notify_all();
        while !state.sent
            && !self
                .outbox
                .changed
                .wait_until(&mut state, deadline)
                .timed_out()
        {}
        let sent = state.sent;
        drop(state);
        if !sent {
            self.outbox.cut();
        }
        if let Some(thread) = self.thread.take() {
            // It has panicked, or it has not: it is over.
            let _ = thread.join();
        }
    }
}
