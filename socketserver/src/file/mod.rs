//! `rfile` and `wfile`: a socket's stream as two files.

mod lines;

use std::io::{self, BufRead, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use crate::socket::{LARGEST_BUFFER, Socket};

pub use lines::Lines;

/// The size that -1 stands for, in bytes.
///
/// Python: `io.DEFAULT_BUFFER_SIZE`
const DEFAULT_BUFFER_SIZE: usize = 8192;

fn buffer_size(size: isize) -> usize {
    let size = usize::try_from(size).unwrap_or(DEFAULT_BUFFER_SIZE);
    size.min(LARGEST_BUFFER)
}

impl Socket {
    /// Two files, for reading and for writing: `rfile` and `wfile` of a stream handler. A size of
    /// -1 is the usual buffer (8 KiB), 0 none, anything else the buffer's size in bytes, up to
    /// 1 MiB.
    ///
    /// Python: `socket.makefile("rb", rbufsize)` and `socket.makefile("wb", wbufsize)`
    pub fn makefile(&self, rbufsize: isize, wbufsize: isize) -> (SocketReader, SocketWriter) {
        (SocketReader::new(self.clone(), rbufsize), SocketWriter::new(self.clone(), wbufsize))
    }
}

/// A socket's stream as a file to read from: Rust's [`Read`] and [`BufRead`], and Python's bounded
/// [`readline`](Self::readline).
///
/// Python's `for line in self.rfile` is `for line in self.rfile.lines_up_to(1024)` for text, or
/// [`readline`](Self::readline) in a loop for bytes. Both have a limit.
///
/// After a timeout every call can be made again, and nothing is lost. There are two exceptions,
/// which lose the bytes that they had by then. One is [`read_exact`](Read::read_exact) of more than
/// 1 MiB. The others are calls of the standard library that gather the whole stream, such as
/// `read_to_end`. These also take as much memory as the client sends, unless `take` bounds them.
///
/// Python: `StreamRequestHandler.rfile`, which cannot be read any more after a timeout
#[derive(Debug)]
pub struct SocketReader {
    socket: Socket,
    /// The bytes that were received. Those before `start` have been read.
    buffer: Vec<u8>,
    start: usize,
    /// How many bytes are received at a time: 1 for an unbuffered reader, which must not take more
    /// than it is asked for.
    size: usize,
}

impl SocketReader {
    fn new(socket: Socket, rbufsize: isize) -> Self {
        let size = buffer_size(rbufsize).max(1);
        SocketReader { socket, buffer: Vec::new(), start: 0, size }
    }

    /// The next line with its `\n`, or its first `limit` bytes if it is longer. A long line comes
    /// in pieces, of which only the last one ends in `\n`. The stream's last line may lack the
    /// `\n`. An empty result is the end of the stream.
    ///
    /// # Errors
    /// The socket's. After a timeout the next call goes on with the bytes that came before it.
    ///
    /// Python: `rfile.readline(limit)`
    pub fn readline(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        let count = self.receive_until(b'\n', limit)?;
        Ok(self.take(count))
    }

    /// The next `size` bytes, and fewer only at the end of the stream. Memory is used as bytes
    /// come, so a size that came from a client is safe to pass.
    ///
    /// # Errors
    /// The socket's. After a timeout the next call goes on with the bytes that came before it.
    ///
    /// Python: `rfile.read(size)`
    pub fn read_up_to(&mut self, size: usize) -> io::Result<Vec<u8>> {
        loop {
            let held = self.buffer.len() - self.start;
            if held >= size || self.receive(size - held)? == 0 {
                return Ok(self.take(size.min(held)));
            }
        }
    }

    /// Receives until there is a delimiter, `limit` bytes, or the end of the stream. Returns how
    /// many bytes that makes, and leaves them unread, so that an error on the way loses nothing.
    fn receive_until(&mut self, delimiter: u8, limit: usize) -> io::Result<usize> {
        let mut searched = 0;
        loop {
            let unread = &self.buffer[self.start..];
            let within = &unread[..unread.len().min(limit)];
            let found = within[searched..].iter().position(|&byte| byte == delimiter);
            if let Some(place) = found {
                return Ok(searched + place + 1);
            }
            searched = within.len();
            if searched == limit || self.receive(1)? == 0 {
                return Ok(searched);
            }
        }
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let data = self.buffer[self.start..self.start + count].to_vec();
        self.consume(count);
        data
    }

    /// Receives more bytes behind the unread ones. Returns how many; 0 at the end of the stream.
    /// Even an unbuffered reader may receive as many as are `wanted`.
    fn receive(&mut self, wanted: usize) -> io::Result<usize> {
        /// A caller that wants more may never get it, so room is made as bytes come.
        const MOST: usize = 1 << 16;
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let held = self.buffer.len();
        self.buffer.resize(held + self.size.max(wanted.min(MOST)), 0);
        let result = self.socket.recv_into(&mut self.buffer[held..]);
        let received = *result.as_ref().unwrap_or(&0);
        self.buffer.truncate(held + received);
        self.socket.add_unread(received);
        result
    }
}

impl Read for SocketReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            // There is nothing to wait for.
            return Ok(0);
        }
        if self.start == self.buffer.len() && into.len() >= self.size {
            // Going through the buffer would only add a copy.
            return self.socket.recv_into(into);
        }
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }

    /// Leaves the bytes unread until all are there, so that a timeout loses none.
    fn read_exact(&mut self, mut into: &mut [u8]) -> io::Result<()> {
        while !into.is_empty() {
            // More than this must not gather here, so a longer read takes pieces.
            let size = into.len().min(LARGEST_BUFFER);
            while self.buffer.len() - self.start < size {
                let missing = size - (self.buffer.len() - self.start);
                if self.receive(missing)? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            into[..size].copy_from_slice(&self.buffer[self.start..self.start + size]);
            self.consume(size);
            into = &mut into[size..];
        }
        Ok(())
    }
}

