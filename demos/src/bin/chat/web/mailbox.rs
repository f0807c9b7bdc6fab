//! The lines of a member whose client is a page. They are those that wait, and the last ones that
//! were sent, for a page that is loaded again or whose connection broke.
//!
//! A position is a number of bytes, counted from the member's first line. Each batch tells the page
//! the position after it, and the page sends that position when it connects again.

use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use socketserver::Socket;
use socketserver::green::{Receiver, RecvTimeoutError, Sender, channel};

use crate::outbox::{MOST_BYTES, append};
use crate::room::Outbox;

/// Number of bytes of sent lines that are kept. They count like waiting lines, and are dropped
/// first.
const KEPT: usize = 1 << 15;

/// Maximum number of bytes that are sent in one event, unless a single line is longer. HTTP takes a
/// few times as much while it sends them.
const BATCH: usize = 1 << 14;

/// Maximum number of bytes of waiting and kept lines. What is left of the member's limit is for the
/// batch on its way, which takes up to eight times its bytes if its lines are short.
const MOST_WAITING: usize = MOST_BYTES - 8 * BATCH;

/// The lines of one member.
pub(super) struct Mailbox {
    /// No call under this lock waits for the member.
    state: Mutex<State>,
}

struct State {
    /// Whole lines: first those that were sent, then those that wait.
    text: Vec<u8>,
    /// The position of the first byte of `text`.
    first: u64,
    /// The position of the first byte that waits.
    sent: u64,
    stream: Option<Stream>,
    /// Number of streams so far.
    streams: u64,
    /// Time since which there has been no stream.
    away_since: Instant,
    /// Set when no line can follow.
    end: Option<End>,
}

/// The connection over which the page gets its lines.
struct Stream {
    number: u64,
    connection: Socket,
    /// Wakes its handler.
    wake: Sender<()>,
}

/// The reason for which no line can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The member has left. The waiting lines are still sent.
    Left,
    /// The member did not read.
    Overflow,
}

/// What the handler of a stream does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Send these lines, and the position after them.
    Lines(Vec<u8>, u64),
    /// There was nothing to send for a while.
    Silence,
    /// Another stream has taken its place.
    Moved,
    /// Its client has gone.
    Gone,
    /// No line can follow.
    End,
}

impl State {
    /// The position after the last line.
    fn last(&self) -> u64 {
        self.first + self.text.len() as u64
    }

    /// Number of bytes in `text` that were sent.
    fn sent_bytes(&self) -> usize {
        (self.sent - self.first) as usize
    }

    /// Drops sent lines, the oldest first, until at most this many bytes of them are left.
    fn forget(&mut self, keep: usize) {
        let sent = self.sent_bytes();
        let excess = sent.saturating_sub(keep);
        if excess > 0 {
            let line_end = self.text[excess - 1..sent].iter().position(|&byte| byte == b'\n');
            let dropped = line_end.map_or(sent, |end| excess + end);
            self.text.drain(..dropped);
            self.first += dropped as u64;
        }
    }

    /// The next lines to send: whole lines of up to `BATCH` bytes, or a single longer one.
    fn next_batch(&mut self) -> Option<Vec<u8>> {
        let waiting = &self.text[self.sent_bytes()..];
        let within = &waiting[..waiting.len().min(BATCH)];
        let line_end = within.iter().rposition(|&byte| byte == b'\n');
        let line_end = line_end.or_else(|| waiting.iter().position(|&byte| byte == b'\n'));
        let batch = waiting[..=line_end?].to_vec();
        self.sent += batch.len() as u64;
        Some(batch)
    }

    fn wake(&self) {
        if let Some(stream) = &self.stream {
            // This fails if its handler was woken already, or has ended.
            let _ = stream.wake.try_send(());
        }
    }

    /// Removes the stream, and wakes its handler.
    fn detach(&mut self) {
        self.stream = None;
        self.away_since = Instant::now();
    }

    /// Ends the stream's connection wherever it is, even in the middle of a line that is sent.
    fn abort_stream(&self) {
        if let Some(stream) = &self.stream {
            // This fails if the connection has ended already.
            let _ = stream.connection.shutdown(Shutdown::Both);
        }
    }
}

