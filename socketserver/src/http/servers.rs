//! The servers, under Python's names.

use crate::concurrency::{Forking, Green, Inline, Threading};
use crate::server::Server;
use crate::transport::Tcp;

/// HTTP, one connection after the other. It closes each after one reply, because a client that kept
/// its connection would keep all others waiting.
///
/// Python: `http.server.HTTPServer`
pub type HTTPServer<H, S = ()> = Server<Tcp, Inline, H, S>;

/// HTTP, one thread per connection.
///
/// Python: `http.server.ThreadingHTTPServer`
pub type ThreadingHTTPServer<H, S = ()> = Server<Tcp, Threading, H, S>;

/// HTTP, one child process per connection.
pub type ForkingHTTPServer<H, S = ()> = Server<Tcp, Forking, H, S>;

/// HTTP, one green thread per connection.
pub type GreenHTTPServer<H, S = ()> = Server<Tcp, Green, H, S>;
