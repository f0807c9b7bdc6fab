//! One side of a row or the other, in Rust or in Python.

use Language::{Python, Rust};
use tests::prelude::*;

/// The language of a program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Language {
    Rust,
    Python,
}

impl Language {
    /// Starts one side of a row. Returns `None` if there is no Python.
    #[track_caller]
    fn start(self, row: &str, script: &str, role: &str, address: &str) -> Option<Process> {
        match self {
            Rust => Some(Process::start(Command::new(demo("tutorial")).args([row, role, address]))),
            Python => python(&[script, include_str!("run.py")].concat(), &[role, address]),
        }
    }

    /// Bytes as it prints them.
    pub(crate) fn bytes(self, text: &str) -> String {
        match self {
            Rust => format!("b\"{text}\""),
            Python => format!("b'{text}'"),
        }
    }

    /// An address of this machine as it prints it, up to the port.
    fn address(self) -> &'static str {
        match self {
            Rust => "127.0.0.1:",
            Python => "('127.0.0.1', ",
        }
    }
}

/// A running server of a row, and the language of its clients.
pub(crate) struct Row {
    name: &'static str,
    script: &'static str,
    pub(crate) server: Process,
    pub(crate) address: String,
    pub(crate) speaks: Language,
    pub(crate) clients: Language,
}

impl Row {
    pub(crate) fn start(
        name: &'static str,
        script: &'static str,
        speaks: Language,
        clients: Language,
    ) -> Option<Self> {
        let server = speaks.start(name, script, "server", "127.0.0.1:0")?;
        let first = server.line();
        let address = first.strip_prefix("listening on ");
        let address = address.unwrap_or_else(|| panic!("{first:?} is the first line")).to_owned();
        Some(Row { name, script, server, address, speaks, clients })
    }

    /// Starts a client.
    #[track_caller]
    pub(crate) fn client(&self) -> Process {
        self.clients
            .start(self.name, self.script, "client", &self.address)
            .expect("Python, which the other side needed too")
    }

    /// The server's next line is this.
    #[track_caller]
    pub(crate) fn says(&self, line: &str) {
        assert_eq!(self.server.line(), line);
    }

    /// The server's next line is `before`, an address of this machine, and `after`.
    #[track_caller]
    pub(crate) fn says_address(&self, before: &str, after: &str) {
        let line = self.server.line();
        assert!(line.starts_with(&format!("{before}{}", self.speaks.address())), "{line}");
        assert!(line.ends_with(after), "{line}");
    }

    /// The five lines that a handler of `socketserver` prints. Returns the fifth, the thread.
    #[track_caller]
    pub(crate) fn says_five_lines(&self, request: [&str; 2]) -> String {
        let (handler, server, request, thread) = match self.speaks {
            Rust => ("MyHandler {", "ServerRef {", request[0], "Thread {"),
            Python => ("<__main__.MyHandler", "<socketserver.Threading", request[1], "<Thread("),
        };
        let mut last = String::new();
        for beginning in [handler, server, self.speaks.address(), request, thread] {
            last = self.server.line();
            assert!(last.starts_with(beginning), "{last:?} is not {beginning:?}…");
        }
        last
    }

    /// The server ends by itself, with success.
    #[track_caller]
    pub(crate) fn ends(self) {
        assert_ends(self.server);
    }
}

/// The program ends with its input at the latest, with success and without further output.
#[track_caller]
pub(crate) fn assert_ends(program: Process) {
    let (status, output, errors) = program.wait();
    assert!(status.success(), "{status}: {errors}");
    assert_eq!((output.as_str(), errors.as_str()), ("", ""));
}
