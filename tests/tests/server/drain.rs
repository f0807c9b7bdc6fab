//! A drain: the clients it still serves, how long it waits, and what it leaves behind.

use tests::prelude::*;

fn live_requests_may_finish<T: Streams, C: Column>() {
    let (_folder, server) = placed(Server::<T, C, Echo>::builder());
    let (address, watching) = (server.address(), (*server).clone());
    let mut client = Client::echoed(&address);
    let draining = thread::spawn(move || server.drain(DEADLINE / 2));
    until("the drain has begun", || watching.is_stopping());
    assert_eq!(client.ask("meanwhile"), b"meanwhile");
    assert_eq!(client.finish(), b"");
    let (drained, stats) = draining.join().expect("a good end");
    assert_eq!((drained.aborted, drained.abandoned), (0, 0));
    assert_eq!((stats.finished, stats.aborted), (1, 0));
    assert!(Client::try_stream(&address).is_err(), "the server has gone");
}

/// These requests are not overdue: their own deadline is another.
///
/// Complaint 16.
fn the_deadline_aborts_live_requests<T: Streams, C: Column>() {
    let (_folder, server) = placed(Server::<T, C, Echo>::builder().deadline(DEADLINE));
    let mut client = Client::echoed(&server.address());
    let drain = || server.drain(Duration::from_millis(50));
    let (drained, stats) = within(Duration::from_secs(2), drain);
    assert_eq!(client.rest(), b"", "it sees the end of the stream");
    assert_eq!((drained.finished, drained.aborted, drained.abandoned), (0, 1, 0));
    assert_eq!((stats.aborted, stats.overdue), (1, 0));
}

matrix!(streams: live_requests_may_finish, the_deadline_aborts_live_requests);

fn the_backlog_is_served<T: Row, C: Column>() {
    for served_before in [false, true] {
        let folder = Folder::new();
        let server = Server::<T, C, Echo>::bind(T::address(&folder)).expect("bind");
        let server = Arc::new(server);
        if served_before {
            server.shutdown();
            ends_well(serve(&server));
        }
        let clients = [(); 5].map(|()| {
            let mut client = T::client(server.server_address());
            client.send("hello");
            client.end();
            client
        });
        let draining = server.clone();
        let drained = in_time("drain", move || draining.drain(DEADLINE));
        assert_eq!((drained.aborted, server.stats().finished), (0, 5));
        for mut client in clients {
            assert_eq!(client.recv(), b"hello");
        }
        assert_eq!(server.fileno(), -1);
    }
}

matrix!(all: the_backlog_is_served);

/// One that comes as a loop ends is there for the next.
fn a_racing_drain_is_not_lost<C: Column>() {
    for _ in 0..500 {
        let server = bind(Server::<Tcp, C, Echo>::builder().timeout(Duration::ZERO));
        let draining = [(); 4].map(|()| {
            let draining = server.server_ref();
            thread::spawn(move || {
                while !draining.is_stopping() {
                    draining.begin_drain(Duration::ZERO);
                }
            })
        });
        let error = std::iter::repeat_with(|| server.handle_request()).find_map(Result::err);
        for draining in draining {
            draining.join().expect("no panic");
        }
        assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::NotConnected));
    }
}

fn each_drain_has_its_own_deadline<C: Concurrent>() {
    let server = Arc::new(Server::<Tcp, C, Echo>::bind(LOCAL).expect("bind"));
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    assert_eq!(client.ask("hello"), b"hello");
    let patient = server.clone();
    let patient = thread::spawn(move || Ok(patient.drain(DEADLINE)));
    until("it is drained", || server.fileno() == -1);
    within(DEADLINE / 2, || {
        server.drain(Duration::from_millis(50));
        assert_eq!(client.rest(), b"", "it was not the first drain that has ended it");
    });
    assert_eq!(ends_well(patient).aborted, 1);
}

