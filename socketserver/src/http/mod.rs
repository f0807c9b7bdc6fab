#![doc = include_str!("../../docs/http.md")]

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
mod stage;
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

#[doc = include_str!("../../docs/porting_http.md")]
pub mod porting {}

/// Where this folder's log lines go.
const TARGET: &str = "socketserver::http";