impl BufRead for SocketReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.buffer.len() {
            self.receive(1)?;
        }
        Ok(&self.buffer[self.start..])
    }

    fn consume(&mut self, count: usize) {
        let count = count.min(self.buffer.len() - self.start);
        self.start += count;
        self.socket.take_unread(count);
    }

    fn read_until(&mut self, byte: u8, into: &mut Vec<u8>) -> io::Result<usize> {
        let count = self.receive_until(byte, usize::MAX)?;
        into.extend_from_slice(&self.buffer[self.start..self.start + count]);
        self.consume(count);
        Ok(count)
    }

    fn read_line(&mut self, into: &mut String) -> io::Result<usize> {
        let line = self.readline(usize::MAX)?;
        let text = std::str::from_utf8(&line)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        into.push_str(text);
        Ok(line.len())
    }
}

impl Drop for SocketReader {
    fn drop(&mut self) {
        self.consume(usize::MAX);
    }
}

impl AsFd for SocketReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A socket's stream as a file to write to. Without a buffer, which is the default, every write is
/// a `sendall`, and its bytes stay together even if several threads write to the socket. With a
/// buffer, bytes leave when it is full, at a [`flush`](Write::flush), after `finish`, and when the
/// file is dropped, where errors are ignored.
///
/// Python: `StreamRequestHandler.wfile`
#[derive(Debug)]
pub struct SocketWriter {
    socket: Socket,
    buffer: Vec<u8>,
    size: usize,
}

impl SocketWriter {
    fn new(socket: Socket, wbufsize: isize) -> Self {
        SocketWriter { socket, buffer: Vec::new(), size: buffer_size(wbufsize) }
    }
}

impl Write for SocketWriter {
    /// Takes all of `data`: the result is always its length.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + data.len() > self.size {
            self.flush()?;
        }
        if data.len() >= self.size {
            self.socket.sendall(data)?;
        } else {
            self.buffer.extend_from_slice(data);
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        // After an error it is unknown how much was sent, so none of it may be sent again.
        let result = self.socket.sendall(&self.buffer);
        self.buffer.clear();
        result
    }

    /// Formats first, so that the text leaves in one piece rather than one system call per
    /// fragment.
    fn write_fmt(&mut self, arguments: std::fmt::Arguments<'_>) -> io::Result<()> {
        match arguments.as_str() {
            Some(text) => self.write_all(text.as_bytes()),
            None => self.write_all(arguments.to_string().as_bytes()),
        }
    }
}

impl Drop for SocketWriter {
    /// Sends the rest, unless the handler panicked: the rest may then be half of a message.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = self.flush();
        }
    }
}

impl AsFd for SocketWriter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
