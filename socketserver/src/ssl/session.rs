//! The layer under a socket: a session, and the wire.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::state::State;
use super::stats::Counts;
use crate::socket::{Layer, Wire};
use crate::wait::Turns;

/// Bytes that are received at a time: one record of the largest size, with its header.
pub(super) const CHUNK: usize = (1 << 14) + 512;

/// A session of TLS under a socket.
///
/// The lock of the state is held while bytes are decoded or encoded, and never while the wire is
/// used. Turns keep the bytes on the wire in order: one thread at a time receives, and one sends.
pub(super) struct Session {
    pub(super) state: Mutex<State>,
    receiving: Turns,
    sending: Turns,
    /// Whether an end of the stream that the peer has not announced counts as a normal end.
    suppresses_ragged_eofs: bool,
    counts: Arc<Counts>,
}

impl Session {
    pub(super) fn new(state: State, suppresses_ragged_eofs: bool, counts: Arc<Counts>) -> Self {
        Session {
            state: Mutex::new(state),
            receiving: Turns::default(),
            sending: Turns::default(),
            suppresses_ragged_eofs,
            counts,
        }
    }

    /// Reads plaintext that has been decoded. `None` if there is none.
    fn read(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let mut state = self.state.lock();
        let was_truncated = state.is_truncated;
        let read = state.read(buffer);
        let is_truncated = state.is_truncated;
        let must_answer = state.has_outgoing();
        drop(state);
        if must_answer {
            self.answer(wire);
        }
        if is_truncated && !was_truncated {
            self.counts.truncated();
        }
        if is_truncated && !self.suppresses_ragged_eofs {
            return Some(Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "expected the end of the TLS session, got the end of the stream",
            )));
        }
        read
    }

    /// Sends answers that reading has caused, such as alerts. If another thread is sending, that
    /// thread sends them when it is done. This never waits, because the caller is reading.
    #[cold]
    fn answer(&self, wire: &Wire<'_>) {
        let wire = wire.without_waiting();
        while self.state.lock().has_outgoing() {
            let Some(turn) = self.sending.try_take() else { return };
            let flushed = self.flush(&wire);
            drop(turn);
            if flushed.is_err() {
                return;
            }
        }
    }

    /// Sends all encoded bytes. The caller has the turn to send.
    fn flush(&self, wire: &Wire<'_>) -> io::Result<()> {
        loop {
            let mut bytes = self.state.lock().take_outgoing();
            if bytes.is_empty() {
                return Ok(());
            }
            let mut sent = 0;
            while sent < bytes.len() {
                match wire.send(&bytes[sent..]) {
                    Ok(count) => sent += count,
                    Err(error) => {
                        bytes.drain(..sent);
                        self.state.lock().keep_outgoing(bytes);
                        return Err(error);
                    }
                }
            }
        }
    }

    fn send_in_turn(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
        let _turn = wire.take_turn(&self.sending)?;
        if self.state.lock().has_outgoing() {
            self.flush(wire)?;
        }
        let taken = self.state.lock().write(data)?;
        match self.flush(wire) {
            // All of it is encoded, so the caller must not pass it again. The next call sends the
            // rest.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(taken),
            flushed => flushed.map(|()| taken),
        }
    }
}

impl Layer for Session {
    fn recv(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(read) = self.read(wire, buffer) {
            return read;
        }
        let _turn = wire.take_turn(&self.receiving)?;
        loop {
            // Another thread may have received something.
            if let Some(read) = self.read(wire, buffer) {
                return read;
            }
            let chunk = wire.recv_chunk(CHUNK)?;
            self.state.lock().feed(chunk);
        }
    }

    fn send(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
        let sent = self.send_in_turn(wire, data);
        if self.state.lock().has_outgoing() {
            self.answer(wire);
        }
        sent
    }

    fn pending(&self) -> bool {
        self.state.lock().has_pending()
    }

    fn end(&self, wire: &Wire<'_>) -> io::Result<()> {
        let _turn = wire.take_turn(&self.sending)?;
        self.state.lock().close();
        self.flush(wire)
    }
}
