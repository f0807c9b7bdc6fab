//! Counters of ended requests and of workers.

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its handler returned.
    Finished,
    /// Its handler failed or panicked, or a step before it panicked.
    Failed,
    /// The server refused it.
    Refused,
    /// It was ended by force: at a deadline, or by a signal to its process.
    Aborted,
}

/// Threads, green threads or processes that run handlers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Workers {
    /// Number of workers.
    pub all: usize,
    /// Number of workers that are not running a handler.
    pub idle: usize,
    /// How often the system refused to start another worker.
    pub spawn_failures: u64,
}

impl Workers {
    /// `all` workers, `idle` of them idle, and no spawn failures.
    pub fn new(all: usize, idle: usize) -> Self {
        Workers { all, idle, spawn_failures: 0 }
    }

    /// Sets the number of spawn failures.
    pub fn with_spawn_failures(self, spawn_failures: u64) -> Self {
        Workers { spawn_failures, ..self }
    }
}

/// A server's counters, since it was made. Every accepted request comes to exactly one end, so at
/// any time `accepted = active + finished + failed + refused + aborted`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests that the transport has accepted.
    pub accepted: u64,
    /// Live requests: accepted, and not ended yet.
    pub active: u64,
    /// Requests whose handler returned.
    pub finished: u64,
    /// Requests whose handler failed or panicked, or for which no thread could be started. Also
    /// requests with a panic in a step before the handler.
    pub failed: u64,
    /// Requests that never came to a handler, because `verify_request` returned false, or the
    /// handshake failed. Other reasons: the client was over its limit of live requests or its rate,
    /// the address of a datagram was forged, the server was full, or no descriptor was left.
    pub refused: u64,
    /// Requests that were ended by force, at a deadline or by a signal to their process.
    pub aborted: u64,
    /// How many of the aborted requests were over their [`deadline`](crate::Builder::deadline).
    pub overdue: u64,
    /// How often a request could not be accepted though one seemed to be there: the connection was
    /// gone already, or no descriptor was left.
    pub accept_errors: u64,
    /// Threads, green threads or processes that run handlers.
    pub workers: Workers,
}
