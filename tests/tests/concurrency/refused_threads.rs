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

/// Counts its requests; each of them holds its thread until the test goes on.
struct Holding {
    go_on: Receiver<()>,
    begun: AtomicU64,
    closed: AtomicU64,
}

impl BaseServer for Holding {
    fn request_closed(&self, _: &Socket, _: &Address, _: &ServerRef<Self>) {
        self.closed.fetch_add(1, SeqCst);
    }
}

#[derive(BaseRequestHandler)]
struct Hold {
    server: ServerRef<Holding>,
}

impl Hold {
    fn handle(&self) {
        self.server.begun.fetch_add(1, SeqCst);
        // Until the test drops its end, whatever becomes of the request.
        let _ = self.server.go_on.recv();
    }
}

/// No handler may start after the server's end.
#[test]
fn a_request_without_a_thread_ends_with_the_server() {
    let Some(()) = alone() else { return };
    let (hold, go_on) = unbounded();
    let state = Holding { go_on, begun: AtomicU64::new(0), closed: AtomicU64::new(0) };
    let server = Arc::new(bind(ThreadingTCPServer::<Hold, _>::with(state)));
    let (state, serving) = (server.server_ref(), serve(&server));
    let _first = Client::stream(server.server_address());
    until("its handler holds the only thread", || state.begun.load(SeqCst) == 1);
    // Room for anything but one more stack.
    let limit = leave_memory(1 << 20);
    let mut second = Client::stream(server.server_address());
    until("its thread is refused", || server.stats().workers.spawn_failures > 0);
    let drained = server.drain(Duration::from_millis(50));
    setrlimit(Resource::As, limit).expect("the old limit");
    assert_eq!((drained.aborted, drained.abandoned), (2, 1));
    assert_eq!(second.rest(), b"");
    ends_well(serving);
    drop(hold);
    until("the thread has ended", || server.stats().workers.all == 0);
    assert_eq!((state.begun.load(SeqCst), state.closed.load(SeqCst)), (1, 2));
}