/// It waits for something other than its client. After the drain the loop of an inline server, which
/// is in the handler too, serves no other client.
fn a_handler_deaf_to_its_abort_is_abandoned<C: Column>() {
    // An abort does not end the wait for a lock.
    let gate = Arc::new(green::Mutex::new(0));
    let shut = gate.lock();
    let deaf = gate.clone();
    let handler = move |request: Socket, _| {
        request.sendall(b"here")?;
        *deaf.lock() += 1;
        request.sendall(b"too late")
    };
    let server = run(Server::<Tcp, C, _, _>::handling(handler), apart());
    let (address, watching) = (server.address(), (*server).clone());
    let mut client = Client::stream(&address);
    assert_eq!(client.recv(), b"here");
    let is_inline = type_name::<C>() == type_name::<Inline>();
    let _waits = is_inline.then(|| Client::stream(&address));
    let drain = || server.drain(Duration::from_millis(50));
    let (drained, stats) = within(Duration::from_secs(2), drain);
    assert_eq!((drained.finished, drained.aborted), (0, 1));
    assert_eq!((drained.abandoned, stats.aborted), (1, 1));
    assert_eq!(client.rest(), b"");
    assert!(Client::try_stream(&address).is_err(), "the port is closed");
    drop(shut);
    until("its thread has gone", || watching.stats().workers.all == 0);
    let stats = watching.stats();
    drop(watching);
    until("the loop has dropped its server", || Arc::strong_count(&gate) == 1);
    assert_eq!((stats.aborted, stats.failed, *gate.lock()), (1, 0, 1));
}

/// And its report counts the requests that were aborted since it began.
fn a_requests_own_deadline_holds_in_a_drain<C: Concurrent>() {
    let builder = Server::<Tcp, C, Echo>::builder().deadline(Duration::from_millis(300));
    let server = run(builder, LOCAL);
    assert_eq!(Client::echoed(&server.address()).rest(), b"");
    // A client sees its end before the request is counted.
    until("the first abort is counted", || server.stats().aborted == 1);
    let _silent = Client::echoed(&server.address());
    let (drained, stats) = within(DEADLINE / 2, || server.drain(DEADLINE));
    assert_eq!((drained.aborted, stats.aborted, stats.overdue), (1, 2, 2));
}

