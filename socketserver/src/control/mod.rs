//! Control messages, which come with a received message or go with a sent one: descriptors,
//! senders, times, addresses. This folder parses and writes their bytes. Each begins with its
//! length, its level and its type, and is padded to whole words.
//!
//! | what | file |
//! | --- | --- |
//! | descriptors, senders, times, losses | `ancillary.rs` |
//! | at which of this machine's addresses a datagram arrived | `arrival.rs` |

mod ancillary;
mod arrival;

pub use ancillary::{Ancillary, PeerCred};
pub(crate) use ancillary::{
    CREDENTIALS_ROOM, DROPPED_ROOM, MOST_DESCRIPTORS, ROOM, Remarks, TIMESTAMP_ROOM, ancillary,
    remarks, rights, room_for,
};
pub(crate) use arrival::{ARRIVAL_ROOM, Arrival, arrival, leave_from};

/// The first `N` bytes of `bytes` from `start` on.
fn part<const N: usize>(bytes: &[u8], start: usize) -> Option<[u8; N]> {
    bytes.get(start..)?.first_chunk().copied()
}
