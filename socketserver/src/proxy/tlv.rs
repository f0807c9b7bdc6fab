//! The fields after the addresses of a header: a type, a length, a value.

use super::crc32c::crc32c;

pub(super) const ALPN: u8 = 0x01;
pub(super) const AUTHORITY: u8 = 0x02;
pub(super) const CHECKSUM: u8 = 0x03;
pub(super) const UNIQUE_ID: u8 = 0x05;
pub(super) const SSL: u8 = 0x20;
pub(super) const SSL_VERSION: u8 = 0x21;
pub(super) const SSL_COMMON_NAME: u8 = 0x22;
pub(super) const SSL_CIPHER: u8 = 0x23;
pub(super) const SSL_CERTIFICATE: u8 = 0x28;

/// Maximum length of a unique id.
pub(super) const LONGEST_UNIQUE_ID: usize = 128;

/// Iterates over the fields of a block. A field that does not fit into the block is an error, and
/// the last item.
pub(super) struct Tlvs<'a>(&'a [u8]);

impl<'a> Tlvs<'a> {
    pub(super) fn of(block: &'a [u8]) -> Self {
        Tlvs(block)
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Result<(u8, &'a [u8]), &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        let block = std::mem::take(&mut self.0);
        if block.is_empty() {
            return None;
        }
        let field = block.split_first_chunk::<3>().and_then(|(&[kind, high, low], rest)| {
            let (value, rest) = rest.split_at_checked(u16::from_be_bytes([high, low]).into())?;
            self.0 = rest;
            Some((kind, value))
        });
        Some(field.ok_or("expected a field within its block, got one that is longer"))
    }
}

/// Computes the checksum of a header, whose place for it is at `at`.
pub(super) fn checksum(header: &[u8], at: usize) -> u32 {
    crc32c([&header[..at], &[0; 4], &header[at + 4..]])
}