fn limits_hold_in_a_drain<C: Concurrent>() {
    let (live, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let highest = most.clone();
    let server = Server::<Tcp, C, _, _>::handling(move |request: Socket, _| {
        highest.fetch_max(live.fetch_add(1, SeqCst) + 1, SeqCst);
        let end = request.recv(1);
        live.fetch_sub(1, SeqCst);
        end.map(drop)
    });
    let server = run(server.max_connections(2), LOCAL);
    let clients = Client::streams(20, &server.address());
    // A request counts as active before its handler runs.
    until("two handlers run", || most.load(SeqCst) == 2);
    let ending = thread::spawn(move || clients.into_iter().for_each(|client| _ = client.finish()));
    let (drained, stats) = server.drain(DEADLINE / 2);
    ending.join().expect("clean ends");
    let most = most.load(SeqCst);
    assert_eq!((drained.aborted, stats.finished, most), (0, 20, 2));
}

fn server_close_precedes_the_wait<C: Concurrent>() {
    let members = Arc::new(Mutex::new(Vec::<Socket>::new()));
    let closed = Arc::new(AtomicU64::new(0));
    let chat = || {
        let (own, others, closed) = (members.clone(), members.clone(), closed.clone());
        let member = Function::new(move |request, _| {
            own.lock().push(request.clone());
            request.recv(1).map(drop)
        });
        bind(Server::<Tcp, C, Call, _>::with(member.on_close(move || {
            closed.fetch_add(1, SeqCst);
            for member in &*others.lock() {
                let _ = member.sendall(b"good-bye");
            }
        })))
    };
    let server = chat();
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    until("it is a member", || members.lock().len() == 1);
    let leaving = thread::spawn(move || {
        assert_eq!(client.recv(), b"good-bye");
        client.finish()
    });
    let drained = server.drain(DEADLINE);
    assert_eq!((drained.finished, drained.aborted), (1, 0));
    assert_eq!(leaving.join().expect("no panic"), b"");
    server.server_close();
    drop(server);
    assert_eq!(closed.load(SeqCst), 1, "once");
    drop(chat());
    assert_eq!(closed.load(SeqCst), 2, "also if the server never served");
}

matrix!(columns: a_racing_drain_is_not_lost, a_handler_deaf_to_its_abort_is_abandoned);
matrix!(
    concurrent: each_drain_has_its_own_deadline, limits_hold_in_a_drain,
    server_close_precedes_the_wait, a_requests_own_deadline_holds_in_a_drain,
);

/// Complaint 08.
#[test]
fn a_failed_connection_costs_no_other() {
    let first = AtomicBool::new(true);
    let transport = watched(Tcp::new(), move |name| match name {
        "get_request" if first.swap(false, SeqCst) => Err(ErrorKind::ConnectionAborted.into()),
        _ => Ok(()),
    });
    let server = bind(Builder::<_, _, Echo, ()>::new(transport, Threading::new(), ()));
    let mut clients = [0; 2].map(|_| Client::stream(server.server_address()));
    for client in &mut clients {
        client.send("hello");
        client.end();
    }
    let drained = server.drain(DEADLINE);
    assert_eq!((drained.aborted, server.stats().accept_errors), (0, 1));
    assert_eq!(clients[1].rest(), b"hello");
}

#[test]
fn a_drain_stops_accepting_from_an_empty_backlog() {
    let folder = Folder::new();
    let asked = Arc::new(AtomicU64::new(0));
    let asks = asked.clone();
    let transport = obstructed(UnixStream::new(), move || {
        asks.fetch_add(1, SeqCst);
        Ok(())
    });
    let server = Builder::<_, _, Echo, ()>::new(transport, Threading::new(), ());
    let server = server.bind(folder.join("server")).expect("bind");
    let clients = [(); 3].map(|()| Client::stream(server.server_address()));
    let leaving = thread::spawn(|| clients.map(Client::finish));
    assert_eq!(server.drain(DEADLINE).aborted, 0);
    leaving.join().expect("no panic");
    // Once per client, once to find none, and once more because the socket seems to be ready.
    assert_eq!(asked.load(SeqCst), 5);
}

/// While the backlog is served its listener is open. A client that came now would be reset.
#[test]
fn a_drain_keeps_new_clients_out_of_the_backlog() {
    let server = run(ThreadingTCPServer::<Echo>::builder().max_connections(1), apart());
    let address = server.address();
    let first = Client::echoed(&address);
    let mut second = Client::stream(&address);
    second.send("second");
    let draining = thread::spawn(move || server.drain(DEADLINE / 2));
    let mut tries = 0;
    until("a new client finds no room", || {
        // Without a fence the backlog would be full in the end, too.
        tries += 1;
        assert!(tries < 1_000);
        Client::impatient(&address).is_err()
    });
    assert_eq!(first.finish(), b"");
    assert_eq!(second.finish(), b"second");
    assert_eq!(draining.join().expect("a good end").1.aborted, 0);
}

/// Complaint 17.
#[test]
fn a_dropped_server_waits_for_its_work() {
    let work = Function::new(|request, server| {
        request.sendall(b"it begins")?;
        until("the server is to end", || server.is_stopping());
        request.sendall(b"all of it")
    });
    let server = bind(ThreadingTCPServer::<Call, _>::with(work).drain_timeout(DEADLINE));
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    assert_eq!(client.recv(), b"it begins");
    in_time("the end of its life", move || drop(server));
    assert_eq!(client.rest(), b"all of it");
}
