//! A test fixture: a server at a free port that records what a program sends it. This one runs a
//! command with the fixture's URL as its last argument, and prints the requests.
//!
//!     cargo run --example http_fixture --features http curl -s -d hello

#![allow(clippy::print_stdout)]

use std::env;
use std::io;
use std::process::Command;
use std::time::Duration;

use parking_lot::Mutex;
use socketserver::http::{BaseHTTPRequestHandler, Headers, ReplyWriter, ThreadingHTTPServer};
use socketserver::{BaseServer, ServerHandle, ServerRef};

/// A recorded request.
#[derive(Clone, Debug, PartialEq)]
struct Received {
    command: String,
    path: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

#[derive(Default)]
struct Record {
    received: Mutex<Vec<Received>>,
}

impl BaseServer for Record {}

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Recorder {
    server: ServerRef<Record>,
    command: String,
    path: String,
    headers: Headers,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Recorder {
    fn record(&mut self) -> io::Result<()> {
        let received = Received {
            command: self.command.clone(),
            path: self.path.clone(),
            fields: self.headers.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            body: self.body(16 << 20)?,
        };
        // Recorded before the reply, so that a client with a reply finds its request here.
        self.server.received.lock().push(received);
        match self.path_without_query().as_str() {
            "/fail" => self.send_error(500),
            _ => self.reply(200, "application/json", "{}\n"),
        }
    }

    fn do_GET(&mut self) -> io::Result<()> {
        self.record()
    }

    fn do_POST(&mut self) -> io::Result<()> {
        self.record()
    }

    fn do_PUT(&mut self) -> io::Result<()> {
        self.record()
    }

    fn do_DELETE(&mut self) -> io::Result<()> {
        self.record()
    }
}

/// A running server, which ends when it is dropped.
struct Fixture {
    running: ServerHandle<Record>,
}

impl Fixture {
    fn start() -> io::Result<Self> {
        let server = ThreadingHTTPServer::<Recorder, Record>::builder();
        // A client that keeps its connection delays the end of the test by at most a second.
        let server = server.drain_timeout(Duration::from_secs(1)).bind("127.0.0.1:0")?;
        // When `spawn` returns, the server is serving, so no test has to wait or to try again.
        Ok(Fixture { running: server.spawn()? })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.server_address())
    }

    fn received(&self) -> Vec<Received> {
        self.running.received.lock().clone()
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let mut words = env::args().skip(1);
    let program = words.next().ok_or_else(|| io::Error::other("expected a command"))?;
    let fixture = Fixture::start()?;
    let status = Command::new(program).args(words).arg(fixture.url("/path?query")).status()?;
    for Received { command, path, fields, body } in fixture.received() {
        println!("{command} {path}");
        for (name, value) in fields {
            println!("    {name}: {value}");
        }
        println!("    {:?}", String::from_utf8_lossy(&body));
    }
    println!("{status}");
    Ok(())
}
