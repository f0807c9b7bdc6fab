//! The servers that are compared. Each runs in a separate process.

mod cpython;
mod datagram_loop;
mod epoll;
mod event_loops;
mod forking;
mod go;
mod green;
mod inline;
mod may;
mod node;
mod ours;
mod place;
mod std_threads;
mod threads;
mod tokio;

pub(crate) use place::{Place, Service};

use crate::rounds::{Contestant, Program, beside, succeeds};

/// The size of every server's buffer.
const BUFFER: usize = 1024;

/// All contestants, in the order of the tables.
pub(crate) const ALL: [&Contestant; 17] = [
    &inline::INLINE,
    &threads::THREADS,
    &forking::FORKING,
    &green::GREEN,
    &epoll::EPOLL,
    &datagram_loop::DATAGRAM_LOOP,
    &std_threads::STD_THREADS,
    &tokio::TOKIO,
    &may::MAY,
    &go::GO,
    &node::NODE,
    &event_loops::UVLOOP,
    &event_loops::ASYNCIO,
    &event_loops::GEVENT,
    &cpython::INLINE,
    &cpython::THREADS,
    &cpython::FORKING,
];
