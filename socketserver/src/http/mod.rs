#![doc = include_str!("../../docs/http.md")]

pub(crate) mod connection;
mod defaults;
mod events;
pub(crate) mod exchange;
mod files;
mod handler;
mod message;
pub(crate) mod parts;
mod reader;
mod reply;
mod servers;

pub use events::{Event, EventStream};
pub use exchange::Exchange;
pub use exchange::limits::Limits;
pub use files::{Files, SimpleHTTPRequestHandler, Symlinks};
pub use handler::BaseHTTPRequestHandler;
pub use message::date::date_time_string;
pub use message::headers::Headers;
pub use message::refusal::HTTPError;
pub use message::status::{Status, response};
pub use message::text::escape_html;
pub use reader::BodyReader;
pub use reply::ReplyWriter;
pub use servers::{
    ClientSpeaksFirst, ForkingHTTPServer, GreenHTTPServer, HTTPServer, ThreadingHTTPServer,
};
pub use socketserver_macros::BaseHTTPRequestHandler;

#[doc = include_str!("../../docs/porting_http.md")]
pub mod porting {}
