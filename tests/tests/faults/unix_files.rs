//! The file of a Unix socket: its mode while it is created, and which server gets it.

use std::os::unix::fs::PermissionsExt;

use crate::prelude::*;

/// Only the server's own user may connect.
const MODE: u32 = 0o600;

fn builder(column: Column) -> Builder<UnixStream, Chosen, Echo, ()> {
    Builder::new(UnixStream::new().mode(MODE), column.concurrency(), ())
}

/// The argument is the path. With a second argument it waits for a line before it binds.
pub(crate) fn server(column: Column, arguments: &[String]) {
    if arguments.len() > 1 {
        io::stdin().read_line(&mut String::new()).expect("a line");
    }
    match builder(column).bind(Path::new(&arguments[0])) {
        Ok(server) => serve(&server, DRAIN).expect("serve_forever"),
        Err(error) => println!("cannot listen: {error}"),
    }
}

pub(crate) fn clients(trial: &mut Trial) {
    let folder = Folder::new();
    watched(trial, folder.join("watched"));
    let path = folder.join("wanted");
    let text = path.to_str().expect("a path that is text");
    let winner = race(trial, text);
    let heir = heirs(trial, text, winner);
    let before = trial.baseline(&heir, echo_one);
    trial.end(heir, before, echo_one);
    let left = if path.exists() { "one" } else { "none" };
    trial.check("no file is left after SIGTERM", left, left == "none");
}

/// The file never has a wider mode than it should have.
fn watched(trial: &mut Trial, path: PathBuf) {
    let binds = trial.size(200, 5_000);
    let over = AtomicBool::new(false);
    let (looks, wider) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Relaxed) {
                if let Ok(metadata) = fs::symlink_metadata(&path) {
                    looks.fetch_add(1, Relaxed);
                    let is_wider = metadata.permissions().mode() & 0o777 & !MODE != 0;
                    wider.fetch_add(u64::from(is_wider), Relaxed);
                }
            }
        });
        let bind = || drop(builder(trial.column()).bind(&path).expect("bind"));
        (0..binds).for_each(|_| bind());
        // On a busy machine all of them may be gone before the first look.
        until("the file was seen", || {
            bind();
            looks.load(Relaxed) > 0
        });
        over.store(true, Relaxed);
    });
    let (looks, wider) = (looks.into_inner(), wider.into_inner());
    trial.check(
        "with mode 0600, the file never has a wider mode",
        format!("{wider} of {looks} looks at {binds} files"),
        wider == 0,
    );
}

/// Many servers start at once. Returns the winner.
fn race(trial: &mut Trial, path: &str) -> Child {
    let count = trial.size(12, 50);
    let mut processes = Vec::new();
    processes.resize_with(count, || trial.launch(&[path, "together"]));
    processes.iter_mut().for_each(|process| process.write("go\n"));
    let all = processes.into_iter().map(Child::listening);
    let mut winners: Vec<Child> = all.filter_map(Result::ok).collect();
    let measured = format!("{} of {count}", winners.len());
    trial.check("exactly one of the servers gets the file", measured, winners.len() == 1);
    let winner = winners.pop().expect("one");
    echo_one(winner.address());
    winner
}

/// The server is killed and the next one takes its place, several times. Returns the last.
fn heirs(trial: &mut Trial, path: &str, first: Child) -> Child {
    let count = trial.size(3, 50);
    let mut child = Some(first);
    let times = (0..count).map(|_| {
        let victim = child.take().expect("a server");
        victim.signal(Signal::KILL);
        victim.wait();
        let began = Instant::now();
        let heir = child.insert(trial.start(&[path]));
        let took = began.elapsed();
        echo_one(heir.address());
        took
    });
    let longest = Times::new(times.collect()).longest();
    let bar = "longest time until the next server listens after a SIGKILL";
    trial.within(bar, Duration::from_millis(100), longest);
    child.expect("a server")
}