impl Mailbox {
    /// The mailbox of a member that has no stream yet.
    pub(super) fn new() -> Self {
        let state = State {
            text: Vec::new(),
            first: 0,
            sent: 0,
            stream: None,
            streams: 0,
            away_since: Instant::now(),
            end: None,
        };
        Mailbox { state: Mutex::new(state) }
    }

    /// Makes this connection the stream, and replaces an earlier one. The stream begins after the
    /// position `after`, or with the oldest line that is kept.
    pub(super) fn attach(self: &Arc<Self>, connection: Socket, after: Option<u64>) -> Reading {
        // One message wakes the handler for everything that has come until then.
        let (wake, woken) = channel(1);
        let mut state = self.state.lock();
        state.streams += 1;
        let number = state.streams;
        // This drops the waker of the one before, which wakes its handler too. That one is not
        // aborted: its page must learn that it was replaced, or it would connect again.
        state.stream = Some(Stream { number, connection, wake });
        state.sent = after.unwrap_or(0).clamp(state.first, state.last());
        Reading { mailbox: self.clone(), number, woken }
    }

    /// Ends the mailbox: the waiting lines are still sent, and no line can follow.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.end.get_or_insert(End::Left);
        state.wake();
    }

    /// Whether the member did not read.
    pub(super) fn has_overflowed(&self) -> bool {
        self.state.lock().end == Some(End::Overflow)
    }

    /// Whether the member has gone without saying so: it does not read, or has had no stream for
    /// `patience`. A handler without lines to send does not notice that its client goes, so this
    /// checks the connection.
    pub(super) fn is_abandoned(&self, patience: Duration) -> bool {
        let mut state = self.state.lock();
        let has_gone = |stream: &Stream| stream.connection.has_peer_closed().unwrap_or(true);
        if state.stream.as_ref().is_some_and(has_gone) {
            state.detach();
        }
        state.end == Some(End::Overflow)
            || state.stream.is_none() && state.away_since.elapsed() >= patience
    }
}

impl Outbox for Mailbox {
    fn put(&self, line: &str) {
        let mut state = self.state.lock();
        if state.end.is_some() {
            return;
        }
        // Not at every line, because dropping one moves all the others.
        if state.sent_bytes() > 2 * KEPT {
            state.forget(KEPT);
        }
        if state.text.len() + line.len() > MOST_WAITING {
            state.forget(0);
        }
        if state.text.len() + line.len() > MOST_WAITING {
            state.end = Some(End::Overflow);
            state.text = Vec::new();
            state.first = state.sent;
            state.abort_stream();
        } else {
            append(&mut state.text, line.as_bytes(), MOST_WAITING);
            state.wake();
        }
    }

    /// The page shows no line that the room has not sent, so all members see one order.
    fn wants_own(&self) -> bool {
        true
    }
}

/// The part of the handler of one stream. Dropped, it leaves the mailbox without a stream, unless
/// another one has taken its place.
pub(super) struct Reading {
    mailbox: Arc<Mailbox>,
    number: u64,
    woken: Receiver<()>,
}

