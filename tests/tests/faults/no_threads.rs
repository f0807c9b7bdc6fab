//! The system refuses threads and processes.

use crate::prelude::*;

const AT_A_TIME: usize = 16;

/// How many clients find no thread at all. Then the system has threads again.
const UNLUCKY: u64 = 20;

/// The argument is the limit of processes and threads of its user.
pub(crate) fn server(column: Column, processes: &[String]) {
    // The limit on threads is read at the first `bind`. It is lowered after that, so that the
    // system refuses some which the server expects to get.
    drop(tcp::<Echo>(column).bind(LOCAL).expect("bind"));
    lower(Resource::Nproc, processes[0].parse().expect("a number"));
    let failed = AtomicU64::new(0);
    let state = Function::echo().on_error(move |error| {
        log::warn!("{error}");
        if failed.fetch_add(1, Relaxed) + 1 == UNLUCKY {
            lower(Resource::Nproc, 10);
        }
    });
    serve_well(Builder::<_, _, Call, _>::new(Tcp::new(), column.concurrency(), state));
}

pub(crate) fn clients(trial: &mut Trial) {
    if !getuid().is_root() {
        return trial.skip("needs root, to start the server as a user to whom the limit applies");
    }
    if trial.column() == Column::Threading {
        some(trial);
    }
    none(trial);
}

/// Starts the server as a user without other processes.
fn start(trial: &Trial, processes: u64) -> Child {
    let number = getpid().as_raw_pid().unsigned_abs() % 1000;
    let user = 61_000 + 1000 * trial.column() as u32 + number;
    trial.start_as(&[&processes.to_string()], |command| {
        command.uid(user).gid(user);
    })
}

/// A few threads are left: they serve all clients.
fn some(trial: &mut Trial) {
    const THREADS: u64 = 4;
    let count = trial.size(200, 1_000);
    let child = start(trial, 1 + THREADS);
    let before = trial.baseline(&child, echo_one);
    crowd(AT_A_TIME, count, |_| {
        let mut client = Client::stream(child.address());
        // All threads are busy for a moment.
        assert_eq!(client.ask("hello"), b"hello");
        thread::sleep(Duration::from_millis(2));
        assert_eq!(client.finish(), b"");
    });
    let ended = trial.end(child, before, echo_one);
    let (finished, failures) = (ended.number("finished") - 2, ended.number("spawn_failures"));
    trial.check(
        "with a few threads left, every client is served",
        format!("{finished} of {count}, {failures} refusals"),
        finished == count as u64 && failures > 0,
    );
}

/// No thread is left: connections are closed, and later ones served.
fn none(trial: &mut Trial) {
    let child = start(trial, 1);
    let closed = (0..UNLUCKY).map(|_| {
        let mut client = Client::stream(child.address());
        let began = Instant::now();
        client.read_exact(&mut [0]).expect_err("it cannot be served");
        began.elapsed()
    });
    let longest = closed.max().expect("clients");
    trial.within("with none left, a connection is closed", Duration::from_millis(100), longest);
    // Some resources are made with the first thread.
    let before = trial.baseline(&child, echo_one);
    let failed = trial.end(child, before, echo_one).number("failed");
    trial.check("those are counted as failed", failed, failed == UNLUCKY);
}
