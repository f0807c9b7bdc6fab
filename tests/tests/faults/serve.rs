//! The child process: a server on its main thread.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::{Signal, set_parent_process_death_signal};
use tests::prelude::*;

use crate::column::{Chosen, Column};

/// The argument that makes this program a server.
pub(crate) const SERVE: &str = "serve";

/// How long live requests may continue after SIGTERM.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);

/// Must be called first in the child process.
pub(crate) fn prepare() {
    // A test that crashes leaves no server behind.
    set_parent_process_death_signal(Some(Signal::KILL)).expect("prctl");
    env_logger::Builder::new()
        .filter_level(log::LevelFilter::Warn)
        .format_timestamp(None)
        .write_style(env_logger::WriteStyle::Never)
        .init();
}

pub(crate) fn tcp<H: RequestHandler<Socket, ()>>(column: Column) -> Builder<Tcp, Chosen, H, ()> {
    Builder::new(Tcp::new(), column.concurrency(), ())
}

/// [`tcp`], whose handler is a function.
pub(crate) fn handling(
    column: Column,
    handle: fn(&Socket) -> io::Result<()>,
) -> Builder<Tcp, Chosen, Call, Function> {
    let state = Function::new(move |request, _| handle(request));
    Builder::new(Tcp::new(), column.concurrency(), state)
}

/// Lets `answer` answer each piece that arrives, until the end of the stream.
pub(crate) fn each_piece(
    request: &Socket,
    mut answer: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    loop {
        match &*request.recv(1024)? {
            [] => return Ok(()),
            piece => answer(piece)?,
        }
    }
}

/// Serves until a signal, drains for that time, and reports the counters. Returns the result of
/// `serve_forever`.
pub(crate) fn serve<T, C, H, S>(server: &Server<T, C, H, S>, drain: Duration) -> io::Result<()>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    server.drain_on_signals(drain).expect("signals");
    println!("listening on {}", server.server_address());
    let result = server.serve_forever();
    report("ended_at", now());
    let drained = server.drain(drain);
    report("aborted_at_the_end", drained.aborted);
    report("abandoned_at_the_end", drained.abandoned);
    report_books(&server.stats());
    result
}

/// [`serve`] at a free port, which must end well.
pub(crate) fn serve_well<T, C, H, S>(builder: Builder<T, C, H, S>)
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    serve(&bind(builder), DRAIN).expect("serve_forever");
}

/// Reports the counters of a server that has ended.
pub(crate) fn report_books(stats: &Stats) {
    assert_eq!(stats.active, 0, "{stats:?}");
    for (name, number) in [
        ("accepted", stats.accepted),
        ("finished", stats.finished),
        ("failed", stats.failed),
        ("refused", stats.refused),
        ("aborted", stats.aborted),
        ("accept_errors", stats.accept_errors),
        ("spawn_failures", stats.workers.spawn_failures),
    ] {
        report(name, number);
    }
}

/// The time of day in microseconds, which is the same in all processes.
pub(crate) fn now() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    let microseconds = time.expect("a time after 1970").as_micros();
    u64::try_from(microseconds).expect("a time before the year 500,000")
}

/// Reports a number to the parent, for [`Ended::number`](crate::child::Ended::number).
pub(crate) fn report(name: &str, number: u64) {
    println!("{name}={number}");
}
