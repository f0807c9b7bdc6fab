//! The system refuses threads and processes.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getpid, getuid};
use socketserver::{Address, BaseServer, Builder, HandlerError, ServerRef, Socket, Tcp};
use tests::{Client, Echo};

use crate::child::Child;
use crate::column::Column;
use crate::fault::Fault;
use crate::load::{crowd, echo_one};
use crate::serve::{LOCAL, limit, serve, tcp};
use crate::trial::Trial;

pub(crate) const FAULT: Fault = Fault {
    name: "no_threads",
    words: "the system refuses to start threads and processes",
    columns: &[Column::Threading, Column::Forking],
    server,
    clients,
};

/// So many clients ask at a time.
const AT_A_TIME: usize = 16;

/// So many clients find no thread at all; then the system has some again.
const UNLUCKY: u64 = 20;

/// Counts whom nobody could serve.
struct Relenting(AtomicU64);

impl BaseServer for Relenting {
    fn handle_error(&self, _: &Socket, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        log::warn!("{error}");
        if self.0.fetch_add(1, Relaxed) + 1 == UNLUCKY {
            limit(Resource::Nproc, Some(10));
        }
    }
}

/// With the number of processes that its user may have, threads counted.
fn server(column: Column, processes: &[String]) {
    // The limit on threads is read at the first `bind`. It is lowered after that, so that the
    // system refuses some which the server expects to get.
    drop(tcp::<Echo>(column).bind(LOCAL).expect("bind"));
    limit(Resource::Nproc, processes[0].parse().ok());
    let state = Relenting(AtomicU64::new(0));
    let builder = Builder::<_, _, Echo, _>::new(Tcp::new(), column.concurrency(), state);
    serve(builder, LOCAL).expect("serve_forever");
}

fn clients(trial: &mut Trial) {
    if !getuid().is_root() {
        trial.skip("only root can start a process as another user, to whom the limit applies");
        return;
    }
    if trial.column() == Column::Threading {
        some(trial);
    }
    none(trial);
}

/// A server of a user who has no other process.
fn start(trial: &Trial, processes: u64) -> Child {
    let number = getpid().as_raw_pid().unsigned_abs() % 1000;
    let user = 61_000 + 1000 * trial.column() as u32 + number;
    trial.start_as(&[&processes.to_string()], |command| {
        command.uid(user).gid(user);
    })
}

/// A few threads there are: they serve everybody.
fn some(trial: &mut Trial) {
    const THREADS: u64 = 4;
    let count = trial.size(200, 1_000);
    let child = start(trial, 1 + THREADS);
    let before = trial.baseline(&child, echo_one);
    crowd(AT_A_TIME, count, |_| {
        let mut client = Client::stream(child.address());
        // All the threads are busy for a moment.
        assert_eq!(client.ask("hello"), b"hello");
        thread::sleep(Duration::from_millis(2));
        assert_eq!(client.finish(), b"");
    });
    let ended = trial.end(child, before, echo_one);
    let (finished, failures) = (ended.told("finished") - 2, ended.told("spawn_failures"));
    trial.check(
        "with a few threads left everybody is served",
        format!("{finished} of {count}, {failures} refusals"),
        finished == count as u64 && failures > 0,
    );
}

/// Not even one: connections are closed, and later ones served.
fn none(trial: &mut Trial) {
    let child = start(trial, 1);
    let closed = (0..UNLUCKY).map(|_| {
        let mut client = Client::stream(child.address());
        let began = Instant::now();
        client
            .read_exact(&mut [0])
            .expect_err("nobody can serve it");
        began.elapsed()
    });
    let longest = closed.max().expect("clients");
    trial.within(
        "with none left a connection is closed",
        Duration::from_millis(100),
        longest,
    );
    // What is made for the first thread is not there before.
    let before = trial.baseline(&child, echo_one);
    let ended = trial.end(child, before, echo_one);
    let failed = ended.told("failed");
    trial.check("they are counted as failed", failed, failed == UNLUCKY);
}
