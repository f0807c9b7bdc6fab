//! The chunked coding of bodies (RFC 9112, 7.1), read strictly: bytes that two servers could read
//! differently are refused.

use super::refusal::HTTPError;
use super::request_line::is_token;

/// The longest line of a chunk's size with its extensions, in bytes.
const LONGEST_LINE: usize = 4_096;

/// What the received bytes begin with.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) enum Step {
    /// Nothing yet: more bytes must come first.
    Incomplete,
    /// This many bytes of the coding itself, which are dropped.
    Coding(usize),
    /// Up to this many bytes of the body.
    Data(u64),
    /// The bytes behind the end of the body.
    End,
}

/// A reader of chunks.
#[derive(Debug, Default)]
pub(in crate::http) struct Chunks {
    state: State,
    /// Length of the fields behind the last chunk so far, in bytes.
    trailer: usize,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Size,
    Data(u64),
    EndOfData,
    Trailer,
    End,
}

impl Chunks {
    /// Reads what `bytes` begins with. `longest_trailer` is the maximum length in bytes of the
    /// fields behind the last chunk.
    pub(in crate::http) fn step(
        &mut self,
        bytes: &[u8],
        longest_trailer: usize,
    ) -> Result<Step, HTTPError> {
        match self.state {
            State::Size => {
                let Some((line, length)) = line(bytes, wrong)? else {
                    return Ok(Step::Incomplete);
                };
                self.state = match size(line).ok_or_else(wrong)? {
                    0 => State::Trailer,
                    size => State::Data(size),
                };
                Ok(Step::Coding(length))
            }
            State::Data(left) => Ok(Step::Data(left)),
            State::EndOfData => match bytes {
                [b'\r', b'\n', ..] => {
                    self.state = State::Size;
                    Ok(Step::Coding(2))
                }
                [] | [b'\r'] => Ok(Step::Incomplete),
                _ => Err(wrong()),
            },
            State::Trailer => {
                let most = longest_trailer.checked_sub(self.trailer).ok_or_else(too_long)?;
                let Some((line, length)) = line(bytes, too_long)? else {
                    return Ok(Step::Incomplete);
                };
                if length > most {
                    return Err(too_long());
                }
                self.trailer += length;
                if line.is_empty() {
                    self.state = State::End;
                } else if !is_field(line) {
                    return Err(wrong());
                }
                Ok(Step::Coding(length))
            }
            State::End => Ok(Step::End),
        }
    }

    /// Records that the caller has taken this many bytes of the chunk.
    pub(in crate::http) fn taken(&mut self, bytes: u64) {
        if let State::Data(left) = &mut self.state {
            *left -= bytes;
            if *left == 0 {
                self.state = State::EndOfData;
            }
        }
    }
}

fn wrong() -> HTTPError {
    HTTPError::new((400, "Bad chunk"))
}

fn too_long() -> HTTPError {
    HTTPError::new((431, "Trailer too long"))
}

/// The first line without its end, and its length with it. A line feed alone does not end a line.
fn line(bytes: &[u8], too_long: fn() -> HTTPError) -> Result<Option<(&[u8], usize)>, HTTPError> {
    let end = bytes.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n');
    match end {
        Some(end) => match bytes[..end].split_last() {
            Some((b'\r', line)) if !line.contains(&b'\r') => Ok(Some((line, end + 1))),
            _ => Err(wrong()),
        },
        None if bytes.len() >= LONGEST_LINE => Err(too_long()),
        None => Ok(None),
    }
}

/// The size of a chunk: hexadecimal digits, perhaps with an extension. `None` for a size that does
/// not fit into 64 bits.
fn size(line: &[u8]) -> Option<u64> {
    let end = line.iter().position(|byte| *byte == b';').unwrap_or(line.len());
    let (digits, extension) = line.split_at(end);
    let is_hex = (1..=16).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    if !is_hex || extension.iter().any(|byte| is_control(*byte)) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn is_field(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return false;
    };
    is_token(&line[..colon]) && !line[colon..].iter().any(|byte| is_control(*byte))
}

fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body, and how many bytes it took; or the code of the refusal. `None` if it is not whole.
    fn read(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, u16> {
        let mut chunks = Chunks::default();
        let (mut body, mut at) = (Vec::new(), 0);
        loop {
            match chunks.step(&bytes[at..], 100).map_err(|error| error.status().code)? {
                Step::Incomplete => return Ok(None),
                Step::Coding(length) => at += length,
                Step::Data(left) => {
                    let length = (bytes.len() - at).min(left as usize);
                    if length == 0 {
                        return Ok(None);
                    }
                    body.extend_from_slice(&bytes[at..at + length]);
                    at += length;
                    chunks.taken(length as u64);
                }
                Step::End => return Ok(Some((body, at))),
            }
        }
    }

    #[test]
    fn bodies_end_where_they_end() {
        let bytes = b"3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\nGET";
        assert_eq!(read(bytes), Ok(Some((b"abc0123456789".to_vec(), bytes.len() - 3))));
        for end in 0..bytes.len() - 3 {
            assert_eq!(read(&bytes[..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn doubtful_chunks_are_refused() {
        for size in ["0x3", "+3", "-1", "1_0", " 3", "3 ", "g", "", "3 ;a", "3;\0", "3;a\rb"] {
            assert_eq!(read(format!("{size}\r\nabc\r\n0\r\n\r\n").as_bytes()), Err(400), "{size}");
        }
        for size in ["FFFFFFFFFFFFFFFFF", "10000000000000003"] {
            assert_eq!(read(format!("{size}\r\nabc\r\n0\r\n\r\n").as_bytes()), Err(400), "{size}");
        }
        for bytes in [
            "0\r\nX: y\n\r\n",
            "0\r\n\n",
            "3\r\nabcX",
            "2\r\nabc\r\n",
            "3\nabc\n0\n\n",
            "0\r\nX y\r\n\r\n",
            "0\r\n: y\r\n\r\n",
        ] {
            assert_eq!(read(bytes.as_bytes()), Err(400), "{bytes:?}");
        }
    }

    #[test]
    fn endless_lines_are_refused() {
        assert_eq!(read(&[b"3;".as_slice(), &[b'a'; 5_000]].concat()), Err(400));
        assert_eq!(read(&[b"0\r\n".as_slice(), &b"X: y\r\n".repeat(50)].concat()), Err(431));
    }
}
