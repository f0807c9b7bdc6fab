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

/// Waits until the green threads that run now have parked, since others run on their schedulers then.
/// These others stay until all of them run, and so are on every scheduler, even if one has a green
/// thread more than the next.
#[track_caller]
fn until_all_park() {
    let (open, gate) = green::channel::<()>(1);
    let (tell, told) = unbounded();
    let visitor = |_| {
        let (tell, gate) = (tell.clone(), gate.clone());
        green::spawn(move || {
            tell.send(()).expect("the test listens");
            let _ = gate.recv();
        })
    };
    let visitors: Vec<_> = (0..2 * cores()).map(visitor).collect();
    visitors.iter().for_each(|_| told.recv_timeout(DEADLINE).expect("it runs"));
    drop(open);
    visitors.into_iter().for_each(join);
}

/// One green thread on each scheduler, since they are given out evenly.
fn on_every_scheduler(work: impl Fn() + Send + Sync + 'static) -> Vec<green::JoinHandle<()>> {
    let work = Arc::new(work);
    let works = (0..cores()).map(|_| work.clone());
    works.map(|work| green::spawn(move || work())).collect()
}
