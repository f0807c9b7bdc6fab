//! The programs of the demos as users run them, with clients in Python and with their own clients.

mod activation;
mod browser;
mod chat;
mod chat_client;
mod chat_crowd;
mod chat_page;
mod command_line;
mod examples;
mod http_examples;
mod http_server;
mod proxy;
mod signals;
mod supervision;
mod tls;
mod tls_examples;
mod tutorial;
mod upper;
mod upper_client;

use tests::prelude::*;

/// A program of the demos with its default log.
fn command(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(demo(name));
    command.args(arguments).env_remove("RUST_LOG");
    command
}

/// Starts that program.
#[track_caller]
fn start(name: &str, arguments: &[&str]) -> Process {
    Process::start(&mut command(name, arguments))
}

/// `None` where a program is not installed.
fn needs(program: &str, argument: &str) -> Option<()> {
    has_program(program, argument).then_some(())
}

/// A path as an argument.
fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

struct Server {
    process: Process,
    address: Address,
}

impl Server {
    #[track_caller]
    fn start(name: &str, arguments: &[&str]) -> Self {
        Self::of(start(name, arguments))
    }

    #[track_caller]
    fn of(process: Process) -> Self {
        let line = process.line();
        let text = line.strip_prefix("listening on ").expect("an address");
        // A path may lack a slash here.
        let path = || Address::Unix(text.into());
        let address = text.to_address().unwrap_or_else(|_| path());
        Server { process, address }
    }

    /// Its address, as an argument for a client.
    fn address_text(&self) -> String {
        self.address.to_string()
    }

    #[track_caller]
    fn drain(self) -> Log {
        self.process.signal(Signal::TERM);
        self.end()
    }

    /// Waits until it has ended, with success and without further output.
    #[track_caller]
    fn end(self) -> Log {
        let (status, output, log) = self.process.wait();
        assert!(status.success(), "{status}: {log}");
        assert_eq!(output, "", "{log}");
        Log(log)
    }
}

struct Log(String);

impl Log {
    /// How many requests were accepted, finished, failed, refused and aborted.
    #[track_caller]
    fn summary(&self) -> [u64; 5] {
        // A second server of the program has a line with its name.
        let mut lines = self.0.lines().rev().filter(|line| !line.contains("] web: "));
        let line = lines.next().expect("a summary");
        let (_, counts) = line.split_once("] ").expect("a line of the log");
        let numbers: Vec<u64> = counts.split([' ', ',']).flat_map(str::parse).collect();
        let &[accepted, finished, failed, refused, aborted] = &numbers[..] else {
            panic!("{line}")
        };
        let ends = format!("finished {finished}, failed {failed}, refused {refused}");
        assert_eq!(counts, format!("accepted {accepted}, {ends}, aborted {aborted}"));
        assert_eq!(accepted, finished + failed + refused + aborted, "{line}");
        [accepted, finished, failed, refused, aborted]
    }
}
