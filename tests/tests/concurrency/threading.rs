//! One thread per live request: the pool as a server sees it, and a close that need not wait.

use std::process;

use tests::prelude::*;

#[test]
fn named_threads_are_reused_and_end_when_idle() {
    let (sender, names) = unbounded();
    let server = ThreadingTCPServer::handling(move |_: Socket, _| {
        let thread = thread::current();
        sender.send(thread.name().expect("a name").to_owned())
    });
    let server = run(server.keep_alive(Duration::from_millis(200)), LOCAL);
    for _ in 0..100 {
        assert_eq!(Client::stream(&server.address()).rest(), b"");
    }
    let names: HashSet<_> = names.try_iter().collect();
    let named = |name: &String| name.starts_with("FnHandler-");
    assert!(names.iter().all(named), "{names:?}");
    assert!(names.len() < 20, "{names:?}");
    assert!(server.stats().workers.all < 20, "{:?}", server.stats());
    until("idle threads have ended", || server.stats().workers.all == 0);
    assert_eq!(Client::stream(&server.address()).rest(), b"");
}

#[test]
fn idle_threads_may_stay_for_ever() {
    let server = ThreadingTCPServer::<Echo>::builder().keep_alive(Duration::MAX);
    let server = run(server, LOCAL);
    for _ in 0..2 {
        Client::echoed(&server.address());
    }
    assert_eq!(server.ends(), [2, 0, 0, 0]);
}

/// Complaint 09.
#[test]
fn a_thread_that_cannot_start_costs_one_request() {
    let Some(()) = alone() else { return };
    let (state, failures) = Failures::new();
    let server = bind(ThreadingTCPServer::<Echo, _>::with(state).drain_timeout(DEADLINE));
    // Room for anything but one more stack.
    let limit = leave_memory(1 << 20);
    let mut refused = Client::stream(server.server_address());
    assert_eq!(server.handle_request().expect("serves"), Served::Refused);
    setrlimit(Resource::As, limit).expect("the old limit");
    assert_eq!(refused.rest(), b"");
    assert_eq!(failures.len(), 1);
    let stats = server.stats();
    assert_eq!((stats.failed, stats.active), (1, 0), "{stats:?}");
    assert_eq!((stats.workers.all, stats.workers.spawn_failures), (0, 1));

    // When there is room again all is well, and the failure does not disturb the end.
    let mut client = Client::stream(server.server_address());
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(client.ask("hello"), b"hello");
    assert_eq!(client.finish(), b"");
    assert_eq!(server.server_close().aborted, 0);
}

/// Complaint 10.
#[test]
fn requests_leave_no_memory_behind() {
    let Some(()) = alone() else { return };
    let folder = Folder::new();
    let server = ThreadingUnixStreamServer::<Echo>::builder();
    // Threads come and go all the time, but there are never many.
    let server = server.keep_alive(Duration::ZERO).max_threads(2);
    let server = run(server, folder.join("server"));
    let serve = |requests| {
        for _ in 0..requests {
            Client::echoed(&server.address());
        }
    };
    serve(500);
    let resident = || memory_of(process::id(), "VmRSS").expect("Linux");
    let before = resident();
    serve(3_000);
    // A forgotten thread would cost 8 KiB or more.
    let each = resident().saturating_sub(before) / 3_000;
    assert!(each < 100, "{each} bytes");
}
