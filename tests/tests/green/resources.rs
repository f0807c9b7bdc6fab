//! Green threads when the system has run out of something. Each test has a separate process.

use std::any::Any;
use std::cell::RefCell;

use tests::prelude::*;

#[test]
fn schedulers_that_cannot_start_may_start_later() {
    let Some(()) = alone() else { return };
    let echo = |request: Socket, _| request.sendall(&request.recv(100)?);
    let server = GreenTCPServer::handling(echo).bind(LOCAL).expect("bind");
    let before = (count_of("fd"), count_of("task"));
    with_at_most(Resource::Nofile, 100, || {
        // One is half of what a scheduler needs.
        let mut all = all_descriptors();
        all.pop();
        for _ in 0..10 {
            server.serve_forever().expect_err("there is no descriptor for an epoll");
        }
    });
    let after = (count_of("fd"), count_of("task"));
    assert_eq!(after, before, "no descriptors and no threads are left behind");
    let server = Running::from(server.spawn().expect("spawn"));
    Client::echoed(&server.address());
    server.drain(DEADLINE / 2);
}

#[test]
fn a_server_may_be_a_thread_local() {
    let Some(()) = alone() else { return };
    thread_local! {
        static SERVER: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
    }
    let ends = thread::spawn(|| {
        // Thread-locals end in the reverse of the order in which they were first used.
        SERVER.set(None);
        let server = GreenTCPServer::handling(|_: Socket, _| ()).bind(LOCAL);
        let server = server.expect("bind");
        SERVER.set(Some(Box::new(server)));
    });
    ends.join().expect("it ends well");
}
