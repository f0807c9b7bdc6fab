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
    /// Another program, which gets the words of the place as further arguments.
    Other { check: Words, run: Words },
    /// One whose command has to be prepared.
    #[allow(dead_code, reason = "not every benchmark has such a contestant")]
    Prepared { check: Words, command: fn() -> Command },
}

/// A program and its arguments, to be run beside the files of the contestants. A `check` prepares
/// its contestant, or fails if this machine lacks a part of it.
pub(crate) type Words = &'static [&'static str];

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches");

impl Contestant {
    /// What most contestants have in common. Each has its own name and program.
    pub(crate) const USUAL: Contestant = Contestant {
        name: "",
        about: "",
        ours: false,
        services: Service::ALL,
        most_connections: usize::MAX,
        sleeps: true,
        stops: false,
        program: Program::Here(|_| Ok(())),
    };

    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|contestant| contestant.name == name)
    }

    /// Prepares the contestant. An error names the part that this machine lacks.
    pub(crate) fn find(&self) -> Result<(), String> {
        match self.program {
            Program::Here(_) => Ok(()),
            Program::Other { check, .. } | Program::Prepared { check, .. } => succeeds(check),
        }
    }

    /// Serves in this process, for ever.
    pub(crate) fn serve(&self, place: &Place) -> io::Result<()> {
        let mut command = match self.program {
            Program::Here(serve) => return serve(place),
            Program::Other { run, .. } => command(run),
            Program::Prepared { command, .. } => command(),
        };
        Err(command.args(place.words()).exec())
    }
}

fn command(words: Words) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(format!("{FOLDER}/{NAME}/contestant"));
    command
}

/// Whether a command succeeds. Its output is not shown.
fn succeeds(words: Words) -> Result<(), String> {
    let mut command = command(words);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("`{}` fails", words.join(" "))),
        Err(error) => Err(format!("{}: {error}", words[0])),
    }
}
