//! The programs of a course on sockets: each row is a server and its client.
//!
//! ```sh
//! cargo run --bin tutorial -- t1 server
//! cargo run --bin tutorial -- t1 client
//! ```
//!
//! | row | what it shows |
//! | --- | --- |
//! | [`t1`] | TCP: listen, connect, one conversation |
//! | [`t2`] | TCP: one client after the other, and all messages of each |
//! | [`t3`] | UDP: datagrams, sent whether or not a server listens |
//! | [`t4`] | UDP: answers |
//! | [`t5`] | TCP: a chat, until the client says `over` |
//! | [`t6`] | TCP: `t2` as a telephone call, with a commentary |
//! | [`t7`] | UDP: datagrams have boundaries, streams have none |
//! | [`t8`] | `socketserver` over TCP: many clients at once |
//! | [`t9`] | `socketserver` over UDP |
//!
//! Each side also talks to the course's own programs in Python, `t1.py` to `t9.py` beside it; its
//! tests start these. The servers print what the course's servers print, in English, with addresses
//! and bytes as Rust writes them. Two lines are added: their first one, `listening on ADDRESS`, and
//! the last two of [`t7`]. A client whose input is not a terminal shows no prompt, and ends with
//! its input.

mod t1;
mod t2;
mod t3;
mod t4;
mod t5;
mod t6;
mod t7;
mod t8;
mod t9;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use demos::endpoint::{self, internet_address};
use demos::program::{self, Failure};
use demos::text::printable;
use socketserver::Address;

/// The programs of a course on sockets, each a server and its client
#[derive(Parser)]
#[command(name = "tutorial", version, override_usage = "tutorial <ROW> <ROLE> [ADDRESS]")]
struct Options {
    /// Which program
    #[arg(ignore_case = true)]
    row: Row,

    /// Which side of it
    role: Role,

    /// HOST:PORT [default: the row's]
    address: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Row {
    /// TCP, once; at 127.0.0.1:8080
    T1,
    /// TCP, template; at 127.0.0.1:9999
    T2,
    /// UDP, once; at 127.0.0.1:10000
    T3,
    /// UDP, template; at 127.0.0.1:8888
    T4,
    /// A simple chat room; at 127.0.0.1:65535
    T5,
    /// The connection loop and the conversation loop; at 127.0.0.1:8080
    T6,
    /// UDP keeps message boundaries; at 127.0.0.1:8080
    T7,
    /// socketserver, TCP; at 127.0.0.1:9999
    T8,
    /// socketserver, UDP; at 127.0.0.1:9999
    T9,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// Listens and answers
    Server,
    /// Sends typed lines
    Client,
}

/// One side of a row, at an address.
type Program = fn(&Address) -> io::Result<()>;

impl Row {
    /// The course's address, the server and the client.
    fn programs(self) -> (&'static str, Program, Program) {
        match self {
            Row::T1 => (t1::ADDRESS, t1::server, t1::client),
            Row::T2 => (t2::ADDRESS, t2::server, t2::client),
            Row::T3 => (t3::ADDRESS, t3::server, t3::client),
            Row::T4 => (t4::ADDRESS, t4::server, t4::client),
            Row::T5 => (t5::ADDRESS, t5::server, t5::client),
            Row::T6 => (t6::ADDRESS, t6::server, t6::client),
            Row::T7 => (t7::ADDRESS, t7::server, t7::client),
            Row::T8 => (t8::ADDRESS, t8::server, t8::client),
            Row::T9 => (t9::ADDRESS, t9::server, t9::client),
        }
    }
}

fn main() -> ExitCode {
    program::run(|Options { row, role, address }| {
        let (default, server, client) = row.programs();
        let (program, task, role) = match role {
            Role::Server => (server, "serve at", endpoint::Role::Server),
            Role::Client => (client, "talk to", endpoint::Role::Client),
        };
        let text = address.as_deref().unwrap_or(default);
        let address = internet_address(text, role).map_err(|error| {
            Failure::usage(format!("invalid value '{text}' for '[ADDRESS]': {error}"))
        })?;
        program(&address).map_err(|error| match error.to_string() {
            // Those of `bind` and `connect` say all of it.
            text if text.contains(&address.to_string()) => Failure::new(text),
            text => Failure::new(format!("cannot {task} {address}: {text}")),
        })
    })
}

/// The lines that the user types, after the course's prompt. A pipe or a file gets no prompt.
fn lines() -> impl Iterator<Item = io::Result<String>> {
    let prompt = io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut typed = io::stdin().lines();
    std::iter::from_fn(move || {
        if prompt {
            print!(">>>: ");
            // Without a prompt the line can still be read.
            let _ = io::stdout().flush();
        }
        typed.next()
    })
}

/// Shows an answer on one line. A pipe or a file gets its bytes unchanged.
fn show(answer: &[u8]) -> io::Result<()> {
    let mut output = io::stdout();
    if output.is_terminal() {
        writeln!(output, "{}", printable(answer))
    } else {
        output.write_all(&[answer, b"\n"].concat())
    }
}

/// Bytes as Rust writes them: `b"hello"`.
///
/// Python: `repr`
fn repr(data: &[u8]) -> String {
    format!("b\"{}\"", data.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_the_address_of_every_row() {
        for row in Row::value_variants() {
            let (address, ..) = row.programs();
            let value = row.to_possible_value().expect("no row is hidden");
            let help = value.get_help().expect("a help").to_string();
            assert!(help.ends_with(&format!("; at {address}")), "{help}");
        }
    }
}
