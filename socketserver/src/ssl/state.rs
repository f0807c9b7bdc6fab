//! A session of TLS with its buffers, without the wire.

use std::io::{self, Read, Write};

use rustls::{Connection, Error};

use super::records::Records;

/// Bytes of plaintext that are encoded at a time: four records.
const MOST: usize = 1 << 16;

/// A session with two buffers: bytes to decode, and encoded bytes to send.
pub(super) struct State {
    pub(super) connection: Box<Connection>,
    /// Bytes from the wire. The session has consumed those before `decoded`.
    incoming: Vec<u8>,
    decoded: usize,
    /// Bytes for the wire that an earlier call could not send. They must be sent first, because the
    /// stream would otherwise lack them.
    outgoing: Vec<u8>,
    records: Records,
    /// The error with which the session has failed.
    failed: Option<Error>,
    /// The peer has ended the stream of the wire.
    has_ended: bool,
    pub(super) is_truncated: bool,
    /// This side has announced its end, with a close_notify.
    is_closed: bool,
    /// The bytes to send are tickets alone. They are held back until this side sends data. A client
    /// that has sent everything may be gone already, and would answer the tickets with a reset,
    /// which destroys its bytes before they are read.
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

    /// Adds bytes from the wire. An empty chunk is the end of the wire's stream.
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

    /// Checks that the session refuses bytes only because it holds plaintext. Any other refusal is
    /// an error of the peer.
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
                        // The next call returns the error.
                        Err(_) if filled > 0 => return Some(Ok(filled)),
                        Err(error) => return Some(Err(broken(error))),
                    }
                }
                Err(_) if filled > 0 => return Some(Ok(filled)),
                Err(_) => return self.has_ended.then(|| self.end_of_wire()),
            }
        }
    }

    /// The result of a read after an end of the wire without a close_notify.
    fn end_of_wire(&mut self) -> io::Result<usize> {
        if self.records.is_whole() {
            self.is_truncated = true;
            return Ok(0);
        }
        // The peer has gone, as one has that resets its connection.
        Err(io::Error::new(
            io::ErrorKind::ConnectionAborted,
            "expected the rest of a TLS record, got the end of the stream",
        ))
    }

    /// Whether `read` would return a result.
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

    /// Encodes a part of `data`, and returns the number of its bytes.
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

    /// Announces the end of this side's data.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.holds_tickets = false;
        self.connection.send_close_notify();
    }

    /// Whether there are bytes to send: data, or messages of TLS itself.
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

    /// Gives back bytes that were not sent. The next call of `take_outgoing` returns them first.
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
