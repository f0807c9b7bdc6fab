//! Talks to a chat server: on a terminal, with a line editor below the lines of the others; in a
//! pipe, as a filter.
//!
//! ```sh
//! cargo run --bin chat
//! cargo run --bin chat-client                                         in a second terminal
//! printf 'ann\nhello\n' | cargo run --bin chat-client
//! ```

use std::fs::File;
use std::io::{self, IsTerminal};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use clap::Parser;
use demos::endpoint::{DEFAULT_ADDRESS, internet_address};
use demos::program::{self, Failure};
use demos::text::printable;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use signal_hook::consts::SIGINT;
use signal_hook::{flag, low_level};
use socketserver::{Address, Socket, create_connection};

const PROMPT: &str = ">>>: ";

/// After this the user expects the server to end the conversation.
const QUIT: &str = "/quit";

/// Talks to a chat server
#[derive(Parser)]
#[command(name = "chat-client", version)]
struct Options {
    /// HOST:PORT
    #[arg(default_value = DEFAULT_ADDRESS, value_parser = internet_address)]
    address: Address,
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        let address = &options.address;
        let connection = create_connection(address, None)
            .map_err(|error| Failure::new(format!("cannot connect to {address}: {error}")))?;
        if io::stdin().is_terminal() && io::stdout().is_terminal() {
            let config = Config::builder().auto_add_history(true).build();
            let mut editor =
                Editor::with_history(config, MemHistory::new()).map_err(Failure::new)?;
            // Some terminals have no cursor that can be moved.
            if let Ok(printer) = editor.create_external_printer() {
                return talk(&connection, editor, printer);
            }
        }
        filter(&connection)
    })
}

/// Copies standard input to the server, and the server's stream to standard output until it ends.
fn filter(connection: &Socket) -> Result<(), Failure> {
    let sending = connection.clone();
    // This thread is not joined: it may wait for input when the server ends.
    thread::spawn(move || {
        // If the server takes no more input, its output is still shown.
        let _ = io::copy(&mut io::stdin(), &mut &sending);
        let _ = sending.shutdown(Shutdown::Write);
    });
    if io::stdout().is_terminal() {
        // What other members write must not command it.
        let (mut rfile, _) = connection.makefile(-1, 0);
        loop {
            let line = rfile.readline(65_536)?;
            if line.is_empty() {
                return Ok(());
            }
            println!("{}", printable(line.strip_suffix(b"\n").unwrap_or(&line)));
        }
    }
    // Without the buffer of `io::stdout`, which would hold back half a line.
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    io::copy(&mut &*connection, &mut output)?;
    Ok(())
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
                connection.sendall((line + "\n").as_bytes())?;
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
    while let Ok(line) = rfile.readline(65_536)
        && !line.is_empty()
    {
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        // This fails when the editor has ended.
        let _ = printer.print(printable(line) + "\n");
    }
    // A text is shown for certain only when the editor takes the next one.
    let _ = printer.print(NOTHING.to_owned());
}
