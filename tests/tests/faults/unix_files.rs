//! The file of a Unix socket: who may connect while it is made, and who may take it over.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use socketserver::{Builder, UnixStream};
use tests::{Echo, Folder, Signal};

use crate::child::Child;
use crate::column::{Chosen, Column};
use crate::fault::Fault;
use crate::load::{Times, echo_one};
use crate::serve::serve_on;
use crate::trial::Trial;

pub(crate) const FAULT: Fault = Fault {
    name: "unix_files",
    words: "a Unix socket's file is watched while it is made, wanted by many servers at once, and \
            left behind by a killed one",
    columns: Column::ALL,
    server,
    clients,
};

/// Only the server's own user may connect.
const MODE: u32 = 0o600;

fn builder(column: Column) -> Builder<UnixStream, Chosen, Echo, ()> {
    Builder::new(UnixStream::new().mode(MODE), column.concurrency(), ())
}

/// With the path. With another word it waits for the others, who start too.
fn server(column: Column, arguments: &[String]) {
    if arguments.len() > 1 {
        io::stdin().read_line(&mut String::new()).expect("the word");
    }
    match builder(column).bind(Path::new(&arguments[0])) {
        Ok(server) => serve_on(&server).expect("serve_forever"),
        Err(error) => println!("cannot listen: {error}"),
    }
}

fn clients(trial: &mut Trial) {
    let folder = Folder::new();
    watched(trial, folder.join("watched"));
    let path = folder.join("wanted");
    let text = path.to_str().expect("a path that is text");
    let winner = race(trial, text);
    let heir = heirs(trial, text, winner);
    let before = trial.baseline(&heir, echo_one);
    trial.end(heir, before, echo_one);
    let left = path.exists();
    trial.check(
        "after SIGTERM no file is left",
        if left { "one" } else { "none" },
        !left,
    );
}

/// At no time the file has a wider mode than it shall have.
fn watched(trial: &mut Trial, path: PathBuf) {
    let binds = trial.size(200, 5_000);
    let over = AtomicBool::new(false);
    let (looks, wider) = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let (mut looks, mut wider) = (0, 0);
            while !over.load(Relaxed) {
                if let Ok(metadata) = fs::symlink_metadata(&path) {
                    looks += 1;
                    wider += usize::from(metadata.permissions().mode() & 0o777 & !MODE != 0);
                }
            }
            (looks, wider)
        });
        for _ in 0..binds {
            drop(builder(trial.column()).bind(&path).expect("bind"));
        }
        over.store(true, Relaxed);
        watcher.join().expect("it only looks")
    });
    trial.check(
        "mode 0600: never seen with a wider one",
        format!("{wider} of {looks} looks at {binds} files"),
        wider == 0 && looks > 0,
    );
}

/// Returns who got the path.
fn race(trial: &mut Trial, path: &str) -> Child {
    let count = trial.size(12, 50);
    let mut processes = Vec::new();
    processes.resize_with(count, || trial.launch(&[path, "together"]));
    for process in &mut processes {
        process.write("go\n");
    }
    let all = processes.into_iter().map(Child::listening);
    let mut winners: Vec<Child> = all.filter_map(Result::ok).collect();
    trial.check(
        "of all who want it one gets it",
        format!("{} of {count}", winners.len()),
        winners.len() == 1,
    );
    let winner = winners.pop().expect("one");
    echo_one(winner.address());
    winner
}

/// The server is killed, and the next one takes its place, again and again. Returns the last.
fn heirs(trial: &mut Trial, path: &str, first: Child) -> Child {
    let count = trial.size(3, 50);
    let mut child = Some(first);
    let times = (0..count).map(|_| {
        let victim = child.take().expect("one that serves");
        victim.signal(Signal::KILL);
        victim.wait();
        let began = Instant::now();
        let heir = child.insert(trial.start(&[path]));
        let took = began.elapsed();
        echo_one(heir.address());
        took
    });
    let times = Times::new(times.collect());
    trial.within(
        "the next server listens after a SIGKILL, at the longest",
        Duration::from_millis(100),
        times.longest(),
    );
    child.expect("one that serves")
}
