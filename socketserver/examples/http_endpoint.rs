//! An endpoint over HTTP.
//!
//!     cargo run --example http_endpoint --features http 127.0.0.1:8000
//!     curl 'localhost:8000/?name=Ada'
//!     curl -d hello localhost:8000

#![allow(clippy::print_stdout)]

use std::env;
use std::io::{self, Write};
use std::time::Duration;

use socketserver::http::{BaseHTTPRequestHandler, ReplyWriter, ThreadingHTTPServer};

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Endpoint {
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Endpoint {
    fn do_GET(&mut self) -> io::Result<()> {
        let name = self.query_value("name").unwrap_or_else(|| "world".to_owned());
        self.send_response(200)?;
        self.send_header("Content-Type", "text/plain; charset=utf-8")?;
        self.end_headers()?;
        writeln!(self.wfile, "Hello, {name}.")
    }

    fn do_POST(&mut self) -> io::Result<()> {
        let body = self.body(1 << 20)?;
        self.reply(200, "application/octet-stream", body.to_ascii_uppercase())
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8000".into());
    let server = ThreadingHTTPServer::<Endpoint>::bind(address)?;
    server.drain_on_signals(Duration::from_secs(5))?;
    println!("http://{}/", server.server_address());
    server.serve_forever()
}
