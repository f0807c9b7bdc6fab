//! Checks of the fields of a header.

use super::ssl::Ssl;
use super::step::Wrong;
use super::tlv::{self, Tlvs};

/// Checks the fields of a header, which begin at `start`.
pub(super) fn fields(header: &[u8], start: usize) -> Result<(), Wrong> {
    let mut has_checksum = false;
    let mut at = start;
    for field in Tlvs::of(&header[start..]) {
        let (kind, value) = field?;
        at += 3;
        match kind {
            tlv::CHECKSUM if has_checksum => return Err("expected one checksum, got two"),
            tlv::CHECKSUM => {
                has_checksum = true;
                check_sum(header, at, value)?;
            }
            tlv::UNIQUE_ID if value.len() > tlv::LONGEST_UNIQUE_ID => {
                return Err("expected a unique id of at most 128 bytes, got a longer one");
            }
            tlv::SSL => {
                Ssl::of(value).ok_or("expected at least 5 bytes about TLS, got fewer")?.check()?
            }
            _ => {}
        }
        at += value.len();
    }
    Ok(())
}

/// Checks the checksum `value`, which is at `at`. It is computed with zeros in its own place.
fn check_sum(header: &[u8], at: usize, value: &[u8]) -> Result<(), Wrong> {
    let value: [u8; 4] = value.try_into().map_err(|_| "expected a checksum of 4 bytes")?;
    match u32::from_be_bytes(value) == tlv::checksum(header, at) {
        true => Ok(()),
        false => Err("expected a header with its checksum, got another checksum"),
    }
}
