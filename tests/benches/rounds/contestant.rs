//! A server that is compared.

use tests::prelude::*;

use crate::bench::NAME;
use crate::contestant::{ALL, Place, Service};

/// A server, and what it can do.
#[derive(Debug)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// One line of the documentation.
    pub(crate) about: &'static str,
    /// Whether it is a server of this workspace.
    pub(crate) ours: bool,
    pub(crate) services: &'static [Service],
    /// Maximum number of connections that are open at the same time.
    pub(crate) most_connections: usize,
    /// Whether other clients are served while a handler waits for another peer than its client.
    pub(crate) sleeps: bool,
    /// Whether SIGTERM begins a graceful shutdown.
    pub(crate) stops: bool,
    pub(crate) program: Program,
}

/// How a contestant is run.
#[derive(Debug)]
pub(crate) enum Program {
    /// A function of this program.
    Here(fn(&Place) -> io::Result<()>),
    /// Another program, which gets the words of the place as arguments.
    Other {
        /// Prepares it. An error names the missing part.
        find: fn() -> Result<(), String>,
        command: fn() -> Command,
    },
}

impl Contestant {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|contestant| contestant.name == name)
    }

    /// Prepares the contestant. An error names the part that this machine lacks.
    pub(crate) fn find(&self) -> Result<(), String> {
        match self.program {
            Program::Here(_) => Ok(()),
            Program::Other { find, .. } => find(),
        }
    }

    /// Serves in this process, for ever.
    pub(crate) fn serve(&self, place: &Place) -> io::Result<()> {
        match self.program {
            Program::Here(serve) => serve(place),
            Program::Other { command, .. } => Err(command().args(place.words()).exec()),
        }
    }
}

/// The path of a file beside those of the contestants.
pub(crate) fn beside(name: &str) -> String {
    format!("{}/benches/{NAME}/contestant/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Whether a command succeeds. Its output is not shown.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("`{program} {}` fails", arguments.join(" "))),
        Err(error) => Err(format!("{program}: {error}")),
    }
}
