//! A panic in a user's code costs one request or one call, and no other.

use tests::prelude::*;

/// A value that panics as it is dropped or displayed.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        // A second panic during the first would end the process, here as anywhere.
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

/// A panic's payload, or an error.
fn a_panic_in_a_drop_fails_one_request<C: Column>() {
    let bombs = |request: Socket, _| match &*request.recv(1).unwrap_or_default() {
        b"p" => resume_unwind(Box::new(Bomb)),
        b"e" => Err(Bomb),
        _ => Ok(()),
    };
    let server = run(Server::<Tcp, C, _, _>::handling(bombs), LOCAL);
    for bomb in ["p", "e"].repeat(5) {
        let mut client = Client::stream(&server.address());
        client.send(bomb);
        assert_eq!(client.rest(), b"");
    }
    assert_eq!(Client::stream(&server.address()).finish(), b"");
    until("all have ended", || server.stats().active == 0);
    assert_eq!((server.stats().finished, server.stats().failed), (1, 10));
}

#[derive(Clone)]
struct Rude(Socket);

impl Drop for Rude {
    fn drop(&mut self) {
        if !thread::panicking() {
            resume_unwind(Box::new("as it goes"));
        }
    }
}

#[derive(Default)]
struct RudeTcp(Tcp);

impl Transport for RudeTcp {
    type Request = Rude;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        self.0.socket(address)
    }
    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.0.server_bind(socket, address)
    }
    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        self.0.adopt(socket)
    }
    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        self.0.server_activate(socket)
    }
    fn get_request(&self, socket: &Socket) -> io::Result<(Rude, Address)> {
        let (request, address) = self.0.get_request(socket)?;
        Ok((Rude(request), address))
    }
    fn shutdown_request(&self, request: &Rude, patience: Duration) {
        self.0.shutdown_request(&request.0, patience);
    }
    fn abort(&self, request: &Rude) {
        self.0.abort(&request.0);
        resume_unwind(Box::new("as it is aborted"));
    }
}

fn a_request_may_panic_as_it_is_dropped<C: Column>() {
    let echo = |request: Rude, client| echo_once(request.0.clone(), client);
    let server = run(Server::<RudeTcp, C, _, _>::handling(echo), LOCAL);
    for _ in 0..10 {
        let mut client = Client::stream(&server.address());
        assert_eq!(client.ask("hello"), b"hello");
        assert_eq!(client.rest(), b"");
    }
    let (drained, stats) = server.drain(DEADLINE / 2);
    assert_eq!((drained.aborted, stats.accepted, stats.failed), (0, 10, 10));
}

/// As one that prints to a closed pipe.
fn the_logger_may_panic<C: Column>() {
    let Some(()) = alone() else { return };
    log_by(LevelFilter::Error, |_| {
        if !thread::panicking() {
            resume_unwind(Box::new("in the logger"));
        }
    });
    let handler = |request: Socket, _| match &*request.recv(100)? {
        b"fail" => Err(io::Error::other("as told")),
        data => request.sendall(data),
    };
    let server = run(Server::<Tcp, C, _, _>::handling(handler), LOCAL);
    for _ in 0..5 {
        let mut failing = Client::stream(&server.address());
        failing.send("fail");
        assert_eq!(failing.rest(), b"");
        assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
    }
    let (_, stats) = server.drain(DEADLINE / 2);
    assert_eq!((stats.finished, stats.failed), (5, 5));
}

matrix!(
    columns: a_panic_in_a_drop_fails_one_request, a_request_may_panic_as_it_is_dropped,
    the_logger_may_panic,
);

fn a_request_may_panic_as_it_is_aborted<C: Concurrent>() {
    let wait = |request: Rude, _| request.0.recv(100).map(drop);
    let server = Server::<RudeTcp, C, _, _>::handling(wait).deadline(Duration::from_millis(50));
    let server = run(server, LOCAL);
    let clients: Vec<_> = Client::streams(10, &server.address());
    for mut client in clients {
        assert_eq!(client.rest(), b"");
    }
    let (_, stats) = server.drain(DEADLINE / 2);
    assert_eq!((stats.accepted, stats.aborted), (10, 10));
}

struct State {
    dropped: Sender<ThreadId>,
    /// Locked by the test: an abort does not end the wait for a lock.
    gate: Arc<green::Mutex<()>>,
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
        drop(self.server.gate.lock());
    }
}

/// It is dropped by its last handler.
fn the_state_may_panic_as_it_is_dropped<C: Concurrent>() {
    let (sender, dropped) = unbounded();
    let gate = Arc::new(green::Mutex::new(()));
    let shut = gate.lock();
    let state = State { dropped: sender, gate: gate.clone(), _bomb: Bomb };
    let server = bind(Server::<Tcp, C, Waiting, _>::with(state).drain_timeout(Duration::ZERO));
    let _client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    drop(server);
    assert!(dropped.is_empty(), "its handler still has it");
    drop(shut);
    let thread = dropped.recv_timeout(DEADLINE).expect("its end");
    assert_ne!(thread, thread::current().id());
}

matrix!(concurrent: a_request_may_panic_as_it_is_aborted, the_state_may_panic_as_it_is_dropped);

struct Panicking;

impl Concurrency for Panicking {
    fn process_request(&self, _: Job) -> Result<(), Rejected> {
        resume_unwind(Box::new("process_request"))
    }
}

fn served_by<T: Transport<Request = Socket>, C: Concurrency>(
    transport: T,
    concurrency: C,
) -> Server<T, C, Echo, ()> {
    let builder = Builder::new(transport, concurrency, ()).drain_timeout(Duration::ZERO);
    bind(builder.poll_interval(Duration::from_secs(3_600)))
}

/// Complaint 26.
#[test]
fn a_server_of_panicking_axes_can_be_stopped() {
    fn stops<T: Transport<Request = Socket>, C: Concurrency>(server: Server<T, C, Echo, ()>) {
        in_time("its end", move || {
            let handle = server.spawn().expect("spawn");
            assert_eq!(Client::stream(handle.server_address()).rest(), b"");
            let server = (*handle).clone();
            server.shutdown();
            // Whether the loop has survived or not is not the question here.
            let _ = catch_unwind(AssertUnwindSafe(|| handle.join()));
        });
    }
    let first = AtomicBool::new(true);
    let transport = watched(Tcp::new(), move |name| match name {
        "get_request" if first.swap(false, SeqCst) => resume_unwind(Box::new(name)),
        _ => Ok(()),
    });
    stops(served_by(transport, Inline));
    stops(served_by(Tcp::new(), Panicking));
    // In a drain too.
    let server = served_by(Tcp::new(), Panicking);
    let mut client = Client::stream(server.server_address());
    in_time("the end", move || {
        let _ = catch_unwind(AssertUnwindSafe(|| server.drain(Duration::from_millis(50))));
        server.shutdown();
    });
    assert_eq!(client.rest(), b"");
}
