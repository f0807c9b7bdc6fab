//! The servers that are compared. Each runs in a separate process.

mod datagram_loop;
mod epoll;
mod may;
mod other_languages;
mod ours;
mod place;
mod std_threads;
mod tokio;

pub(crate) use place::{Place, Service};

use tests::prelude::{Duration, Read, Write, io};

use crate::job::work;
use crate::rounds::{Contestant, Program};

/// The size of every server's buffer.
const BUFFER: usize = 1024;

/// All contestants, in the order of the tables.
pub(crate) const ALL: [&Contestant; 17] = [
    &ours::INLINE,
    &ours::THREADS,
    &ours::FORKING,
    &ours::GREEN,
    &epoll::EPOLL,
    &datagram_loop::DATAGRAM_LOOP,
    &std_threads::STD_THREADS,
    &tokio::TOKIO,
    &may::MAY,
    &other_languages::GO,
    &other_languages::NODE,
    &other_languages::UVLOOP,
    &other_languages::ASYNCIO,
    &other_languages::GEVENT,
    &other_languages::CPYTHON_INLINE,
    &other_languages::CPYTHON_THREADS,
    &other_languages::CPYTHON_FORKING,
];

/// Echoes each message of a connection, with calls that block.
fn echo(mut stream: impl Read + Write, sleep: fn(Duration)) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        work(&buffer[..count], sleep);
        stream.write_all(&buffer[..count])?;
    }
}
