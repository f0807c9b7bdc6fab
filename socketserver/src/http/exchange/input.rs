//! The bytes that a connection has received and its reader has not taken.

use std::io;
use std::mem;

use crate::socket::Socket;

/// Bytes that the first receive of a request takes at most. Most heads fit. The allocator keeps
/// blocks of up to about 1 KiB for the thread that frees them, so each idle thread would hold one.
pub(in crate::http) const FIRST: usize = 1_280;

/// Bytes that each further receive takes at most.
pub(in crate::http) const CHUNK: usize = 4_096;

/// A buffer, whose memory serves the reply when it is empty.
#[derive(Debug, Default)]
pub(in crate::http) struct Input {
    buffer: Vec<u8>,
    start: usize,
    /// Number of bytes that the socket counts as unread here.
    counted: usize,
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
    }

    /// Returns the buffer's memory, if the buffer is empty.
    pub(in crate::http) fn release(&mut self) -> Vec<u8> {
        if !self.is_empty() {
            return Vec::new();
        }
        self.start = 0;
        let mut buffer = mem::take(&mut self.buffer);
        buffer.clear();
        buffer
    }

    /// Reports the number of unread bytes to the socket. As long as there are some, the socket
    /// refuses a layer and `detach`. Otherwise the bytes would be lost, or pass for bytes of the
    /// layer. Call this before user code gets the socket.
    pub(in crate::http) fn count(&mut self, socket: &Socket) {
        let (counted, unread) = (self.counted, self.unread().len());
        if unread > counted {
            socket.add_unread(unread - counted);
        } else if unread < counted {
            socket.take_unread(counted - unread);
        }
        self.counted = unread;
    }

    /// Stores bytes that were received while this was empty. Returns whether there are any.
    pub(in crate::http) fn set(&mut self, received: Vec<u8>) -> bool {
        (self.buffer, self.start) = (received, 0);
        !self.is_empty()
    }

    /// Receives more bytes with `receive`, and returns their number: 0 at the end of the stream.
    ///
    /// # Errors
    /// Those of `receive`.
    pub(in crate::http) fn fill(
        &mut self,
        receive: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let had = self.buffer.len();
        self.buffer.resize(had + CHUNK, 0);
        let received = receive(&mut self.buffer[had..]);
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
