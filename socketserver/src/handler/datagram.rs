//! The base class's part of a datagram handler: its files, and the reply.

use std::fmt;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use crate::address::Address;
use crate::request::ReplySocket;

/// A datagram as a file to read from. All of it is there, so nothing blocks and nothing fails.
///
/// ```
/// use socketserver::{DatagramRequestHandler, PacketReader};
///
/// #[derive(DatagramRequestHandler)]
/// struct Lines {
///     rfile: PacketReader,
///     wfile: Vec<u8>,
/// }
///
/// impl Lines {
///     fn handle(&mut self) {
///         for line in &mut self.rfile {
///             self.wfile.extend(line.to_ascii_uppercase());
///         }
///     }
/// }
/// ```
///
/// Python: `DatagramRequestHandler.rfile`, a `BytesIO`
#[derive(Clone)]
pub struct PacketReader {
    packet: Arc<[u8]>,
    /// How many bytes have been read.
    position: usize,
}

impl PacketReader {
    fn new(packet: Arc<[u8]>) -> Self {
        PacketReader { packet, position: 0 }
    }

    /// The bytes that have not been read yet, without reading them.
    ///
    /// Python: `rfile.getvalue()[rfile.tell():]`
    pub fn rest(&self) -> &[u8] {
        &self.packet[self.position..]
    }

    /// All bytes that are left.
    ///
    /// Python: `rfile.read()`
    pub fn read_all(&mut self) -> Vec<u8> {
        self.read_up_to(usize::MAX)
    }

    /// The next `size` bytes, or fewer at the end.
    ///
    /// Python: `rfile.read(size)`
    pub fn read_up_to(&mut self, size: usize) -> Vec<u8> {
        let rest = self.rest();
        let read = rest[..size.min(rest.len())].to_vec();
        self.position += read.len();
        read
    }

    /// The next line with its `\n`, or its first `limit` bytes if it is longer. The last line may
    /// lack the `\n`. An empty result is the end.
    ///
    /// Python: `rfile.readline(limit)`
    pub fn readline(&mut self, limit: usize) -> Vec<u8> {
        let length = line_length(self.rest());
        self.read_up_to(length.min(limit))
    }
}

/// The length of the first line, with its `\n`.
fn line_length(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    end.map_or(bytes.len(), |end| end + 1)
}

impl Read for PacketReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.rest().read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for PacketReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.rest())
    }

    fn consume(&mut self, count: usize) {
        self.position = self.packet.len().min(self.position.saturating_add(count));
    }
}

impl fmt::Debug for PacketReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = format_args!("b\"{}\"", self.rest().escape_ascii());
        f.debug_struct("PacketReader").field("rest", &rest).finish()
    }
}

/// The lines that are left, each with its `\n`.
///
/// Python: `for line in rfile`
impl<'a> IntoIterator for &'a mut PacketReader {
    type Item = &'a [u8];
    type IntoIter = PacketLines<'a>;

    fn into_iter(self) -> PacketLines<'a> {
        PacketLines { rest: &self.packet[self.position..], position: &mut self.position }
    }
}

/// The lines of a [`PacketReader`].
#[derive(Debug)]
pub struct PacketLines<'a> {
    rest: &'a [u8],
    position: &'a mut usize,
}

impl<'a> Iterator for PacketLines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (line, rest) = self.rest.split_at(line_length(self.rest));
        self.rest = rest;
        *self.position += line.len();
        (!line.is_empty()).then_some(line)
    }
}

/// The datagram as a file.
///
/// Python: `DatagramRequestHandler.setup`
pub fn packet_reader(packet: &Arc<[u8]>) -> PacketReader {
    PacketReader::new(packet.clone())
}

/// Sends the bytes written as the reply, if there are any. A client without a name cannot be
/// answered.
///
/// # Errors
/// A reply that no client could have been sent, because it is longer than a datagram. What is a
/// client's fault, or the network's, is no error of the handler.
///
/// Python: `DatagramRequestHandler.finish`, which sends an empty reply too
pub fn reply(socket: &ReplySocket, client_address: &Address, wfile: &[u8]) -> io::Result<()> {
    if wfile.is_empty() || *client_address == Address::Unnamed {
        return Ok(());
    }
    match socket.sendto(wfile, client_address) {
        Ok(_) => Ok(()),
        Err(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => Err(error),
        Err(error) => {
            log::debug!(
                target: super::TARGET,
                "cannot send the reply to {client_address} ({error}): dropping it",
            );
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_pythons_file_does() {
        let mut rfile = packet_reader(&b"one\ntwo\n\nrest".as_slice().into());
        assert_eq!(rfile.readline(100), b"one\n");
        assert_eq!(rfile.readline(2), b"tw");
        assert_eq!(rfile.read_up_to(1), b"o");
        let lines: Vec<&[u8]> = rfile.into_iter().take(2).collect();
        assert_eq!(lines, [b"\n", b"\n"]);
        assert_eq!(rfile.rest(), b"rest");
        assert_eq!(rfile.read_all(), b"rest");
        assert_eq!(rfile.readline(100), b"");
        assert_eq!(rfile.into_iter().next(), None);
    }

    #[test]
    fn works_as_a_file_of_the_standard_library() {
        let mut rfile = packet_reader(&b"one\ntwo".as_slice().into());
        let mut text = String::new();
        assert_eq!(rfile.read_line(&mut text).unwrap(), 4);
        rfile.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo");
        assert_eq!(rfile.read(&mut [0]).unwrap(), 0);
    }
}
