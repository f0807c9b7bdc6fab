//! A handler that serves files and nothing else.

use std::io;

use socketserver_macros::BaseHTTPRequestHandler;

use super::config::Files;
use crate::handler::{BaseServer, ServerRef};
use crate::http::reply::ReplyWriter;

/// The handler of a server whose state is [`Files`]: it serves them, and nothing else. It speaks
/// HTTP/1.1 and keeps connections.
///
/// ```no_run
/// use socketserver::http::{Files, SimpleHTTPRequestHandler, ThreadingHTTPServer};
///
/// ThreadingHTTPServer::<SimpleHTTPRequestHandler, Files>::with(Files::new(".")?)
///     .bind("127.0.0.1:8000")?
///     .serve_forever()
/// # ; Ok::<(), std::io::Error>(())
/// ```
///
/// A handler with other replies too calls [`Files::serve`] for the paths that are files.
///
/// Python: `http.server.SimpleHTTPRequestHandler`
#[derive(BaseHTTPRequestHandler, Debug)]
#[handler(crate = crate, protocol_version = "HTTP/1.1", standard_methods)]
pub struct SimpleHTTPRequestHandler {
    wfile: ReplyWriter,
    server: ServerRef<Files>,
}

#[allow(non_snake_case)]
impl SimpleHTTPRequestHandler {
    fn do_GET(&mut self) -> io::Result<()> {
        self.server.clone().serve(self)
    }

    fn do_OPTIONS(&mut self) -> io::Result<()> {
        self.do_GET()
    }

    fn method_not_allowed(&mut self, _: &str) -> io::Result<()> {
        self.do_GET()
    }
}

impl<R> BaseServer<R> for Files {}
