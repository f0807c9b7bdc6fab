//! One scenario on one side: a running server, and everything that is observed of it.

use std::env;

use tests::prelude::*;

use crate::clients;
use crate::scenario::Scenario;
use crate::trace::Trace;

/// The argument that makes this program our server.
pub(super) const SERVE: &str = "--serve";

enum Server<'a> {
    /// Python's: `python/server.py`, which forks a server for every line of its input.
    Python(&'a mut Process),
    Ours(Process),
}

impl Server<'_> {
    fn process(&mut self) -> &mut Process {
        match self {
            Server::Python(process) => process,
            Server::Ours(process) => process,
        }
    }
}

/// What a scenario's client gets.
pub(super) struct Session<'a> {
    pub(super) address: Address,
    pub(super) folder: Folder,
    transport: &'static str,
    trace: Trace,
    /// `None` after its end.
    server: Option<Server<'a>>,
    seen: Vec<String>,
    /// Texts that differ from run to run, and the names that replace them.
    names: Vec<(String, &'static str)>,
}

impl<'a> Session<'a> {
    /// Starts a server, Python's in that process or ours in a new one.
    pub(super) fn open(scenario: &Scenario, python: Option<&'a mut Process>) -> Self {
        let folder = Folder::new();
        let trace = Trace::new(folder.join("trace"));
        let address = match scenario.transport {
            "tcp" | "udp" => "127.0.0.1:0".to_owned(),
            "tcp6" | "udp6" => "[::1]:0".to_owned(),
            _ => folder.join("server").display().to_string(),
        };
        // If a word is there twice, the second counts.
        let words = format!(
            "trace={} address={address} {}",
            trace.path().display(),
            scenario.words.replace("FOLDER", &folder.path().display().to_string())
        );
        let mut server = match python {
            Some(process) => {
                process.write(format!("{words}\n"));
                Server::Python(process)
            }
            None => {
                let this = env::current_exe().expect("the program's own path");
                let mut command = Command::new(this);
                command.arg(SERVE).args(words.split_whitespace());
                Server::Ours(Process::start(&mut command))
            }
        };
        let line = server.process().line();
        let address = line.strip_prefix("address ").unwrap_or_else(|| panic!("{line}"));
        let address = address.to_address().expect("an address");
        let mut names = vec![(folder.path().display().to_string(), "FOLDER")];
        names.extend(address.port().map(|port| (port.to_string(), "SERVER")));
        Session {
            address,
            folder,
            transport: scenario.transport,
            trace,
            server: Some(server),
            seen: Vec::new(),
            names,
        }
    }

    pub(super) fn client(&self) -> Client {
        match self.is_stream() {
            true => Client::stream(&self.address),
            false => Client::datagram(&self.address),
        }
    }

    pub(super) fn is_stream(&self) -> bool {
        self.transport.starts_with("tcp") || self.transport == "unix_stream"
    }

    /// Opens the gate at which the server waits.
    pub(super) fn go(&mut self) {
        self.server.as_mut().expect("a server that has not ended").process().write("go\n");
    }

    pub(super) fn wait(&self, word: &str) {
        assert!(self.trace.wait(word, DEADLINE), "no {word} in:\n{}", self.trace.text());
    }

    /// Adds a word to the trace, for a server that waits for it.
    pub(super) fn tell(&self, word: &str) {
        let line = format!("client {word}\n");
        self.trace.append().write_all(line.as_bytes()).expect("a line in the trace");
    }

    /// Notes everything that the client still receives.
    ///
    /// The server must end first, unless it waits for the client to read. Python ends a stream in
    /// two steps, and with unread input its client sees whether it looked between them. And only
    /// after the server's end is it certain that no datagram will come.
    pub(super) fn see(&mut self, who: &str, client: &mut Client) {
        if self.is_python() || !self.is_stream() {
            self.end();
        }
        self.see_now(who, client);
    }

    /// The same while the server runs.
    pub(super) fn see_now(&mut self, who: &str, client: &mut Client) {
        self.note(who, &clients::rest(client));
    }

    pub(super) fn note(&mut self, who: &str, what: &str) {
        self.seen.push(format!("{who}: {what}"));
    }

    /// Notes the order of two calls, on any thread.
    pub(super) fn note_order(&mut self, one: &str, other: &str) {
        self.end();
        let text = self.trace.text();
        let place = |word: &str| text.lines().position(|line| line.ends_with(word));
        let (one_place, other_place) = (place(one), place(other));
        assert!(one_place.is_some() && other_place.is_some(), "{text}");
        let order = if one_place < other_place { [one, other] } else { [other, one] };
        self.note("order", &order.join(" "));
    }

    /// Replaces a text that differs from run to run by a name.
    pub(super) fn name(&mut self, text: String, name: &'static str) {
        self.names.push((text, name));
    }

    pub(super) fn is_python(&self) -> bool {
        !matches!(self.server, Some(Server::Ours(_)))
    }

    pub(super) fn end(&mut self) {
        match self.server.take() {
            None => {}
            Some(Server::Python(process)) => {
                let line = process.line();
                if line != "ended 0" {
                    panic!("{line}: {}", process.error_with("Error"));
                }
            }
            Some(Server::Ours(process)) => {
                let (status, _, errors) = process.wait();
                assert!(status.success(), "{status}: {errors}");
            }
        }
    }

    /// All observations: a line per kind of thread, and the client's.
    pub(super) fn observation(mut self) -> Vec<String> {
        self.end();
        let text = self.trace.text();
        let mut lines = Vec::new();
        for place in ["main", "loop", "end", "thread", "process", "address"] {
            let calls = text.lines().filter_map(|line| line.strip_prefix(place));
            let mut calls: Vec<&str> = calls.collect();
            only_last(&mut calls, " service_actions");
            if !calls.is_empty() {
                lines.push(format!("{place}:{}", calls.concat()));
            }
        }
        if let Some(line) = lines.iter_mut().find(|line| line.starts_with("address")) {
            *line = self.with_names(line);
        }
        lines.append(&mut self.seen);
        lines
    }

    fn with_names(&self, line: &str) -> String {
        // A later name may contain an earlier one.
        let names = self.names.iter().rev();
        names.fold(line.to_owned(), |line, (text, name)| line.replace(text, name))
    }
}

/// Keeps only the last call of that name: it matters that the loop turns, not how often.
fn only_last(calls: &mut Vec<&str>, name: &str) {
    if let Some(last) = calls.iter().rposition(|&call| call == name) {
        let mut place = 0;
        calls.retain(|call| {
            place += 1;
            *call != name || place > last
        });
    }
}
