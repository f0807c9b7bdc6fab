//! Request handlers, and the server as they see it.
//!
//! | derive | request | fields it fills |
//! | --- | --- | --- |
//! | [`BaseRequestHandler`](derive@crate::BaseRequestHandler) | any | `request`, `client_address`, `server` |
//! | [`StreamRequestHandler`](derive@crate::StreamRequestHandler) | [`Socket`](crate::Socket) | also `connection`, `rfile`, `wfile` |
//! | [`DatagramRequestHandler`](derive@crate::DatagramRequestHandler) | [`Datagram`](crate::Datagram) | also `packet`, `socket`, `rfile`, `wfile` |
//!
//! A closure is a handler too ([`Server::handling`](crate::Server::handling)), and so is whatever
//! implements [`RequestHandler`] by hand; changing from one to the other breaks no caller.
//!
//! A handler holds a [`ServerRef`]: the state and policy of its server
//! ([`BaseServer`]), its counters, and its `Life`, which a handler may ask to end.

pub(crate) mod base;
mod base_server;
mod core;
pub(crate) mod datagram;
mod function;
mod life;
mod next_request;
mod outcome;
mod server_ref;
mod stop;
pub(crate) mod stream;

pub use base::Request;
pub use base_server::{BaseServer, log_error};
pub(crate) use core::Core;
pub use datagram::{PacketLines, PacketReader};
pub use function::{FnHandler, FnState};
pub(crate) use life::{Life, Turn};
pub(crate) use next_request::FIRST_BYTE;
#[cfg(feature = "http")]
pub(crate) use next_request::IdleMark;
pub use outcome::Outcome;
pub use server_ref::ServerRef;
pub(crate) use stop::{By, Stop, StopKind, Waiting};

use crate::address::Address;
use crate::request::HandlerError;

/// Where this folder's log lines go.
const TARGET: &str = "socketserver::handler";

/// Handles requests of type `R` of a server whose state is `S`.
///
/// It has one function and no `self`, because a handler is one call for one request: Python's
/// constructor. The derives write it; by hand it looks like this:
///
/// ```
/// use socketserver::{Address, HandlerError, RequestHandler, ServerRef, Socket, TCPServer};
///
/// struct UpperCase;
///
/// impl<S> RequestHandler<Socket, S> for UpperCase {
///     fn handle_request(request: Socket, _: Address, _: ServerRef<S>) -> Result<(), HandlerError> {
///         let data = request.recv(1024)?;
///         Ok(request.sendall(&data.to_ascii_uppercase())?)
///     }
/// }
///
/// let server = TCPServer::<UpperCase>::bind("127.0.0.1:0")?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// `S` is a parameter, so that a handler that does not look at its server runs under any.
///
/// Python: `BaseServer.RequestHandlerClass`, and `finish_request`, which calls it
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle requests of type `{R}` for a server whose state is `{S}`",
    label = "not a handler for this server",
    note = "derive `BaseRequestHandler`, `StreamRequestHandler` (TCP, Unix streams), `DatagramRequestHandler` (UDP, Unix datagrams) or `BaseHTTPRequestHandler` (HTTP)",
    note = "the field `server` must have the type `ServerRef<{S}>`, and the field `request` the type `{R}`",
    note = "the state is the second parameter of the server's type, as in `ThreadingTCPServer::<Handler, State>`; without one it is `()`"
)]
pub trait RequestHandler<R, S>: Sized + 'static {
    /// Handles the request, all of it. The server ends the conversation after that.
    ///
    /// # Errors
    /// Any error of the handler. It goes to [`handle_error`](crate::BaseServer::handle_error).
    fn handle_request(
        request: R,
        client_address: Address,
        server: ServerRef<S>,
    ) -> Result<(), HandlerError>;
}
