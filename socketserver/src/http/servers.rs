//! The servers, under Python's names.

use super::exchange::limits::Limits;
use crate::axis::Wrapped;
use crate::concurrency::{Forking, Green, Inline, Threading};
use crate::server::Server;
use crate::transport::{Speaker, Tcp, Transport, TransportHooks};

/// HTTP, one connection after the other. Each connection closes after one reply, so that no client
/// keeps the others waiting. A silent connection, such as one that a browser opens in advance,
/// waits for its first byte beside the loop, for up to 10 s.
///
/// Python: `http.server.HTTPServer`, which one silent connection blocks
pub type HTTPServer<H, S = ()> = Server<Wrapped<Tcp, ClientSpeaksFirst>, Inline, H, S>;

/// Hooks of a transport whose clients send first.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientSpeaksFirst;

impl<T: Transport> TransportHooks<T> for ClientSpeaksFirst {
    fn speaks_first(&self, _: &T) -> Speaker {
        Speaker::Client(Limits::DEFAULT.head_time)
    }
}

/// HTTP, one thread per connection.
///
/// Python: `http.server.ThreadingHTTPServer`
pub type ThreadingHTTPServer<H, S = ()> = Server<Tcp, Threading, H, S>;

/// HTTP, one child process per connection.
pub type ForkingHTTPServer<H, S = ()> = Server<Tcp, Forking, H, S>;

/// HTTP, one green thread per connection.
pub type GreenHTTPServer<H, S = ()> = Server<Tcp, Green, H, S>;
