//! One accepted request whose types are forgotten.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::error::HandlerError;
use super::facts::Facts;
use super::stats::End;
use crate::address::Address;
use crate::socket::Socket;

/// A request that was accepted, as everything but its handler sees it. The books, the job and the
/// engine share one of these, in one allocation.
///
/// No method unwinds: a panic of user code becomes an error or a line in the log.
pub(crate) trait Accepted: Send + Sync {
    fn client_address(&self) -> &Address;

    fn facts(&self) -> &Facts;

    /// Its connection, if the request is one.
    fn socket(&self) -> Option<&Socket>;

    /// Whether it waits for its client's first byte, where clients speak first.
    fn awaits_first_byte(&self) -> bool;

    /// Whether its client, which has sent something, must send more before it gets a worker.
    fn awaits_more(&self) -> bool;

    /// Why it is refused if its client has not sent its first bytes within `patience`.
    fn silence(&self, patience: Duration) -> io::Error;

    /// The handler's type with its path.
    fn handler_name(&self) -> &'static str;

    /// Whether the server with this address has sent the request itself.
    fn is_own(&self, server: &Address) -> bool;

    /// `verify_request`.
    ///
    /// # Errors
    /// Its panic.
    fn verify(&self) -> Result<bool, HandlerError>;

    /// `refuse_request`: the server's word to a client that it refuses. Does not block.
    fn refuse(&self);

    /// The request's life where its handler runs: `prepare`, the handler, `handle_error` if either
    /// failed, `shutdown_request`, `request_closed`.
    fn run(self: Arc<Self>) -> End;

    /// `handle_error`.
    fn fail(&self, error: HandlerError);

    /// `shutdown_request`, blocking for at most `patience`.
    fn shutdown(&self, patience: Duration);

    /// `request_closed`: after the end of a request that `verify_request` let through.
    fn closed(&self);

    /// Ends the request by force, from any thread. Does not block.
    fn abort(&self);

    /// Wakes its handler if that waits for its client's next request. Does not block.
    fn wake_idle(&self);
}
