//! One accepted request whose types are forgotten.

use std::time::Duration;

use super::error::HandlerError;
use super::stats::End;
use crate::socket::Address;

/// A request that was accepted, as everything but its handler sees it. The books, the job and the
/// engine share one of these; it is the request's only allocation.
///
/// No method unwinds: what user code panics with is an error, or a line in the log.
pub(crate) trait Accepted: Send + Sync {
    fn client_address(&self) -> &Address;

    /// The handler's type with its path.
    fn handler_name(&self) -> &'static str;

    /// Whether the server with this address has sent the request itself.
    fn is_own(&self, server: &Address) -> bool;

    /// `verify_request`.
    ///
    /// # Errors
    /// What it panicked with: it costs this request.
    fn verify(&self) -> Result<bool, HandlerError>;

    /// `refuse_request`: the server's word to a client that it refuses. Does not block.
    fn refuse(&self);

    /// The request's life where its handler runs: `prepare`, the handler, `handle_error` if either
    /// failed, `shutdown_request`.
    fn run(&self) -> End;

    /// `handle_error`.
    fn fail(&self, error: HandlerError);

    /// `shutdown_request`, blocking for at most `patience`.
    fn shutdown(&self, patience: Duration);

    /// Ends the request by force, from any thread. Does not block.
    fn abort(&self);
}
