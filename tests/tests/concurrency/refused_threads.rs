//! A system that refuses threads long before the server's own limit: the server is full then, and
//! no queue grows behind it. Each test has a separate process.

use tests::prelude::*;

#[test]
fn server_refuses_when_threads_are_refused() {
    let Some(()) = alone() else { return };
    let greet = |request: Socket, _| -> std::io::Result<()> {
        request.sendall(b"hello")?;
        request.recv(1).map(drop)
    };
    let server = run(ThreadingTCPServer::handling(greet).overflow(Overflow::Refuse), LOCAL);
    // Room for the stacks of a few threads, whose number is not known before.
    let limit = leave_memory(24 << 20);
    const CLIENTS: u64 = 100;
    let clients = Client::streams(CLIENTS as usize, &server.address());
    until("all are accepted", || server.stats().accepted == CLIENTS);
    let stats = server.stats();
    assert!(stats.workers.spawn_failures > 0, "{stats:?}");
    let workers = stats.workers.all as u64;
    assert!((1..CLIENTS / 2).contains(&workers), "{stats:?}");
    // One may wait for the next thread.
    assert!(stats.active <= workers + 1, "{stats:?}");
    assert_eq!(stats.refused, CLIENTS - stats.active);
    drop(clients);
    until("all have ended", || server.stats().active == 0);
    assert_eq!(Client::stream(&server.address()).recv(), b"hello");
    setrlimit(Resource::As, limit).expect("the old limit");
}

#[test]
fn datagrams_wait_in_the_system_when_threads_are_refused() {
    let Some(()) = alone() else { return };
    let slow = |_: Datagram, _| thread::sleep(Duration::from_millis(300));
    let server = run(ThreadingUDPServer::handling(slow), LOCAL);
    // Room for the stacks of a few threads, whose number is not known before.
    let limit = leave_memory(24 << 20);
    let mut client = Client::datagram(&server.address());
    for _ in 0..200 {
        client.send([0; 1_000]);
    }
    until("threads are refused", || server.stats().workers.spawn_failures > 0);
    for _ in 0..50 {
        let stats = server.stats();
        assert!(stats.active <= stats.workers.all as u64 + 1, "{stats:?}");
        thread::sleep(Duration::from_millis(2));
    }
    setrlimit(Resource::As, limit).expect("the old limit");
}
