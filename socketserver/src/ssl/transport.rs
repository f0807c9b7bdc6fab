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
    /// Builds everything that handshakes need, for two reasons: `bind` reports an error, and all
    /// children of a forking server have the same keys for tickets.
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
    /// Makes the server speak [TLS](crate::ssl). The handler stays the same, and [`Socket::ssl`]
    /// has the facts of its session. This may stand anywhere among the options, except that
    /// `proxy_protocol` comes first, because a proxy sends its header before the handshake.
    ///
    /// The handshake runs where the handler will run. A request whose handshake fails is refused,
    /// logged at debug level, and counted by reason in
    /// [`session_stats`](SSLContext::session_stats). It does not call
    /// [`refuse_request`](crate::BaseServer::refuse_request), because a client can read nothing
    /// before the handshake.
    pub fn tls(self, context: SSLContext) -> Builder<Tls<T>, C, H, S> {
        self.wrap_transport(context)
    }
}
