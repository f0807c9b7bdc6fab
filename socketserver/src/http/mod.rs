//! HTTP/1.1 servers: Python's module `http.server`, and what it lacks.
//!
//! A handler derives [`BaseHTTPRequestHandler`](derive@BaseHTTPRequestHandler) and has a method for
//! each command, `do_GET`, `do_POST` and so on, written as in Python. A handler's struct declares
//! the fields that it uses; `wfile`, the reply, is the one that it needs.
//!
//! | Python | here |
//! | --- | --- |
//! | `HTTPServer`, `ThreadingHTTPServer` | [`HTTPServer`], [`ThreadingHTTPServer`], [`ForkingHTTPServer`], [`GreenHTTPServer`] |
//! | `HTTPSServer(…, certfile=…)` | `.tls(context)` on the builder of each, with the feature `tls` |
//! | `BaseHTTPRequestHandler` | the [derive](derive@BaseHTTPRequestHandler) and the [trait](trait@BaseHTTPRequestHandler) of that name |
//! | `SimpleHTTPRequestHandler` | [`SimpleHTTPRequestHandler`] with the state [`Files`] |
//! | `self.headers`, `self.rfile`, `self.wfile` | [`Headers`], [`BodyReader`], [`ReplyWriter`] |
//! | `self.send_error(404)` and `return` | the same, or the error [`HTTPError`] |
//!
//! It is safe on the open internet: a client has [`Limits`] of size and time, a request whose end
//! two servers could see in different places is refused, a field cannot smuggle a second one into
//! the reply, and a reply that breaks off never looks like a whole one.
//!
//! Python: `http.server`

mod body;
mod chunked;
pub(crate) mod connection;
mod date;
mod events;
mod exchange;
mod files;
mod framing;
mod handler;
mod head;
mod headers;
mod input;
mod limits;
mod line;
mod outgoing;
pub(crate) mod parts;
mod query;
mod reader;
mod refusal;
mod reply;
mod request_line;
mod servers;
pub(crate) mod settings;
mod status;
mod text;

pub use date::date_time_string;
pub use events::{Event, EventStream};
pub use exchange::Exchange;
pub use files::{Files, SimpleHTTPRequestHandler, Symlinks};
pub use handler::BaseHTTPRequestHandler;
pub use headers::Headers;
pub use limits::Limits;
pub use reader::BodyReader;
pub use refusal::HTTPError;
pub use reply::ReplyWriter;
pub use servers::{
    ClientSpeaksFirst, ForkingHTTPServer, GreenHTTPServer, HTTPServer, ThreadingHTTPServer,
};
pub use socketserver_macros::BaseHTTPRequestHandler;
pub use status::{Status, response};
pub use text::escape_html;

/// Where this folder's log lines go.
const TARGET: &str = "socketserver::http";
