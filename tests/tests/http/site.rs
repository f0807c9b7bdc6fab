//! A server in a separate process.

use rustix::process::{Signal, set_parent_process_death_signal};
use tests::prelude::*;

use crate::harness::Column;

/// The argument that makes this program a server.
pub(crate) const SERVE: &str = "serve";

/// How long live requests may continue at the end.
const DRAIN: Duration = Duration::from_secs(5);

/// Must be called first in the server's process, whose log is its standard error.
pub(crate) fn prepare() {
    // A test that crashes leaves no server behind.
    set_parent_process_death_signal(Some(Signal::KILL)).expect("prctl");
    log_by(LevelFilter::Debug, |record| {
        let line = format!("{} {}: {}\n", record.level(), record.target(), record.args());
        // In one piece, since the children of a forking server write to the same file.
        std::io::stderr().write_all(line.as_bytes()).expect("standard error");
    });
}

/// Serves until the end of the test.
pub(crate) fn serve<T, C, H, S>(builder: Builder<T, C, H, S>)
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    serve_bound(bind(builder));
}

/// The same with a server that has its listener. Returns its counters.
pub(crate) fn serve_bound<T, C, H, S>(server: Server<T, C, H, S>) -> Stats
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    server.drain_on_signals(DRAIN).expect("signals");
    println!("listening on {}", server.server_address());
    server.serve_forever().expect("serve_forever");
    let (_, stats) = (server.drain(DRAIN), server.stats());
    let ends = stats.finished + stats.failed + stats.refused + stats.aborted;
    assert_eq!((stats.active, stats.accepted), (0, ends), "{stats:?}");
    println!("{} failed", stats.failed);
    stats
}

/// A running server. Dropping this ends it, and panics if it has panicked.
pub(crate) struct Site {
    process: Option<Process>,
    address: Address,
}

impl Site {
    /// Starts a server of a module's `PROGRAMS`.
    #[track_caller]
    pub(crate) fn start(program: &str, column: Column, arguments: &[&str]) -> Self {
        Self::start_on(Stdio::piped(), program, column, arguments)
    }

    /// The same, with something else as its standard input.
    #[track_caller]
    pub(crate) fn start_on(
        input: impl Into<Stdio>,
        program: &str,
        column: Column,
        arguments: &[&str],
    ) -> Self {
        let mut command = Command::new("/proc/self/exe");
        command.args([SERVE, &format!("http::{program}"), &column.to_string()]).args(arguments);
        Site::listening(Process::start_on(input, &mut command))
    }

    /// A program that prints its address first.
    #[track_caller]
    pub(crate) fn listening(process: Process) -> Self {
        let line = process.line();
        let address = line.strip_prefix("listening on ").expect("an address");
        let address = address.to_address().expect("an address");
        Site { process: Some(process), address }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn id(&self) -> u32 {
        self.process().id()
    }

    pub(crate) fn process(&self) -> &Process {
        self.process.as_ref().expect("it runs until it is dropped")
    }

    /// Ends it, and returns its log.
    #[track_caller]
    pub(crate) fn end(mut self) -> String {
        self.stop()
    }

    #[track_caller]
    fn stop(&mut self) -> String {
        let Some(process) = self.process.take() else { return String::new() };
        process.signal(Signal::TERM);
        let (status, output, errors) = process.wait();
        assert!(status.success(), "{status}\n{output}\n{errors}");
        assert!(!errors.contains("panicked at"), "{errors}");
        errors
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // A second panic would hide the first.
        if !std::thread::panicking() {
            self.stop();
        }
    }
}
