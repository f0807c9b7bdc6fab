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
    assert_eq!(server.ends(), [1, 10, 0, 0]);
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
        let mut client = Client::echoed(&server.address());
        assert_eq!(client.rest(), b"");
    }
    assert_eq!(server.ends(), [0, 10, 0, 0]);
}

/// As one that prints to a closed pipe.
fn the_logger_may_panic<C: Column>() {
    let Some(()) = alone() else { return };
    let handler = |request: Socket, _| match &*request.recv(100)? {
        b"fail" => Err(io::Error::other("as told")),
        data => request.sendall(data),
    };
    let server = run(Server::<Tcp, C, _, _>::handling(handler), LOCAL);
    log_by(LevelFilter::Trace, |_| {
        if !thread::panicking() {
            resume_unwind(Box::new("in the logger"));
        }
    });
    for _ in 0..5 {
        let mut failing = Client::stream(&server.address());
        failing.send("fail");
        assert_eq!(failing.rest(), b"");
        Client::echoed(&server.address());
    }
    assert_eq!(server.ends(), [5, 5, 0, 0]);
}

matrix!(
    columns: a_panic_in_a_drop_fails_one_request, a_request_may_panic_as_it_is_dropped,
    the_logger_may_panic,
);

fn a_request_may_panic_as_it_is_aborted<C: Concurrent>() {
    let wait = |request: Rude, _| request.0.recv(100).map(drop);
    let server = Server::<RudeTcp, C, _, _>::handling(wait).deadline(Duration::from_millis(50));
    let server = run(server, LOCAL);
    for mut client in Client::streams(10, &server.address()) {
        assert_eq!(client.rest(), b"");
    }
    assert_eq!(server.ends(), [0, 0, 0, 10]);
}

/// Says which thread drops it, and panics.
struct LastWord(Sender<ThreadId>);

impl Drop for LastWord {
    fn drop(&mut self) {
        let _ = self.0.send(thread::current().id());
        resume_unwind(Box::new("as it is dropped"));
    }
}

/// It is dropped by its last handler.
fn the_state_may_panic_as_it_is_dropped<C: Concurrent>() {
    let (sender, dropped) = unbounded();
    // An abort does not end the wait for a lock.
    let gate = Arc::new(green::Mutex::new(()));
    let (shut, deaf, last) = (gate.lock(), gate.clone(), LastWord(sender));
    let state = Function::new(move |_, _| {
        let _owned = &last;
        drop(deaf.lock());
        Ok(())
    });
    let server = bind(Server::<Tcp, C, Call, _>::with(state).drain_timeout(Duration::ZERO));
    let _client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    drop(server);
    assert!(dropped.is_empty(), "its handler still has it");
    drop(shut);
    let thread = dropped.recv_timeout(DEADLINE).expect("its end");
    assert_ne!(thread, thread::current().id());
}

matrix!(concurrent: a_request_may_panic_as_it_is_aborted, the_state_may_panic_as_it_is_dropped);

/// Complaint 26.
#[test]
fn a_panic_in_get_request_costs_no_other_client() {
    let first = AtomicBool::new(true);
    let transport = watched(Tcp::new(), move |name| match name {
        "get_request" if first.swap(false, SeqCst) => resume_unwind(Box::new(name)),
        _ => Ok(()),
    });
    let server = run(Builder::<_, _, Echo, ()>::new(transport, Inline, ()), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"");
    assert_eq!(Client::echoed(&server.address()).finish(), b"");
    assert_eq!(server.ends(), [1, 0, 0, 0]);
}

struct Panicking;

impl Concurrency for Panicking {
    fn process_request(&self, _: Job) -> Result<(), Rejected> {
        resume_unwind(Box::new("process_request"))
    }
}

/// Complaint 26.
#[test]
fn a_drain_ends_although_process_request_panics() {
    let server = bind(Builder::<_, _, Echo, ()>::new(Tcp::new(), Panicking, ()));
    let mut client = Client::stream(server.server_address());
    in_time("the drain", move || server.drain(Duration::from_millis(50)));
    assert_eq!(client.rest(), b"");
}
