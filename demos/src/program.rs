//! How every program begins and ends: its options, its log, and the one line it says when it fails.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

/// Why a program ends before it is done.
#[derive(Debug)]
pub struct Failure {
    message: String,
    status: u8,
}

impl Failure {
    /// Something went wrong: status 1.
    pub fn new(message: impl Display) -> Self {
        Failure {
            message: message.to_string(),
            status: 1,
        }
    }

    /// The command line is wrong: status 2.
    pub fn usage(message: impl Display) -> Self {
        Failure {
            message: message.to_string(),
            status: 2,
        }
    }

    /// One line, whatever the message quotes.
    fn report(&self) -> ExitCode {
        let line = self.message.replace(['\n', '\r'], " ");
        // Nobody is left to be told that standard error is closed.
        let _ = writeln!(io::stderr(), "error: {line}");
        ExitCode::from(self.status)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::new(error)
    }
}

/// Reads the options and runs the program with them. The log is on from then on: `RUST_LOG`
/// chooses, `info` unless set.
pub fn run<O: Parser>(program: fn(O) -> Result<(), Failure>) -> ExitCode {
    let result = match O::try_parse() {
        Ok(options) => {
            let log = env_logger::Env::default().default_filter_or("info");
            env_logger::Builder::from_env(log).init();
            program(options)
        }
        Err(help) if !help.use_stderr() => help.print().map_err(Failure::from),
        Err(error) => {
            let what = without_usage(&error.to_string());
            Err(Failure::usage(format!("{what}; see --help")))
        }
    };
    result.map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS)
}

/// The first paragraph of clap's message on one line, without its `error: `. What follows it is
/// advice.
fn without_usage(message: &str) -> String {
    let paragraph = message.lines().take_while(|line| !line.is_empty());
    let line = paragraph.map(str::trim).collect::<Vec<_>>().join(" ");
    line.trim_start_matches("error: ").to_owned()
}
