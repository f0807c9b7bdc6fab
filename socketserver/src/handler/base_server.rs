//! What a Python program would write as a subclass: the state and the policy of a server.

use super::server_ref::ServerRef;
use crate::address::{Address, OneLine};
use crate::request::{HandlerError, Named};
use crate::socket::Socket;

/// The state and the policy of a server whose requests are of type `R`. The state is the fields,
/// which the handlers share. The policy is the methods that a Python program overrides in a
/// subclass, here in the order of a request's life.
///
/// Every method has a default, so `impl BaseServer for Chat {}` is enough; write `impl<R>
/// BaseServer<R> for Chat {}` for a state that serves streams and datagrams. The parts that a
/// Python override reaches by `super()` always run.
///
/// A panic in one of these methods costs the request it was about, or one call, never the server.
///
/// The methods that a program calls are those of [`Server`](crate::Server) and [`ServerRef`]; the
/// methods that a subclass overrides are here. Those that change sockets or threads are in
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
    /// knows of the request, so it must not block. If the transport
    /// [learns](crate::Transport::learns_client) the client from the request itself, as behind a
    /// proxy, this runs where the handler will run.
    ///
    /// While [short handlers of datagrams](crate::Threading#datagrams) keep to one thread, it runs
    /// there too; never on two threads at once.
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

    /// Called before the server refuses a request for one of three reasons. The server is full and
    /// set to [refuse](crate::Overflow::Refuse), the client's address has its maximum of live
    /// requests, or only the reserve descriptor was left. Send a short message here, such as
    /// "busy". The default sends nothing.
    ///
    /// Runs on the loop's thread, or where the handler would have run if the transport has
    /// [learnt](crate::Transport::learns_client) its client there. Nothing blocks here: meanwhile
    /// every socket behaves as after `settimeout` with zero. A fresh connection has room for a few
    /// kilobytes. If the client has sent data that was not read, it may see a reset instead of the
    /// message.
    ///
    /// Not called for clients over their [rate](crate::Builder::max_rate_per_address), nor for
    /// datagrams from port 0 or from the server itself. Replies would amplify a flood, and the
    /// server would receive its own reply as a request. Not called either if the client could not
    /// read the message [before a handshake](crate::Transport::speaks_before_prepare).
    ///
    /// Python: none
    fn refuse_request(&self, _request: &R, _client_address: &Address, _server: &ServerRef<Self>) {}

    /// Called when a handler, `prepare` or `verify_request` fails or panics, or when no worker can
    /// run the request. By default the error is logged, by [`log_error`]. Python always prints a
    /// traceback to standard error; here the program's logger decides.
    ///
    /// Runs where the handler ran, or on the loop's thread if none did; the connection is still
    /// open.
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

    /// A request is over: its handler has run or failed, or it never began, and `shutdown_request`
    /// has ended its conversation. Called exactly once for each request for which
    /// [`verify_request`](Self::verify_request) returned true, before the request counts as ended.
    /// Release here what that call took, such as a permit that several servers share. Not called
    /// for a request that your own [`Concurrency`](crate::Concurrency), or code
    /// [around](crate::Builder::around) jobs, drops without running it, as in a panic.
    ///
    /// Runs where the handler ran: in a forking server that is the child, with its copy of the
    /// state.
    ///
    /// Python: an override of `process_request_thread` with `finally`
    fn request_closed(&self, _request: &R, _client_address: &Address, _server: &ServerRef<Self>) {}

    /// No request came within `timeout`. Only [`handle_request`](crate::Server::handle_request)
    /// calls it.
    ///
    /// Python: `BaseServer.handle_timeout`
    fn handle_timeout(&self, _server: &ServerRef<Self>) {}

    /// Runs on the loop's thread, after every turn of `serve_forever` and at least every
    /// `poll_interval`.
    ///
    /// The default says that there is nothing to do: after its first call the loop no longer wakes
    /// for it.
    ///
    /// Python: `BaseServer.service_actions`
    fn service_actions(&self, server: &ServerRef<Self>) {
        server.without_service_actions();
    }

    /// Runs once, when the server accepts nothing more and before it waits for live requests: the
    /// place to tell clients that the server is ending.
    ///
    /// Python: `BaseServer.server_close`, before `super().server_close()`
    fn server_close(&self, _server: &ServerRef<Self>) {}

    /// Runs once, when the last request has ended or was abandoned, and the workers have ended: the
    /// place to save what the requests have changed. A server that does not wait for its requests
    /// ([`block_on_close`](crate::options::OnClose) off) calls it with requests still live.
    ///
    /// Python: `BaseServer.server_close`, after `super().server_close()`
    fn server_closed(&self, _server: &ServerRef<Self>) {}
}

/// The state of a server that has none.
impl<R> BaseServer<R> for () {}

/// The default of [`BaseServer::handle_error`]: one line in the log, at error level. It is at debug
/// level for a client that disconnected or whose handshake failed. So it is for an aborted request,
/// because a request over its deadline already has a line at warn level. Control characters of the
/// error's text are escaped, because it may quote a client.
///
/// Python: `super().handle_error(request, client_address)`
pub fn log_error(client_address: &Address, error: &HandlerError) {
    let (text, request) = (OneLine(error), Named(error.request_id(), client_address));
    if error.is_handshake() {
        log::debug!(target: super::TARGET, "{request} refused: {text}");
        return;
    }
    let (level, what) = match error {
        _ if error.is_abort() => (log::Level::Debug, "failed after its abort"),
        _ if error.is_disconnect() => (log::Level::Debug, "failed"),
        _ => (log::Level::Error, "failed"),
    };
    log::log!(target: super::TARGET, level, "{request} {what} ({text})");
}