impl Reading {
    /// Waits for the next step of the handler, for at most `patience`.
    pub(super) fn next(&self, patience: Duration) -> Next {
        loop {
            if let Some(next) = self.now() {
                return next;
            }
            if self.woken.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                return Next::Silence;
            }
        }
    }

    fn now(&self) -> Option<Next> {
        let mut state = self.mailbox.state.lock();
        match &state.stream {
            None => return Some(Next::Gone),
            Some(stream) if stream.number != self.number => return Some(Next::Moved),
            Some(_) => {}
        }
        match (state.end, state.next_batch()) {
            (_, Some(batch)) => Some(Next::Lines(batch, state.sent)),
            (end, None) => end.map(|_| Next::End),
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut state = self.mailbox.state.lock();
        if state.stream.as_ref().is_some_and(|stream| stream.number == self.number) {
            state.detach();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Deref;
    use std::os::unix::net::UnixStream;

    use super::*;

    const SOON: Duration = Duration::ZERO;

    /// A stream, whose client stays until this is dropped.
    struct Open(Reading, UnixStream);

    impl Deref for Open {
        type Target = Reading;

        fn deref(&self) -> &Reading {
            &self.0
        }
    }

    fn stream(mailbox: &Arc<Mailbox>, after: Option<u64>) -> Open {
        let (socket, client) = UnixStream::pair().expect("a pair");
        Open(mailbox.attach(Socket::from(socket), after), client)
    }

    fn lines(text: &str, position: u64) -> Next {
        Next::Lines(text.as_bytes().to_vec(), position)
    }

    #[test]
    fn a_page_goes_on_where_it_was() {
        let mailbox = Arc::new(Mailbox::new());
        mailbox.put("one\n");
        let reading = stream(&mailbox, None);
        mailbox.put("two\n");
        assert_eq!(reading.next(SOON), lines("one\ntwo\n", 8));
        assert_eq!(reading.next(SOON), Next::Silence);
        drop(reading);
        mailbox.put("three\n");
        assert_eq!(stream(&mailbox, Some(8)).next(SOON), lines("three\n", 14));
        assert_eq!(stream(&mailbox, Some(4)).next(SOON), lines("two\nthree\n", 14));
        assert_eq!(stream(&mailbox, None).next(SOON), lines("one\ntwo\nthree\n", 14));
        assert_eq!(stream(&mailbox, Some(u64::MAX)).next(SOON), Next::Silence);
    }

    #[test]
    fn the_last_stream_gets_the_lines() {
        let mailbox = Arc::new(Mailbox::new());
        let first = stream(&mailbox, None);
        assert_eq!(first.next(SOON), Next::Silence);
        let second = stream(&mailbox, None);
        assert_eq!(first.next(Duration::from_secs(20)), Next::Moved, "it was woken");
        drop(first);
        assert!(!mailbox.is_abandoned(SOON), "the second is there");
        mailbox.put("one\n");
        mailbox.close();
        mailbox.put("two\n");
        assert_eq!(second.next(SOON), lines("one\n", 4));
        assert_eq!(second.next(SOON), Next::End);
        let Open(second, client) = second;
        drop(client);
        assert!(mailbox.is_abandoned(SOON), "its client has gone");
        assert_eq!(second.next(SOON), Next::Gone);
        assert!(!mailbox.is_abandoned(Duration::from_secs(20)));
    }

    #[test]
    fn waiting_and_kept_lines_are_bounded() {
        let mailbox = Arc::new(Mailbox::new());
        let line = format!("{}\n", "x".repeat(99));
        let reading = stream(&mailbox, None);
        let mut position = 0;
        for _ in 0..30_000 {
            mailbox.put(&line);
            position += 100;
            assert_eq!(reading.next(SOON), lines(&line, position));
        }
        let kept = mailbox.state.lock().text.len();
        assert!((KEPT..=2 * KEPT + 200).contains(&kept), "{kept}");
        while mailbox.state.lock().end.is_none() {
            let state = mailbox.state.lock();
            let (sent, capacity) = (state.sent_bytes(), state.text.capacity());
            drop(state);
            assert!(sent <= 2 * KEPT + 100 && capacity <= MOST_WAITING);
            mailbox.put(&line);
        }
        assert_eq!(reading.next(SOON), Next::End);
        assert!(mailbox.is_abandoned(Duration::MAX));
        assert_eq!(mailbox.state.lock().text.capacity(), 0);
    }

    #[test]
    fn batches_are_whole_lines() {
        let mailbox = Arc::new(Mailbox::new());
        let long = format!("{}\n", "x".repeat(BATCH));
        let reading = stream(&mailbox, None);
        for line in ["one\n", &long, "two\n"] {
            mailbox.put(line);
        }
        let after_long = 4 + long.len() as u64;
        assert_eq!(reading.next(SOON), lines("one\n", 4));
        assert_eq!(reading.next(SOON), lines(&long, after_long));
        assert_eq!(reading.next(SOON), lines("two\n", after_long + 4));
    }
}
