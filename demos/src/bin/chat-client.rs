//! Talks to a chat server: on a terminal, with a line editor below the lines of the others; in a
//! pipe, as a filter.
//!
//! ```sh
//! cargo run --bin chat
//! cargo run --bin chat-client                                         # in a second terminal
//! printf 'ann\nhello\n' | cargo run --bin chat-client
//! cargo run --bin chat-client -- --tls=cert.pem localhost:9999        # if the server has TLS
//! ```

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use clap::Parser;
use demos::endpoint::{DEFAULT_ADDRESS, Peer, peer};
use demos::program::{self, Failure};
use demos::seconds::positive_seconds;
use demos::text::printable;
use demos::tls::ClientTls;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use signal_hook::consts::SIGINT;
use signal_hook::{flag, low_level};
use socketserver::{Socket, SocketOption, create_connection};

const PROMPT: &str = ">>>: ";

/// The line after which the server should end the conversation.
const QUIT: &str = "/quit";

/// Maximum length of a line in bytes. A longer one is shown in pieces, so that no server can fill
/// the memory.
const LONGEST_LINE: usize = 65_536;

/// Talks to a chat server
#[derive(Parser)]
#[command(name = "chat-client", version)]
struct Options {
    /// HOST:PORT, or the path or @NAME of a Unix socket
    #[arg(default_value = DEFAULT_ADDRESS, value_parser = peer)]
    address: Peer,

    #[command(flatten)]
    tls: ClientTls,

    /// How long the server may take to read a line, or to send one after the end of the input
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = positive_seconds)]
    patience: Duration,
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        let Options { address, tls, patience } = &options;
        let connection = create_connection(&address.address, None).map_err(Failure::new)?;
        tls.wrap(&connection, &address.host)?;
        if io::stdin().is_terminal() && io::stdout().is_terminal() {
            let config = Config::builder().auto_add_history(true).build();
            let mut editor =
                Editor::with_history(config, MemHistory::new()).map_err(Failure::new)?;
            // Some terminals have no cursor that can be moved.
            if let Ok(printer) = editor.create_external_printer() {
                connection.setsockopt(SocketOption::SendTimeout(Some(*patience)))?;
                return talk(&connection, editor, printer);
            }
        }
        filter(&connection, *patience)
    })
}

/// Copies standard input to the server, and the server's stream to standard output until it ends.
fn filter(connection: &Socket, patience: Duration) -> Result<(), Failure> {
    let (pieces, given_up) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    // This thread is not joined: it may wait for input when the server ends.
    thread::spawn({
        let (sending, pieces, given_up) = (connection.clone(), pieces.clone(), given_up.clone());
        move || {
            // If the server takes no more input, its output is still shown.
            let _ = io::copy(&mut io::stdin(), &mut &sending);
            let _ = sending.shutdown(Shutdown::Write);
            let mut before = None;
            while before != Some(pieces.load(SeqCst)) {
                before = Some(pieces.load(SeqCst));
                thread::sleep(patience);
            }
            given_up.store(true, SeqCst);
            let _ = sending.shutdown(Shutdown::Both);
        }
    });
    // The text of other members must not command a terminal.
    let on_terminal = io::stdout().is_terminal();
    let (mut rfile, _) = connection.makefile(-1, 0);
    // Without the buffer of `io::stdout`, which would hold back half a line.
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    loop {
        let piece = match on_terminal {
            true => rfile.readline(LONGEST_LINE)?,
            false => connection.recv(LONGEST_LINE)?,
        };
        pieces.fetch_add(1, SeqCst);
        match &*piece {
            [] if given_up.load(SeqCst) => {
                return Err(Failure::new(
                    "expected the server to end the conversation, got silence",
                ));
            }
            [] => return Ok(()),
            line if on_terminal => output.write_all(shown(line).as_bytes())?,
            piece => output.write_all(piece)?,
        }
    }
}

/// A line, or a piece of one, without characters that command a terminal.
fn shown(line: &[u8]) -> String {
    printable(line.strip_suffix(b"\n").unwrap_or(line)) + "\n"
}

/// Shows the server's lines above the line that is edited.
fn talk(
    connection: &Socket,
    mut editor: Editor<(), MemHistory>,
    printer: impl ExternalPrinter + Send + 'static,
) -> Result<(), Failure> {
    let ended = Arc::new(AtomicBool::new(false));
    // The signal below must find a handler even while the editor has not installed its own.
    flag::register(SIGINT, Arc::default())?;
    thread::spawn({
        let (connection, ended) = (connection.clone(), ended.clone());
        move || {
            listen(&connection, printer);
            ended.store(true, SeqCst);
            loop {
                // Only a signal ends the editor's wait and leaves the terminal as it was.
                let _ = low_level::raise(SIGINT);
                thread::sleep(Duration::from_millis(20));
            }
        }
    });
    let mut quits = false;
    while !ended.load(SeqCst) {
        match editor.readline(PROMPT) {
            Ok(line) => {
                quits |= line.trim() == QUIT;
                // Only the timeout can end this call, because the editor reads no key meanwhile.
                let sent = connection.sendall((line + "\n").as_bytes());
                sent.map_err(|error| Failure::new(format!("cannot send the line: {error}")))?;
            }
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => break,
            Err(error) => return Err(Failure::new(error)),
        }
    }
    if ended.load(SeqCst) && !quits {
        println!("-- the server has ended the conversation");
    }
    Ok(())
}

/// Shows the server's lines until its stream ends.
fn listen(connection: &Socket, mut printer: impl ExternalPrinter) {
    /// Moves the cursor one line up and down again.
    const NOTHING: &str = "\x1b[A\n";
    let (mut rfile, _) = connection.makefile(-1, 0);
    while let Ok(line) = rfile.readline(LONGEST_LINE)
        && !line.is_empty()
    {
        // This fails when the editor has ended.
        let _ = printer.print(shown(&line));
    }
    // A text is shown for certain only when the editor takes the next one.
    let _ = printer.print(NOTHING.to_owned());
}
