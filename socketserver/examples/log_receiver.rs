//! Receives what Python's `logging` sends, and prints it: records as JSON over TCP, texts of
//! `SysLogHandler` over UDP.
//!
//!     cargo run --example log_receiver 127.0.0.1:9020 127.0.0.1:9514
//!
//! The sender is a `SocketHandler` whose `makePickle` returns a line of JSON. A pickle, which it
//! sends by default, is a program: never run one that came over the network.

#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use socketserver::{
    DatagramRequestHandler, SocketReader, StreamRequestHandler, ThreadingTCPServer, UDPServer,
};

const LONGEST_RECORD: usize = 1024 * 1024;
const SEVERITIES: [&str; 8] =
    ["EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG"];
const DRAIN: Duration = Duration::from_secs(1);

/// Reads from a connection: each line is one record.
#[derive(StreamRequestHandler)]
struct RecordHandler {
    rfile: SocketReader,
}

impl RecordHandler {
    fn handle(&mut self) -> Result<(), Box<dyn Error>> {
        loop {
            let line = self.rfile.readline(LONGEST_RECORD)?;
            if line.is_empty() {
                return Ok(());
            }
            if !line.ends_with(b"\n") {
                return Err("a record is too long or cut short".into());
            }
            let record: Record =
                serde_json::from_slice(&line).map_err(|error| format!("not a record: {error}"))?;
            println!("{}", printable(&record.to_string()));
        }
    }
}

/// The attributes that are printed, by the names that `logging` gives them.
#[derive(Deserialize)]
struct Record {
    created: f64,
    levelname: String,
    name: String,
    filename: String,
    lineno: i64,
    msg: String,
    exc_text: Option<String>,
    stack_info: Option<String>,
}

/// As `logging` prints it with the format
/// `%(created).3f %(levelname)s %(name)s %(filename)s:%(lineno)d %(message)s`.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record { created, levelname, name, filename, lineno, msg, .. } = self;
        write!(f, "{created:.3} {levelname} {name} {filename}:{lineno} {msg}")?;
        let more = [&self.exc_text, &self.stack_info];
        more.into_iter().flatten().try_for_each(|text| write!(f, "\n{text}"))
    }
}

/// Reads a datagram: `<PRI>text`, usually with a zero byte at its end.
#[derive(DatagramRequestHandler)]
struct SyslogHandler {
    packet: Arc<[u8]>,
}

impl SyslogHandler {
    fn handle(&self) -> Result<(), String> {
        let packet = String::from_utf8_lossy(&self.packet);
        let (priority, text) = parse(&packet).ok_or_else(|| format!("not syslog: {packet:?}"))?;
        let (facility, severity) = (priority / 8, SEVERITIES[usize::from(priority % 8)]);
        println!("{severity} facility {facility} {}", printable(text));
        Ok(())
    }
}

/// A sender's text must not command the terminal. Nor must it pass for a record of another sender,
/// so its further lines begin with spaces.
fn printable(text: &str) -> String {
    let text = text.replace(|char: char| char.is_control() && char != '\n', "\u{fffd}");
    text.replace('\n', "\n    ")
}

fn parse(packet: &str) -> Option<(u8, &str)> {
    let (priority, text) = packet.strip_prefix('<')?.split_once('>')?;
    let text = text.strip_suffix('\0').unwrap_or(text);
    Some((priority.parse().ok()?, text))
}

fn main() -> io::Result<()> {
    env_logger::init();
    let mut arguments = env::args().skip(1);
    let mut address = |default: &str| arguments.next().unwrap_or(default.into());
    let records = ThreadingTCPServer::<RecordHandler>::bind(address("127.0.0.1:9020"))?;
    let syslog = UDPServer::<SyslogHandler>::bind(address("127.0.0.1:9514"))?;
    println!("records {}", records.server_address());
    println!("syslog {}", syslog.server_address());
    records.drain_on_signals(DRAIN)?;
    let syslog = syslog.spawn()?;
    records.serve_forever()?;
    syslog.drain(DRAIN)?;
    Ok(())
}
