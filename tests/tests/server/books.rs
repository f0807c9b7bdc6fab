//! The books of live requests: their state, their deadlines, their counters.

use tests::prelude::*;

/// An operator sees them, with their clients, and they are no clients that have gone.
fn overdue_requests_are_logged_and_counted<C: Concurrent>() {
    let lines = keep_lines(LevelFilter::Warn);
    let (sender, reports) = unbounded();
    let deadline = Duration::from_millis(50);
    let sends = Function::new(|request, _| {
        loop {
            request.sendall(&[0; 65_536])?;
        }
    });
    let state = sends.on_error(move |error| {
        sender.send([error.is_abort(), error.is_disconnect()]).expect("the test waits");
    });
    let server = run(Server::<Tcp, C, Call, _>::with(state).deadline(deadline), apart());
    let slow = Client::stream(&server.address());
    let line = format!(
        "socketserver::request: request 1 from {} has taken longer than its deadline of 50ms: aborting it",
        slow.tcp().local_addr().expect("an address"),
    );
    let report = reports.recv_timeout(DEADLINE).expect("handle_error");
    assert_eq!(report, [true, false]);
    assert_eq!(lines.about(&line), [(log::Level::Warn, line)]);
    drop(Client::stream(&server.address()));
    assert_eq!(reports.recv_timeout(DEADLINE).expect("handle_error"), [false, true]);
    until("both have ended", || server.stats().active == 0);
    let stats = server.stats();
    assert_eq!((stats.overdue, stats.aborted, stats.failed), (1, 1, 1), "{stats:?}");
}

/// The client decides how long each phase takes, and delays no other. The server, its handler and its
/// errors agree about the numbers.
///
/// Complaint 18.
fn live_requests_have_numbers_phases_and_ages<C: Concurrent>() {
    let (sender, errors) = unbounded();
    let fails = Function::new(|request, server| {
        let id = server.request_id().expect("a request");
        request.sendall(&[u8::try_from(id).expect("a few")])?;
        request.recv(1)?;
        Err(io::Error::other("as told"))
    });
    let ids = move |error: &HandlerError| sender.send(error.request_id()).expect("the test waits");
    let builder = Server::<Tcp, C, Call, _>::with(fails.on_error(ids));
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

matrix!(
    concurrent: overdue_requests_are_logged_and_counted, live_requests_have_numbers_phases_and_ages,
);

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
