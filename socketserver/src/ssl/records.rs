//! The ends of TLS records, which show whether a stream ends within a record.

/// Follows the records of a stream.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// The part of the record's header that has come. Its last two bytes are a length.
    header: [u8; 5],
    of_header: usize,
    /// Number of bytes of the record that have not come.
    left: usize,
}

impl Records {
    /// Follows more bytes.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        loop {
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return;
            }
            if self.of_header == self.header.len() {
                self.of_header = 0;
            }
            let taken = (self.header.len() - self.of_header).min(bytes.len());
            self.header[self.of_header..][..taken].copy_from_slice(&bytes[..taken]);
            self.of_header += taken;
            bytes = &bytes[taken..];
            if self.of_header == self.header.len() {
                self.left = u16::from_be_bytes([self.header[3], self.header[4]]).into();
            }
        }
    }

    /// Whether the bytes so far end with a record.
    pub(super) fn is_whole(&self) -> bool {
        self.left == 0 && (self.of_header == 0 || self.of_header == self.header.len())
    }
}

#[cfg(test)]
#[path = "tests/records.rs"]
mod tests;
