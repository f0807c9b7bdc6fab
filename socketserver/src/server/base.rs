//! What a Python program would write as a subclass: the state and the policy of a server.

use crate::handler::HandlerError;
use crate::socket::{Address, Socket};

use super::server_ref::ServerRef;

/// The state and the policy of a server whose requests are of type `R`: fields for what its
/// handlers share, and the methods that a Python program overrides in a subclass, in the order of a
/// request's life.
///
/// Every method has a default, so `impl BaseServer for Chat {}` is enough; write `impl<R>
/// BaseServer<R> for Chat {}` for a state that serves streams and datagrams. What a Python override
/// gets from `super()` runs anyway.
///
/// A panic in one of these costs the request it was about, or one call, never the server.
///
/// *Methods for the caller* are those of [`Server`](crate::Server) and [`ServerRef`]. *What a
/// subclass overrides* is here; what it overrides to change sockets or threads is in
/// [`Transport`](crate::Transport) and [`Concurrency`](crate::Concurrency).
///
/// Python: `BaseServer`
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the state of a server whose requests are `{R}`",
    label = "needs `impl BaseServer<{R}> for {Self}`",
    note = "write `impl<R> BaseServer<R> for {Self} {{}}`; every method has a default"
)]
pub trait BaseServer<R = Socket>: Sized + Send + Sync + 'static {
    /// Whether a request may go to a handler. Runs on the loop's thread, before any other thread
    /// knows of the request, so it must not wait.
    ///
    /// Python: `BaseServer.verify_request`
    fn verify_request(
        &self,
        _request: &R,
        _client_address: &Address,
        _server: &ServerRef<Self>,
    ) -> bool {
        true
    }

    /// A request is refused unseen: the server is full and was told to
    /// [refuse](crate::Overflow::Refuse), its client has as many live requests as one address may
    /// have, or only the descriptor in reserve was left for it. The place for a word, such as
    /// "busy"; by default there is none.
    ///
    /// Runs on the loop's thread, so nothing waits here: meanwhile every socket is as after
    /// `settimeout` with zero. A fresh connection has room for a few kilobytes. A client that
    /// speaks first, and whose words nobody has read, may see a reset instead.
    ///
    /// Not called for who comes [too often](crate::Builder::max_rate_per_address), and for datagrams
    /// from port 0 or from the server's own address, all of which are refused without a word.
    ///
    /// Python: none; there a full server is one that fails
    fn refuse_request(&self, _request: &R, _client_address: &Address, _server: &ServerRef<Self>) {}

    /// What failed or panicked in a handler, in `verify_request` or on the way to a thread. By
    /// default it is logged, by [`log_error`]. Python prints a traceback to standard error even
    /// when nobody asked; here `log` decides.
    ///
    /// Runs where the handler ran; the connection is still open.
    ///
    /// Python: `BaseServer.handle_error`
    fn handle_error(
        &self,
        _request: &R,
        client_address: &Address,
        error: &HandlerError,
        _server: &ServerRef<Self>,
    ) {
        log_error(client_address, error);
    }

    /// No request came within `timeout`. Only [`handle_request`](crate::Server::handle_request)
    /// calls it.
    ///
    /// Python: `BaseServer.handle_timeout`
    fn handle_timeout(&self, _server: &ServerRef<Self>) {}

    /// Runs on the loop's thread, after every turn of `serve_forever` and at least every
    /// `poll_interval`.
    ///
    /// The default says that there is nothing to do: from its first call on the loop no longer
    /// wakes for it.
    ///
    /// Python: `BaseServer.service_actions`
    fn service_actions(&self, server: &ServerRef<Self>) {
        server.without_service_actions();
    }

    /// Once, when the server takes nothing more and before it waits for what is live: the place to
    /// tell the clients.
    ///
    /// What a Python program does after `super().server_close()` stands after
    /// [`server_close`](crate::Server::server_close), or in the state's `Drop`.
    ///
    /// Python: `BaseServer.server_close`
    fn server_close(&self, _server: &ServerRef<Self>) {}
}

/// The state of a server that has none.
impl<R> BaseServer<R> for () {}

/// What [`BaseServer::handle_error`] does unless it is overridden: one line in the log, at debug
/// level for a client that went away, at error level for the rest.
///
/// Python: `super().handle_error(request, client_address)`
pub fn log_error(client_address: &Address, error: &HandlerError) {
    let level = if error.is_disconnect() {
        log::Level::Debug
    } else {
        log::Level::Error
    };
    log::log!(target: "socketserver::server", level, "request from {client_address}: {error}");
}
