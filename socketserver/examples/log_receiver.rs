//! Receives what Python's `logging` sends, and prints it: records of `SocketHandler` over TCP, texts
//! of `SysLogHandler` over UDP.
//!
//!     cargo run --example log_receiver 127.0.0.1:9020 127.0.0.1:9514

#![allow(clippy::print_stdout)]

#[path = "log_receiver/pickle.rs"]
mod pickle;

use std::env;
use std::error::Error;
use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::time::Duration;

use socketserver::{
    DatagramRequestHandler, SocketReader, StreamRequestHandler, ThreadingTCPServer, UDPServer,
};

const LONGEST_RECORD: usize = 1024 * 1024;
const SEVERITIES: [&str; 8] = [
    "EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG",
];
const DRAIN: Duration = Duration::from_secs(1);

/// Reads from a connection: each record is a pickled dict, after its length in four bytes.
#[derive(StreamRequestHandler)]
struct RecordHandler {
    rfile: SocketReader,
}

impl RecordHandler {
    fn handle(&mut self) -> Result<(), Box<dyn Error>> {
        while !self.rfile.fill_buf()?.is_empty() {
            let mut prefix = [0; 4];
            self.rfile.read_exact(&mut prefix)?;
            let length = u32::from_be_bytes(prefix) as usize;
            if length > LONGEST_RECORD {
                return Err(format!("a record of {length} bytes").into());
            }
            let mut data = vec![0; length];
            self.rfile.read_exact(&mut data)?;
            println!("{}", format_record(&pickle::loads(&data)?)?);
        }
        Ok(())
    }
}

/// As `logging` would with the format
/// `%(created).3f %(levelname)s %(name)s %(filename)s:%(lineno)d %(message)s`.
fn format_record(record: &pickle::Record<'_>) -> Result<String, String> {
    let mut text = format!(
        "{:.3} {} {} {}:{} {}",
        record.float("created")?,
        record.text("levelname")?,
        record.text("name")?,
        record.text("filename")?,
        record.int("lineno")?,
        record.text("msg")?,
    );
    for more in ["exc_text", "stack_info"] {
        if let Ok(more) = record.text(more) {
            text = text + "\n" + &more;
        }
    }
    Ok(text)
}

/// Reads a datagram: `<PRI>text`, most often with a zero byte behind it.
#[derive(DatagramRequestHandler)]
struct SyslogHandler {
    packet: Arc<[u8]>,
}

impl SyslogHandler {
    fn handle(&self) -> Result<(), String> {
        let packet = String::from_utf8_lossy(&self.packet);
        let (priority, text) = parse(&packet).ok_or_else(|| format!("not syslog: {packet:?}"))?;
        let (facility, severity) = (priority / 8, SEVERITIES[usize::from(priority % 8)]);
        println!("{severity} facility {facility} {text}");
        Ok(())
    }
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
