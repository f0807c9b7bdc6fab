//! Clients that have not sent their hello yet: they hold no worker.

use socketserver::ssl::{SSLContext, SSLErrorReason};
use tests::prelude::*;

/// How long a handshake may take, where its deadline is seen.
const TIME: Duration = Duration::from_secs(1);

const SILENT: usize = 100;

fn tls<C: Concurrency>(
    concurrency: C,
    context: &SSLContext,
) -> Builder<impl Transport<Request = Socket>, C, Echo, ()> {
    Builder::<_, _, Echo, _>::new(Tcp::new(), concurrency, ()).tls(context.clone())
}

/// Connections of which a third have sent nothing, a third one byte, and a third all but one byte
/// of a hello.
fn silent_clients(address: &Address) -> Vec<Client> {
    let hello = client_hello();
    let parts = [0, 1, hello.len() - 1];
    let mut clients = Client::streams(SILENT, address);
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(&hello[..parts[number % parts.len()]]);
    }
    clients
}

/// One server: a healthy client is served at once, the silent ones end at the deadline, and none of
/// them has had a worker.
fn silent_clients_hold_no_worker<C: Concurrency>(concurrency: C) {
    let authority = Authority::new("silent");
    let context = authority.context().handshake_timeout(TIME);
    let server = run(tls(concurrency, &context), LOCAL);
    let began = Instant::now();
    let silent = silent_clients(&server.address());
    until("they are live", || server.stats().active == SILENT as u64);
    assert_eq!(server.stats().workers.all, 0);
    let live = server.live_requests();
    assert!(live.iter().all(|one| one.phase == RequestPhase::Queued), "{live:?}");
    let config = Arc::new(client_config(&authority, None));
    let healthy = (0..3).map(|_| {
        let began = Instant::now();
        let mut client = TlsClient::connect(&server.address(), config.clone(), "localhost");
        client.ask(b"hello");
        client.close();
        began.elapsed()
    });
    // On a busy machine one may take longer, and some do not.
    let healthy = healthy.min().expect("three");
    assert!(healthy < Duration::from_millis(100), "{healthy:?}");
    let ends = silent.into_iter().map(|mut client| {
        assert_eq!(client.rest_or_reset(), b"");
        began.elapsed()
    });
    let ends: Vec<_> = ends.collect();
    let (first, middle) = (ends[0], ends[SILENT / 2]);
    assert!(TIME <= first && middle < 2 * TIME, "{first:?} {middle:?}");
    until("they have ended", || server.stats().active == 0);
    let stats = context.session_stats();
    assert_eq!(stats.failures(SSLErrorReason::Timeout), SILENT as u64);
    assert_eq!((stats.started, stats.good), (SILENT as u64 + 3, 3));
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.finished, stats.refused, stats.failed), (3, SILENT as u64, 0));
}

#[test]
fn silent_clients_hold_no_thread() {
    silent_clients_hold_no_worker(Threading::new().max_threads(8));
}

#[test]
fn silent_clients_hold_no_green_thread() {
    silent_clients_hold_no_worker(Green::new().max_green_threads(8));
}

#[test]
fn silent_clients_do_not_hold_the_loop() {
    silent_clients_hold_no_worker(Inline);
}

/// The time in which nothing came counts too.
fn a_late_hello_prolongs_no_deadline<C: Column>() {
    let authority = Authority::new("late");
    let context = authority.context().handshake_timeout(TIME);
    let server = run(tls(C::default(), &context), LOCAL);
    // What delays the machine delays the silent client's end, too.
    let mut clients = [(); 2].map(|()| Client::stream(&server.address()));
    let began = Instant::now();
    thread::sleep(TIME * 7 / 10);
    let [late, silent] = &mut clients;
    late.send(client_hello());
    let ends = thread::scope(|scope| {
        let end_of = |client: &mut Client| {
            client.rest_or_reset();
            began.elapsed()
        };
        let silent = scope.spawn(move || end_of(silent));
        [end_of(late), silent.join().expect("an end")]
    });
    assert!(TIME * 99 / 100 <= ends[0] && ends[0] < ends[1] + TIME * 6 / 10, "{ends:?}");
    until("both are counted", || server.stats().refused == 2);
    assert_eq!(context.session_stats().failures(SSLErrorReason::Timeout), 2);
}

