//! What a server can tell of itself.

use std::time::Duration;

/// Threads or processes that run handlers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Workers {
    /// How many there are.
    pub all: usize,
    /// How many of them have nothing to do.
    pub idle: usize,
    /// How often another one was wanted and the system refused.
    pub spawn_failures: u64,
}

impl Workers {
    /// So many, of whom so many are idle; none was ever refused.
    pub fn new(all: usize, idle: usize) -> Self {
        Workers {
            all,
            idle,
            spawn_failures: 0,
        }
    }

    /// The same, refused so often.
    pub fn with_spawn_failures(self, spawn_failures: u64) -> Self {
        Workers {
            spawn_failures,
            ..self
        }
    }
}

/// A server's counters, since it was made. Every request that was accepted comes to exactly one
/// end, so at any time `accepted = active + finished + failed + refused + cut`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests taken from the transport.
    pub accepted: u64,
    /// Requests that have not come to an end yet.
    pub active: u64,
    /// Their handlers returned.
    pub finished: u64,
    /// Their handlers failed or panicked, or what comes before: also that no thread could be started.
    pub failed: u64,
    /// They never came to a handler: `verify_request` said no, their client had its share or
    /// came too often, a datagram's address was forged, the server was full and refuses, or only
    /// the descriptor in reserve was left.
    pub refused: u64,
    /// They were ended at a deadline, or killed.
    pub aborted: u64,
    /// How often no request could be taken though one seemed to be there: connections gone before
    /// they were accepted, or no descriptors left.
    pub accept_errors: u64,
    /// Threads or processes that run handlers.
    pub workers: Workers,
}

/// How a server's end went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Requests that came to an end by themselves, those taken from the queue included.
    pub finished: u64,
    /// Requests that were cut at the deadline.
    pub aborted: u64,
    /// How many of those had not even ended 100 ms later, and were left to themselves.
    pub abandoned: u64,
    /// How long it took, with the lame-duck time.
    pub took: Duration,
}

/// What [`handle_request`](crate::Server::handle_request) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// A request went to its handler.
    Handled,
    /// A request was taken and refused.
    Refused,
    /// None came within `timeout`.
    TimedOut,
    /// The server was told to stop.
    Stopped,
}
