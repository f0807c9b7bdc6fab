//! Three programs written in Python and then ported: each port is an example of the library, and the clients, in Python
//! too, see no difference between the two.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;

use tests::{Process, Signal, python};

/// The place of what only the log's receiver needs.
#[path = "../../socketserver/examples/log_receiver/pickle.rs"]
#[allow(dead_code)]
mod pickle;

/// A program, in both languages.
struct Program {
    example: &'static str,
    original: &'static str,
    /// On which ports it listens, as it calls them.
    ports: &'static [&'static str],
}

const DNS_RESPONDER: Program = Program {
    example: "dns_responder",
    original: include_str!("porting/dns_responder.py"),
    ports: &["udp", "tcp"],
};

const LINE_PROTOCOL: Program = Program {
    example: "line_protocol",
    original: include_str!("porting/line_protocol.py"),
    ports: &["listening on"],
};

const LOG_RECEIVER: Program = Program {
    example: "log_receiver",
    original: include_str!("porting/log_receiver.py"),
    ports: &["records", "syslog"],
};

/// A program that runs, and where.
struct Server {
    process: Process,
    addresses: Vec<String>,
}