/// Each has one second since it came, because its hello may be on its way.
fn a_drain_ends_silent_clients<C: Column>() {
    let authority = Authority::new("drain");
    let context = authority.context().handshake_timeout(DEADLINE);
    let server = run(tls(C::default(), &context), LOCAL);
    let silent = silent_clients(&server.address());
    until("they are live", || server.stats().active == SILENT as u64);
    let (drained, stats) = server.drain(DEADLINE);
    assert!(drained.took < Duration::from_secs(2), "{drained:?}");
    assert_eq!((drained.aborted, stats.refused), (0, SILENT as u64));
    for mut client in silent {
        assert_eq!(client.rest_or_reset(), b"");
    }
}

/// There is no session with a client behind a proxy that has not sent its header.
fn a_header_that_is_missing_is_no_handshake<C: Column>() {
    let lines = keep_lines(LevelFilter::Debug);
    let authority = Authority::new("header");
    let context = authority.context();
    let builder = Server::<Tcp, C, Behind>::builder();
    let protocol = local_proxies().timeout(Duration::from_millis(300));
    let server = run(builder.proxy_protocol(protocol).tls(context.clone()), LOCAL);
    for part in ["", "PROXY TCP4 192."] {
        let mut client = Client::stream(&server.address());
        let peer = client.tcp().local_addr().expect("an address");
        client.send(part);
        assert_eq!(client.rest_or_reset(), b"");
        let text = "expected a PROXY header within 300ms, got none or a part";
        until("its line", || !lines.about(&format!("from {peer} refused: {text}")).is_empty());
    }
    assert_eq!(context.session_stats().started, 0);
}

/// The proxy's silence is not the client's.
fn a_handshake_after_a_late_header_has_its_time<C: Column>() {
    let authority = Authority::new("late_header");
    let context = authority.context().handshake_timeout(Duration::from_millis(500));
    let server = run(
        Server::<Tcp, C, Behind>::builder().proxy_protocol(local_proxies()).tls(context),
        LOCAL,
    );
    let config = client_config(&authority, None);
    let mut client = TlsClient::connect(&server.address(), config, "localhost");
    thread::sleep(Duration::from_millis(700));
    client.0.sock.write_all(b"PROXY UNKNOWN\r\n").expect("sent");
    client.0.write_all(b"hello").expect("sent");
    client.close();
    let mut answer = String::new();
    client.0.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("peer ") && answer.ends_with("\nhello"), "{answer}");
}

matrix!(columns:
    a_late_hello_prolongs_no_deadline, a_drain_ends_silent_clients,
    a_header_that_is_missing_is_no_handshake, a_handshake_after_a_late_header_has_its_time,
);

/// Neither is it that a handler keeps the loop of an inline server.
#[test]
fn a_busy_loop_takes_no_time_of_the_handshake() {
    let authority = Authority::new("loop");
    let time = Duration::from_millis(300);
    let context = authority.context().handshake_timeout(time);
    let server = run(tls(Inline, &context), LOCAL);
    let config = Arc::new(client_config(&authority, None));
    let connect = || TlsClient::connect(&server.address(), config.clone(), "localhost");
    let mut second = connect();
    until("it is live", || server.stats().active == 1);
    let mut first = connect();
    first.ask(b"hello");
    second.0.conn.write_tls(&mut second.0.sock).expect("a hello");
    thread::sleep(2 * time);
    first.close();
    drop(first);
    // The loop has time for more than one round trip.
    thread::sleep(time / 10);
    second.ask(b"hello");
    assert_eq!(context.session_stats().good, 2);
}

/// That the only worker is busy is no fault of a client that has sent its hello.
fn a_wait_for_a_worker_takes_no_time_of_the_handshake<C: Concurrent>() {
    let authority = Authority::new("busy");
    let time = Duration::from_millis(300);
    let context = authority.context().handshake_timeout(time);
    let server = run(tls(C::at_most(1), &context), LOCAL);
    let config = Arc::new(client_config(&authority, None));
    let connect = || TlsClient::connect(&server.address(), config.clone(), "localhost");
    let (mut first, mut second) = (connect(), connect());
    until("both are live", || server.stats().active == 2);
    first.ask(b"hello");
    second.0.conn.write_tls(&mut second.0.sock).expect("a hello");
    thread::sleep(2 * time);
    first.close();
    drop(first);
    second.ask(b"hello");
    assert_eq!(context.session_stats().good, 2);
}

matrix!(concurrent: a_wait_for_a_worker_takes_no_time_of_the_handshake);
