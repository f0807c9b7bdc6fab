//! A transport with TLS.

use std::io;

use super::config::Config;
use super::context::SSLContext;
use super::trust::invalid;
use crate::address::Address;
use crate::axis::Wrapped;
use crate::builder::Builder;
use crate::socket::Socket;
use crate::transport::{Transport, TransportHooks};

/// A transport whose connections have TLS.
pub type Tls<T> = Wrapped<T, SSLContext>;

impl<T: Transport<Request = Socket>> TransportHooks<T> for SSLContext {
    /// Makes everything that handshakes need, so that a fault is an error of `bind`, and the
    /// children of a server that forks have the same keys for tickets.
    fn server_activate(&self, inner: &T, socket: &Socket) -> io::Result<()> {
        match self.built()?.config {
            Config::Server(_) => inner.server_activate(socket),
            Config::Client(_) => Err(invalid("expected a server's context, got a client's")),
        }
    }

    fn get_request(&self, inner: &T, socket: &Socket) -> io::Result<(Socket, Address)> {
        self.look_after_tickets();
        inner.get_request(socket)
    }

    fn prepare(&self, inner: &T, request: &Socket) -> io::Result<()> {
        inner.prepare(request)?;
        self.wrap_socket(request)
    }

    fn speaks_before_prepare(&self, _: &T) -> bool {
        false
    }
}

/// A server with TLS.
impl<T: Transport<Request = Socket>, C, H, S> Builder<T, C, H, S> {
    /// The server over [TLS](crate::ssl). The handler is the same, and
    /// [`Socket::ssl`] tells it about the session. All options stay, and it may stand anywhere
    /// among them; but behind a proxy, which speaks first, `proxy_protocol` comes before it.
    ///
    /// The handshake runs where the handler will run. One that fails is a refused request, which is
    /// logged at debug level, and counted by reason:
    /// [`session_stats`](SSLContext::session_stats). Since a client can read nothing before it,
    /// [`refuse_request`](crate::BaseServer::refuse_request) is not called.
    pub fn tls(self, context: SSLContext) -> Builder<Tls<T>, C, H, S> {
        self.wrap_transport(context)
    }
}
