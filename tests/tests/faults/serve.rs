//! The child's side: a server on the main thread of a fresh process.

use std::io;
use std::time::Duration;

use rustix::process::{
    Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit,
};
use socketserver::{BaseServer, Builder, Concurrency, RequestHandler, ToAddress, Transport};

/// The argument that makes this program a server.
pub(crate) const SERVE: &str = "serve";

/// Where most servers listen.
pub(crate) const LOCAL: &str = "127.0.0.1:0";

/// How long live requests may go on after SIGTERM.
const DRAIN: Duration = Duration::from_secs(5);

/// Before anything else in the child.
pub(crate) fn prepare() {
    // A test that dies leaves no server behind.
    set_parent_process_death_signal(Some(Signal::KILL)).expect("prctl");
    env_logger::Builder::new()
        .filter_level(log::LevelFilter::Warn)
        .format_timestamp(None)
        .write_style(env_logger::WriteStyle::Never)
        .init();
}

/// As many descriptors as this process may have.
pub(crate) fn raise_descriptors() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    limit(Resource::Nofile, maximum);
}

/// Sets a limit of this process.
pub(crate) fn limit(resource: Resource, current: Option<u64>) {
    let maximum = getrlimit(resource).maximum;
    setrlimit(resource, Rlimit { current, maximum }).expect("setrlimit");
}

/// Serves until a signal ends that, and tells the books. Returns how `serve_forever` ended.
pub(crate) fn serve<T, C, H, S>(
    builder: Builder<T, C, H, S>,
    address: impl ToAddress,
) -> io::Result<()>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    let server = builder.bind(address).expect("bind");
    server.drain_on_signals(DRAIN).expect("signals");
    println!("listening on {}", server.server_address());
    let result = server.serve_forever();
    let drained = server.drain(DRAIN);
    let stats = server.stats();
    for (name, number) in [
        ("accepted", stats.accepted),
        ("active", stats.active),
        ("finished", stats.finished),
        ("failed", stats.failed),
        ("refused", stats.refused),
        ("cut", stats.cut),
        ("accept_errors", stats.accept_errors),
        ("spawn_failures", stats.workers.spawn_failures),
        ("cut_at_the_end", drained.cut),
        ("abandoned_at_the_end", drained.abandoned),
    ] {
        tell(name, number);
    }
    result
}

/// Tells the parent a number, for [`Ended::told`](crate::child::Ended::told).
pub(crate) fn tell(name: &str, number: u64) {
    println!("{name}={number}");
}
