//! A session of TLS with the bytes round it, without the wire.

use std::io::{self, Read, Write};

use rustls::{Connection, Error};

use super::records::Records;

/// Plaintext that is taken at a time: four records.
const MOST: usize = 1 << 16;

/// A session, with bytes from the wire that are not decoded, and encoded bytes that are not sent.
pub(super) struct State {
    pub(super) connection: Box<Connection>,
    /// Bytes from the wire. Those before `decoded` were given to the session.
    incoming: Vec<u8>,
    decoded: usize,
    /// Bytes for the wire that an earlier call could not send. Dropped, they would be missing in
    /// the stream.
    outgoing: Vec<u8>,
    records: Records,
    /// What the session has failed with.
    failed: Option<Error>,
    /// The wire has ended.
    has_ended: bool,
    pub(super) is_truncated: bool,
    /// Our close_notify is on its way.
    is_closed: bool,
    /// What there is to send are tickets alone. They leave with the first bytes of this side,
    /// because a client may be gone by now that has sent everything, and their reset would take
    /// its bytes with them.
    pub(super) holds_tickets: bool,
}

impl State {
    pub(super) fn new(connection: Connection) -> Self {
        State {
            connection: Box::new(connection),
            incoming: Vec::new(),
            decoded: 0,
            outgoing: Vec::new(),
            records: Records::default(),
            failed: None,
            has_ended: false,
            is_truncated: false,
            is_closed: false,
            holds_tickets: false,
        }
    }

    /// Takes bytes from the wire; none are its end.
    pub(super) fn feed(&mut self, chunk: Vec<u8>) {
        self.has_ended |= chunk.is_empty();
        self.records.pass(&chunk);
        if self.decoded == self.incoming.len() {
            self.incoming = chunk;
            self.decoded = 0;
        } else {
            self.incoming.extend(chunk);
        }
    }

    /// Decodes the bytes that were fed, until there is plaintext to read.
    pub(super) fn decode(&mut self) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        while self.decoded < self.incoming.len() {
            let mut rest = &self.incoming[self.decoded..];
            match self.connection.read_tls(&mut rest) {
                // Bytes after a close_notify are ignored.
                Ok(0) => rest = &[],
                Ok(_) => {}
                Err(_) => return self.unless_full(),
            }
            self.decoded = self.incoming.len() - rest.len();
            let state = self.connection.process_new_packets();
            let state = state.inspect_err(|error| self.failed = Some(error.clone()))?;
            if state.plaintext_bytes_to_read() > 0 {
                return Ok(());
            }
        }
        self.incoming = Vec::new();
        self.decoded = 0;
        Ok(())
    }

    /// A session takes no more bytes as long as it has plaintext, and for no other good reason.
    #[cold]
    fn unless_full(&mut self) -> Result<(), Error> {
        if self.connection.process_new_packets()?.plaintext_bytes_to_read() > 0 {
            return Ok(());
        }
        let error = Error::General("a message is too long".to_owned());
        self.failed = Some(error.clone());
        Err(error)
    }

    /// Reads plaintext. `None` if more must come from the wire first.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let mut filled = 0;
        loop {
            match self.connection.reader().read(&mut buffer[filled..]) {
                Ok(0) => return Some(Ok(filled)),
                Ok(count) => filled += count,
                Err(_) if self.decoded < self.incoming.len() || self.failed.is_some() => {
                    match self.decode() {
                        Ok(()) => {}
                        // The next call has the error.
                        Err(_) if filled > 0 => return Some(Ok(filled)),
                        Err(error) => return Some(Err(broken(error))),
                    }
                }
                Err(_) if filled > 0 => return Some(Ok(filled)),
                Err(_) => return self.has_ended.then(|| self.end_of_wire()),
            }
        }
    }

    /// The wire has ended without a close_notify.
    fn end_of_wire(&mut self) -> io::Result<usize> {
        if self.records.is_whole() {
            self.is_truncated = true;
            return Ok(0);
        }
        Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "expected the rest of a TLS record, got the end of the stream",
        ))
    }

    /// Whether `read` would have a result.
    pub(super) fn has_pending(&mut self) -> bool {
        let has_plaintext = |connection: &mut Connection| {
            let state = connection.process_new_packets();
            state.map_or(true, |state| {
                state.plaintext_bytes_to_read() > 0 || state.peer_has_closed()
            })
        };
        self.has_ended
            || self.failed.is_some()
            || has_plaintext(&mut self.connection)
            || self.decode().is_err()
            || has_plaintext(&mut self.connection)
    }

    /// Encodes some of `data`, and returns how much.
    pub(super) fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.is_closed {
            return Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "expected a TLS session for writing, got one that this side has ended",
            ));
        }
        self.holds_tickets = false;
        self.connection.writer().write(&data[..data.len().min(MOST)])
    }

    /// Says that no more will come from this side.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.holds_tickets = false;
        self.connection.send_close_notify();
    }

    /// Whether there is something to send, be there data or not.
    pub(super) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty() || self.connection.wants_write() && !self.holds_tickets
    }

    /// Takes the bytes for the wire.
    pub(super) fn take_outgoing(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.outgoing);
        while self.connection.wants_write() {
            // Writing to a vector does not fail.
            let _ = self.connection.write_tls(&mut bytes);
        }
        bytes
    }

    /// Gives back those that were not sent: they come first next time.
    pub(super) fn keep_outgoing(&mut self, bytes: Vec<u8>) {
        self.outgoing = bytes;
    }
}

/// The error of a session that cannot go on.
fn broken(error: Error) -> io::Error {
    match error {
        Error::AlertReceived(_) => io::Error::new(io::ErrorKind::ConnectionAborted, error),
        _ => io::Error::new(io::ErrorKind::InvalidData, error),
    }
}
