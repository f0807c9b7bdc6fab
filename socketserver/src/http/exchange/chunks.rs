//! A handler's own chunks: a body that the handler codes itself.

use std::borrow::Cow;
use std::io;

use crate::http::message::chunked::{Chunks, Step};
use crate::http::message::line::invalid;

/// Reads the chunks that a handler writes under its own `Transfer-Encoding`. A client of HTTP/1.0
/// gets their contents alone, and a reply without its last chunk is not whole.
#[derive(Debug, Default)]
pub(super) struct OwnChunks {
    chunks: Chunks,
    /// A line that has begun in an earlier piece, and has no end yet.
    begun: Vec<u8>,
    pub(super) has_ended: bool,
}

impl OwnChunks {
    /// Reads the next piece, and calls `data` with each part of the body in it.
    ///
    /// # Errors
    /// `InvalidInput` for anything but chunks, and for bytes behind the last one.
    pub(super) fn read(&mut self, piece: &[u8], mut data: impl FnMut(&[u8])) -> io::Result<()> {
        let unread = match self.begun.is_empty() {
            true => Cow::Borrowed(piece),
            false => Cow::Owned([&self.begun, piece].concat()),
        };
        let mut rest = &*unread;
        loop {
            let step = self.chunks.step(rest, usize::MAX);
            let read = match step.map_err(|_| invalid("expected chunks, as the head says"))? {
                Step::Coding(length) => length,
                Step::Data(left) if !rest.is_empty() => {
                    let length =
                        usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    data(&rest[..length]);
                    self.chunks.taken(length as u64);
                    length
                }
                Step::Data(_) | Step::Incomplete => break,
                Step::End if rest.is_empty() => {
                    self.has_ended = true;
                    break;
                }
                Step::End => return Err(invalid("expected nothing behind the last chunk")),
            };
            rest = &rest[read..];
        }
        self.begun = rest.to_vec();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_end_with_the_last_one_in_any_split() {
        let whole = b"5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n";
        for size in 1..=whole.len() {
            let (mut chunks, mut body) = (OwnChunks::default(), Vec::new());
            for (number, piece) in whole.chunks(size).enumerate() {
                assert!(!chunks.has_ended, "{number} pieces of {size}");
                chunks.read(piece, |data| body.extend_from_slice(data)).expect("chunks");
            }
            assert_eq!((&*body, chunks.has_ended), (&b"hello!"[..], true), "pieces of {size}");
            chunks.read(b"", |_| unreachable!("it has ended")).expect("nothing");
            chunks.read(b"0", |_| unreachable!("it has ended")).expect_err("it has ended");
        }
    }

    #[test]
    fn other_bytes_are_no_chunks() {
        for piece in ["hello\r\n", "5\nhello", "1\r\nab", "-1\r\n", "0\r\n\r\nx"] {
            let error = OwnChunks::default().read(piece.as_bytes(), |_| {}).expect_err(piece);
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }
}
