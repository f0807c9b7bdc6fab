//! A proxy for HTTPS: `CONNECT` opens a connection whose bytes the proxy only forwards. It connects
//! to the hosts on its command line alone, because strangers soon find a proxy to everywhere.
//!
//!     cargo run --example http_proxy_connect --features http 127.0.0.1:8000 example.org:443
//!     curl --proxy http://127.0.0.1:8000 https://example.org/

#![allow(clippy::print_stdout)]

use std::env;
use std::io;
use std::time::Duration;

use socketserver::http::{BaseHTTPRequestHandler, HTTPError, ReplyWriter, ThreadingHTTPServer};
use socketserver::{BaseServer, ServerRef, Socket, create_connection, relay};

/// How long a tunnel may be silent.
const SILENCE: Duration = Duration::from_secs(600);

struct Targets {
    allowed: Vec<String>,
}

impl BaseServer for Targets {}

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1", server_version = "proxy")]
struct Proxy {
    connection: Socket,
    server: ServerRef<Targets>,
    path: String,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Proxy {
    fn do_CONNECT(&mut self) -> io::Result<()> {
        if !self.server.allowed.contains(&self.path) {
            return Err(HTTPError::new(403).into());
        }
        let upstream = create_connection(&*self.path, Some(Duration::from_secs(10)));
        let upstream = upstream.map_err(|error| {
            self.log_error(&format!("{}: {error}", self.path));
            HTTPError::new(502)
        })?;
        self.send_response(200)?;
        self.end_headers()?;
        // The client may have sent bytes before it had the reply.
        let early = self.exchange().take_over()?;
        upstream.sendall(&early)?;
        for end in [&self.connection, &upstream] {
            end.settimeout(Some(SILENCE))?;
        }
        relay(&self.connection, &upstream).map(drop)
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:8000".into());
    let targets = Targets { allowed: arguments.collect() };
    let server = ThreadingHTTPServer::<Proxy, Targets>::with(targets).bind(address)?;
    server.drain_on_signals(Duration::from_secs(5))?;
    println!("http://{}", server.server_address());
    server.serve_forever()
}
