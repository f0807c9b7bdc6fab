//! A server, and at a second address its metrics for Prometheus and its health for a balancer.
//!
//!     cargo run --example http_metrics --features http 127.0.0.1:9999 127.0.0.1:8000
//!     nc 127.0.0.1 9999
//!     curl localhost:8000/metrics localhost:8000/health

#![allow(clippy::print_stdout)]

use std::env;
use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use socketserver::http::{BaseHTTPRequestHandler, HTTPServer, ReplyWriter};
use socketserver::{BaseRequestHandler, BaseServer, ServerRef, Socket, Stats, ThreadingTCPServer};

/// The state of the server itself, which sends its input back and counts the bytes.
#[derive(Default)]
struct Echo {
    bytes: AtomicU64,
}

impl BaseServer for Echo {}

#[derive(BaseRequestHandler)]
struct Client {
    request: Socket,
    server: ServerRef<Echo>,
}

impl Client {
    fn handle(&self) -> io::Result<()> {
        while self.server.next_request(&self.request)? {
            let data = self.request.recv(65_536)?;
            if data.is_empty() {
                break;
            }
            self.request.sendall(&data)?;
            self.server.bytes.fetch_add(data.len() as u64, Relaxed);
        }
        Ok(())
    }
}

/// The state of the endpoint: a handle to the server that it reports on.
struct Metrics {
    echo: ServerRef<Echo>,
    since: Instant,
}

impl BaseServer for Metrics {}

impl Metrics {
    /// The text format of Prometheus, version 0.0.4.
    fn text(&self) -> String {
        let Stats { accepted, active, finished, failed, refused, aborted, .. } = self.echo.stats();
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, values: &[(&str, f64)]| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in values {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        };
        let accepted = [("", accepted as f64)];
        metric("echo_accepted_total", "counter", "Connections accepted.", &accepted);
        metric("echo_active", "gauge", "Connections open now.", &[("", active as f64)]);
        let ends = [
            ("{end=\"finished\"}", finished as f64),
            ("{end=\"failed\"}", failed as f64),
            ("{end=\"refused\"}", refused as f64),
            ("{end=\"aborted\"}", aborted as f64),
        ];
        metric("echo_ended_total", "counter", "Connections by their end.", &ends);
        let bytes = [("", self.echo.bytes.load(Relaxed) as f64)];
        metric("echo_bytes_total", "counter", "Bytes sent back.", &bytes);
        let uptime = [("", self.since.elapsed().as_secs_f64())];
        metric("echo_uptime_seconds", "gauge", "Time since the start.", &uptime);
        text
    }
}

#[derive(BaseHTTPRequestHandler)]
#[handler(server_version = "metrics", standard_methods)]
struct Scrape {
    server: ServerRef<Metrics>,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Scrape {
    fn do_GET(&mut self) -> io::Result<()> {
        match self.path_without_query().as_str() {
            "/metrics" => {
                let text = self.server.text();
                self.reply(200, "text/plain; version=0.0.4; charset=utf-8", text)
            }
            "/health" if self.server.echo.is_leaving() => {
                self.reply(503, "text/plain", "leaving\n")
            }
            "/health" => self.reply(200, "text/plain", "ok\n"),
            _ => self.send_error(404),
        }
    }

    /// A scrape every few seconds is not worth a line in the log.
    fn log_request(&mut self, _code: u16, _size: u64) {}
}

fn main() -> io::Result<()> {
    env_logger::init();
    let address = |place, other: &str| env::args().nth(place).unwrap_or(other.into());
    let echo = ThreadingTCPServer::<Client, Echo>::builder()
        .client_timeout(Duration::from_secs(60))
        .bind(address(1, "127.0.0.1:9999"))?;
    // The signal drains the echo server alone, so that the endpoint reports until the end.
    echo.drain_on_signals(Duration::from_secs(5))?;
    let metrics = Metrics { echo: echo.server_ref(), since: Instant::now() };
    // One client at a time is enough: this server closes each connection after its reply.
    let metrics = HTTPServer::<Scrape, Metrics>::with(metrics)
        .deadline(Duration::from_secs(10))
        .bind(address(2, "127.0.0.1:8000"))?
        .spawn()?;
    println!("echo on {}", echo.server_address());
    println!("http://{}/metrics", metrics.server_address());
    echo.serve_forever()
}
