//! Green threads: what `socketserver::green` offers, and sockets on them. Servers on green threads
//! are a column of the grid.
mod depth;
mod detach;
mod must_not_wait;
mod resources;
mod scope;
mod server_calls;
mod sockets;
mod stacks;
mod sync;
mod threads;
mod watchdog;

use std::os::unix::net::UnixStream;

use tests::prelude::*;

fn pair() -> (Socket, Socket) {
    let (one, other) = UnixStream::pair().expect("a pair");
    (one.into(), other.into())
}

/// Runs `work` on a green thread, before the deadline.
#[track_caller]
fn on_green<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    join(green::spawn(work))
}

/// The result of a green thread, which must end in time and not panic.
#[track_caller]
fn join<T: Send + 'static>(one: green::JoinHandle<T>) -> T {
    in_time("a green thread", || one.join()).expect("it does not panic")
}

/// One green thread on each scheduler, since they are given out evenly.
fn on_every_scheduler(work: impl Fn() + Send + Sync + 'static) -> Vec<green::JoinHandle<()>> {
    let work = Arc::new(work);
    let works = (0..cores()).map(|_| work.clone());
    works.map(|work| green::spawn(move || work())).collect()
}
