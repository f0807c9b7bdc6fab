//! What a server returns about a call.

use std::time::Duration;

/// How a server's end went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Requests that ended by themselves, those of the backlog included.
    pub finished: u64,
    /// Requests that were aborted at the deadline.
    pub aborted: u64,
    /// How many of the aborted requests had still not ended within 100 ms, and were abandoned.
    pub abandoned: u64,
    /// How long it took, the lame-duck time included.
    pub took: Duration,
}

/// What [`handle_request`](crate::Server::handle_request) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// A request went to its handler.
    Handled,
    /// A request was accepted and refused.
    Refused,
    /// None came within `timeout`.
    TimedOut,
    /// A call or a signal has stopped the server.
    Stopped,
}
