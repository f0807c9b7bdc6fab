//! What panics costs its own request and nothing else.

use std::fmt::{self, Display};
use std::fs;
use std::panic::resume_unwind;
use std::thread::{self, ThreadId};
use std::time::Duration;

use crossbeam_channel::{Sender, unbounded};
use socketserver::{
    BaseRequestHandler, BaseServer, Concurrency, Server, ServerRef, Socket, Tcp, green,
};
use tests::{Client, Concurrent, DEADLINE, in_own_process, matrix, run, until};

use crate::LOCAL;

/// A value that panics as it goes.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        // A second panic on the way of the first would end the process, here as anywhere.
        if !thread::panicking() {
            resume_unwind(Box::new(Bomb));
        }
    }
}

impl Display for Bomb {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        resume_unwind(Box::new(Bomb))
    }
}

fn bombs_cost_one_request<C: Concurrency + Default>() {
    #[derive(BaseRequestHandler)]
    struct Bombs {
        request: Socket,
        #[handler(default = None)]
        bomb: Option<Bomb>,
    }
    impl Bombs {
        fn handle(&mut self) -> Result<(), Bomb> {
            match self.request.recv(1).unwrap_or_default()[..] {
                [b'p'] => resume_unwind(Box::new(Bomb)),
                [b'e'] => Err(Bomb),
                [b'h'] => {
                    self.bomb = Some(Bomb);
                    Ok(())
                }
                _ => Ok(()),
            }
        }
    }
    let server = run(Server::<Tcp, C, Bombs>::builder(), LOCAL);
    for bomb in ["p", "e", "h"].repeat(5) {
        let mut client = Client::stream(&server.address());
        client.send(bomb);
        assert_eq!(client.rest(), b"");
    }
    assert_eq!(Client::stream(&server.address()).finish(), b"");
    until("all have ended", || server.stats().active == 0);
    assert_eq!((server.stats().finished, server.stats().failed), (1, 15));
}

matrix!(columns: bombs_cost_one_request);

fn a_state_that_panics_as_it_goes_takes_nobody_with_it<C: Concurrent>() {
    struct State {
        dropped: Sender<ThreadId>,
        gate: green::Receiver<()>,
        _bomb: Bomb,
    }
    impl BaseServer for State {}
    impl Drop for State {
        fn drop(&mut self) {
            let _ = self.dropped.send(thread::current().id());
        }
    }
    #[derive(BaseRequestHandler)]
    struct Waiting {
        server: ServerRef<State>,
    }
    impl Waiting {
        fn handle(&self) {
            let _ = self.server.gate.recv();
        }
    }
    let (sender, dropped) = unbounded();
    let (open, gate) = green::channel(1);
    let state = State {
        dropped: sender,
        gate,
        _bomb: Bomb,
    };
    let server = Server::<Tcp, C, Waiting, _>::with(state).drain_timeout(Duration::ZERO);
    let server = server.bind(LOCAL).expect("bind");
    let _client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    drop(server);
    assert!(dropped.is_empty(), "its handler still has it");
    drop(open);
    let thread = dropped
        .recv_timeout(DEADLINE)
        .expect("the state goes with its last handler");
    assert_ne!(thread, thread::current().id());
}

fn of_a_thousand_every_second_panics_and_nothing_is_left_behind<C: Concurrent>() {
    if !in_own_process() {
        return;
    }
    let count = |what: &str| {
        fs::read_dir(format!("/proc/self/{what}"))
            .expect("/proc")
            .count()
    };
    // What green threads run on is there from the first to the end of the process.
    assert!(green::spawn(green::is_green).join().expect("no panic"));
    let before = (count("task"), count("fd"));
    let handler = |request: Socket, _| {
        let data = request.recv(10)?;
        if data == b"panic" {
            resume_unwind(Box::new("as told"));
        }
        request.sendall(&data)
    };
    let server = run(Server::<Tcp, C, _, _>::handling(handler), LOCAL);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..125 {
                    assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
                    let mut client = Client::stream(&server.address());
                    client.send("panic");
                    assert_eq!(client.rest(), b"");
                }
            });
        }
    });
    let (drained, stats) = server.drain(DEADLINE / 2);
    assert_eq!(
        (stats.finished, stats.failed, drained.aborted),
        (500, 500, 0)
    );
    until("every thread has ended", || count("task") == before.0);
    assert_eq!(count("fd"), before.1);
}

/// As when `handle` panics with a `std` lock held, and `drop` wants to lock it once more.
fn a_handler_may_panic_and_panic_again_as_it_goes<C: Concurrent>() {
    if !in_own_process() {
        return;
    }
    #[derive(BaseRequestHandler)]
    struct Unlucky {}
    impl Unlucky {
        fn handle(&self) {
            resume_unwind(Box::new("first"));
        }
    }
    impl Drop for Unlucky {
        fn drop(&mut self) {
            resume_unwind(Box::new("second"));
        }
    }
    let server = run(Server::<Tcp, C, Unlucky>::builder(), LOCAL);
    for _ in 0..5 {
        assert_eq!(Client::stream(&server.address()).rest(), b"");
    }
}

matrix!(
    concurrent: a_state_that_panics_as_it_goes_takes_nobody_with_it,
    of_a_thousand_every_second_panics_and_nothing_is_left_behind,
    a_handler_may_panic_and_panic_again_as_it_goes,
);
