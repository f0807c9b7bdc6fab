//! Start and end of every program: its options, its log, and one line if it fails.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

/// The error with which a program ends.
#[derive(Debug)]
pub struct Failure {
    message: String,
    status: u8,
}

impl Failure {
    /// An error while the program runs: status 1.
    pub fn new(message: impl Display) -> Self {
        Failure { message: message.to_string(), status: 1 }
    }

    /// An error on the command line: status 2.
    pub fn usage(message: impl Display) -> Self {
        Failure { message: message.to_string(), status: 2 }
    }

    /// Writes one line to standard error, even if the message quotes several.
    fn report(&self) -> ExitCode {
        let line = self.message.replace(['\n', '\r'], " ");
        // If standard error is closed, there is nowhere to report that.
        let _ = writeln!(io::stderr(), "error: {line}");
        ExitCode::from(self.status)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::new(error)
    }
}

/// Parses the options, starts the log and runs the program. The log's level is that of `RUST_LOG`,
/// or `info` if it is not set.
pub fn run<O: Parser>(program: fn(O) -> Result<(), Failure>) -> ExitCode {
    let result = match O::try_parse() {
        Ok(options) => {
            let log = env_logger::Env::default().default_filter_or("info");
            env_logger::Builder::from_env(log).init();
            program(options)
        }
        Err(help) if !help.use_stderr() => help.print().map_err(Failure::from),
        Err(error) => {
            let message = first_paragraph(&error.to_string());
            Err(Failure::usage(format!("{message}; see --help")))
        }
    };
    result.map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS)
}

/// The first paragraph of clap's message on one line, without its `error: `. The usage and advice
/// follow as further paragraphs, and clap cannot be made to leave them out.
fn first_paragraph(message: &str) -> String {
    let paragraph = message.lines().take_while(|line| !line.is_empty());
    let line = paragraph.map(str::trim).collect::<Vec<_>>().join(" ");
    line.trim_start_matches("error: ").to_owned()
}
