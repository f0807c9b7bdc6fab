//! The bytes that a connection has received and its reader has not taken.

use std::io;
use std::time::Duration;

use crate::socket::Socket;

/// Bytes that the first receive of a request takes at most. Most heads fit, and the allocator hands
/// out a block of this size fast.
pub(in crate::http) const FIRST: usize = 1_024;

/// Bytes that each further receive takes at most.
pub(in crate::http) const CHUNK: usize = 4_096;

/// A buffer that holds no memory while it is empty.
#[derive(Debug, Default)]
pub(in crate::http) struct Input {
    buffer: Vec<u8>,
    start: usize,
}

impl Input {
    pub(in crate::http) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    pub(in crate::http) fn is_empty(&self) -> bool {
        self.unread().is_empty()
    }

    pub(in crate::http) fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        if self.is_empty() {
            *self = Input::default();
        }
    }

    /// Stores bytes that were received while this was empty. Returns whether there are any.
    pub(in crate::http) fn set(&mut self, received: Vec<u8>) -> bool {
        (self.buffer, self.start) = (received, 0);
        !self.is_empty()
    }

    /// Receives more bytes, and returns their number: 0 at the end of the stream.
    ///
    /// # Errors
    /// `TimedOut` after `time`, and those of the socket.
    pub(in crate::http) fn fill(&mut self, socket: &Socket, time: Duration) -> io::Result<usize> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let had = self.buffer.len();
        self.buffer.resize(had + CHUNK, 0);
        let received = socket.recv_into_within(&mut self.buffer[had..], time);
        self.buffer.truncate(had + received.as_ref().map_or(0, |received| *received));
        received
    }

    /// Moves unread bytes into the caller's buffer, and returns their number.
    pub(in crate::http) fn take(&mut self, buffer: &mut [u8]) -> usize {
        let length = buffer.len().min(self.unread().len());
        buffer[..length].copy_from_slice(&self.unread()[..length]);
        self.consume(length);
        length
    }
}
