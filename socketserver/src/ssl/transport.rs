//! A transport with TLS.

use std::io;
use std::time::Duration;

use super::config::Config;
use super::context::SSLContext;
use super::handshake::has_part_of_hello;
use super::trust::invalid;
use crate::address::Address;
use crate::axis::Wrapped;
use crate::builder::Builder;
use crate::socket::Socket;
use crate::transport::{Speaker, Transport, TransportHooks, reads_first};
use crate::wait::left_of_first_step;

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

    fn speaks_first(&self, inner: &T) -> Speaker {
        match inner.speaks_first() {
            // A handshake that precedes this one.
            Speaker::Server => Speaker::Server,
            first if reads_first(inner) => first,
            _ => Speaker::Client(self.time()),
        }
    }

    fn awaits_more(&self, inner: &T, request: &Socket) -> bool {
        match reads_first(inner) {
            true => inner.awaits_more(request),
            false => has_part_of_hello(request),
        }
    }

    fn silence(&self, inner: &T, request: &Socket, patience: Duration) -> io::Error {
        match reads_first(inner) {
            true => inner.silence(request, patience),
            false => self.count_silent(request, patience),
        }
    }

    fn prepare(&self, inner: &T, request: &Socket) -> io::Result<()> {
        inner.prepare(request)?;
        self.accept(request, left_of_first_step)
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
    /// Until its client's hello has come in full, a connection has no worker. Then the handshake
    /// runs where the handler will run. A request whose handshake fails is refused, logged at debug
    /// level, and counted by reason in [`session_stats`](SSLContext::session_stats). It does not
    /// call [`refuse_request`](crate::BaseServer::refuse_request), because a client can read
    /// nothing before the handshake.
    pub fn tls(self, context: SSLContext) -> Builder<Tls<T>, C, H, S> {
        self.wrap_transport(context)
    }
}
