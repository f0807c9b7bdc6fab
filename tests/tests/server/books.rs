//! The books of live requests: their state, their deadlines, their counters.

use tests::prelude::*;

/// Complaint 34.
fn handlers_share_the_state<C: Concurrent>() {
    let count = Arc::new(Mutex::new(0));
    let counted = count.clone();
    let server = Server::<Tcp, C, _, _>::handling(move |request: Socket, _| -> io::Result<()> {
        while !request.recv(1)?.is_empty() {
            *counted.lock() += 1;
        }
        Ok(())
    });
    let server = run(server, LOCAL);
    let mut clients = Client::streams(8, &server.address());
    for _ in 0..100 {
        clients.iter_mut().for_each(|client| client.send("x"));
    }
    for client in clients {
        assert_eq!(client.finish(), b"");
    }
    assert_eq!(*count.lock(), 800);
}

/// No operation of the dripping client's handler takes long, only all of them together.
///
/// Complaint 28.
fn the_deadline_aborts_slow_clients_alone<C: Concurrent>() {
    let deadline = Duration::from_millis(300);
    let server = run(Server::<Tcp, C, Echo>::builder().deadline(deadline), LOCAL);
    let began = Instant::now();
    let mut silent = Client::stream(&server.address());
    let mut dripping = Client::stream(&server.address());
    let dripping = thread::spawn(move || {
        let answered = |client: &mut Client| client.read(&mut [0]).is_ok_and(|read| read > 0);
        while dripping.write_all(b"x").is_ok() && answered(&mut dripping) {
            thread::sleep(Duration::from_millis(5));
        }
    });
    while !dripping.is_finished() {
        Client::echoed(&server.address());
        assert!(began.elapsed() < DEADLINE);
    }
    dripping.join().expect("no panic");
    assert_eq!(silent.rest(), b"");
    assert!(began.elapsed() >= deadline, "{:?}", began.elapsed());
    until("both are counted", || server.stats().aborted == 2);
}

/// An operator sees them, with their clients, and they are no clients that have gone.
fn overdue_requests_are_logged_and_counted<C: Concurrent>() {
    struct Reports(Sender<[bool; 2]>);
    impl BaseServer for Reports {
        fn handle_error(&self, _: &Socket, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
            self.0.send([error.is_abort(), error.is_disconnect()]).expect("the test waits");
        }
    }
    #[derive(BaseRequestHandler)]
    struct Sends {
        request: Socket,
    }
    impl Sends {
        fn handle(&self) -> io::Result<()> {
            loop {
                self.request.sendall(&[0; 65_536])?;
            }
        }
    }
    let lines = keep_lines(LevelFilter::Warn);
    let (sender, reports) = unbounded();
    let deadline = Duration::from_millis(50);
    let builder = Server::<Tcp, C, Sends, _>::with(Reports(sender));
    let server = run(builder.deadline(deadline), apart());
    let slow = Client::stream(&server.address());
    let line = format!(
        "socketserver::request: request 1 from {} has taken longer than its deadline of 50ms: aborting it",
        slow.tcp().local_addr().expect("an address"),
    );
    let report = reports.recv_timeout(DEADLINE).expect("handle_error");
    assert_eq!(report, [true, false]);
    assert_eq!(lines.about(&line), [(log::Level::Warn, line)]);
    drop(Client::stream(&server.address()));
    let report = reports.recv_timeout(DEADLINE).expect("handle_error");
    assert_eq!(report, [false, true]);
    until("both have ended", || server.stats().active == 0);
    let stats = server.stats();
    assert_eq!((stats.overdue, stats.aborted, stats.failed), (1, 1, 1), "{stats:?}");
}

matrix!(
    concurrent: handlers_share_the_state, the_deadline_aborts_slow_clients_alone,
    overdue_requests_are_logged_and_counted,
);

/// The client decides how long each phase takes. The server, its handler and its errors agree about
/// the numbers.
fn live_requests_have_numbers_phases_and_ages<C: Concurrent>() {
    struct Ids(Sender<Option<u64>>);
    impl BaseServer for Ids {
        fn handle_error(&self, _: &Socket, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
            self.0.send(error.request_id()).expect("the test waits");
        }
    }
    #[derive(BaseRequestHandler)]
    struct Fails {
        request: Socket,
        server: ServerRef<Ids>,
    }
    impl Fails {
        fn handle(&self) -> io::Result<()> {
            let id = self.server.request_id().expect("a request");
            self.request.sendall(&[u8::try_from(id).expect("a few")])?;
            self.request.recv(1)?;
            Err(io::Error::other("as told"))
        }
    }
    let (sender, errors) = unbounded();
    let builder = Server::<Tcp, C, Fails, _>::with(Ids(sender));
    let server = run(builder.prepared(|request| request.recv(1).map(drop)), LOCAL);
    assert_eq!((server.live_requests(), server.request_id()), (vec![], None));
    let mut clients = [(); 2].map(|()| Client::stream(&server.address()));
    let phases = || server.live_requests().iter().map(|one| one.phase).collect::<Vec<_>>();
    until("both prepare", || phases() == [RequestPhase::Preparing; 2]);
    clients[1].send("x");
    let id = clients[1].recv();
    until("the other one is handled", || phases().contains(&RequestPhase::Handling));
    let live = server.live_requests();
    assert_eq!(live.iter().map(|one| one.id).collect::<Vec<_>>(), [1, 2]);
    let handled = live.iter().find(|one| one.phase == RequestPhase::Handling);
    let handled = handled.expect("one is handled");
    assert_eq!(id, [u8::try_from(handled.id).expect("a few")]);
    let client = clients[1].tcp().local_addr().expect("an address");
    assert_eq!(handled.client_address, Address::from(client));
    until("it is older", || server.live_requests()[0].age > Duration::from_millis(100));
    assert!(server.live_requests()[0].age < DEADLINE);
    clients[1].send("x");
    assert_eq!(errors.recv_timeout(DEADLINE).expect("handle_error"), Some(handled.id));
    until("the first is left", || phases() == [RequestPhase::Preparing]);
    clients[0].send("xx");
    errors.recv_timeout(DEADLINE).expect("handle_error");
}

matrix!(concurrent: live_requests_have_numbers_phases_and_ages);

/// A client of which the server still waits for the first byte is live.
#[test]
fn the_deadline_holds_before_the_first_byte() {
    let builder = ThreadingTCPServer::<Echo>::builder().deadline(Duration::from_millis(100));
    let server = run(builder.proxy_protocol(local_proxies()), LOCAL);
    let began = Instant::now();
    assert_eq!(Client::stream(&server.address()).rest(), b"");
    assert!(began.elapsed() < Duration::from_secs(2));
    until("it is counted", || server.stats().aborted == 1);
    assert_eq!(server.stats().overdue, 1);
}
