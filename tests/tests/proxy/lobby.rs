//! Clients that have not sent their header yet, or a part of it: they hold no worker.

use tests::prelude::*;

/// More than the server has workers.
const SILENT: usize = 20;

const REQUEST: &str = "PROXY TCP4 192.0.2.1 198.51.100.1 5 443\r\nhello";

fn builder<C: Concurrency>(
    concurrency: C,
) -> Builder<impl Transport<Request = Socket>, C, Behind, ()> {
    Builder::new(Tcp::new(), concurrency, ()).proxy_protocol(local_proxies())
}

#[track_caller]
fn is_served(server: &Address) {
    let mut client = Client::stream(server);
    client.send(REQUEST);
    assert!(client.finish().ends_with(b"hello"));
}

/// At the end their headers come, and they are served.
fn silent_clients_hold_no_worker<C: Concurrency>(concurrency: C) {
    let server = run(builder(concurrency), LOCAL);
    let mut silent = Client::streams(SILENT, &server.address());
    let (header, _) = REQUEST.split_at(REQUEST.len() - "hello".len());
    let part_of = |number: usize| header.split_at(number * header.len() / SILENT);
    for (number, client) in silent.iter_mut().enumerate() {
        client.send(part_of(number).0);
    }
    until("they are live", || server.stats().active == SILENT as u64);
    assert_eq!(server.stats().workers.all, 0);
    let live = server.live_requests();
    assert!(live.iter().all(|one| one.phase == RequestPhase::Queued), "{live:?}");
    let began = Instant::now();
    is_served(&server.address());
    // They could have kept it for 5 s.
    assert!(began.elapsed() < Duration::from_secs(2));
    for (number, mut client) in silent.into_iter().enumerate() {
        client.send(part_of(number).1.to_owned() + "hello");
        assert!(client.finish().ends_with(b"hello"));
    }
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.finished, stats.refused), (SILENT as u64 + 1, 0));
}

#[test]
fn silent_clients_hold_no_thread() {
    silent_clients_hold_no_worker(Threading::new().max_threads(1));
}

#[test]
fn silent_clients_hold_no_green_thread() {
    silent_clients_hold_no_worker(Green::new().max_green_threads(1));
}

#[test]
fn silent_clients_do_not_hold_the_loop() {
    silent_clients_hold_no_worker(Inline);
}

/// While the only worker is busy, a client that has spoken waits in the lobby, without a limit.
fn a_client_waits_for_a_worker<C: Concurrent>() {
    let builder = Builder::<_, _, Behind, _>::new(Tcp::new(), C::at_most(1), ());
    let protocol = local_proxies().timeout(Duration::from_millis(100));
    let server = run(builder.proxy_protocol(protocol), LOCAL);
    let (mut first, mut second) =
        (Client::stream(&server.address()), Client::stream(&server.address()));
    until("both are live", || server.stats().active == 2);
    first.send(REQUEST);
    first.recv();
    second.send(REQUEST);
    second.tcp().set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    assert_eq!(second.read(&mut [0]).expect_err("no answer").kind(), ErrorKind::WouldBlock);
    first.finish();
    second.tcp().set_read_timeout(Some(DEADLINE)).expect("a timeout");
    assert!(second.finish().ends_with(b"hello"));
}

matrix!(concurrent: a_client_waits_for_a_worker);

/// Each has one second since it came, because its first byte may be on its way.
fn a_drain_ends_silent_clients<C: Column>() {
    let server = run(builder(C::default()), LOCAL);
    let mut silent = Client::streams(3, &server.address());
    until("they are live", || server.stats().active == 3);
    let late = Client::stream(&server.address());
    until("it is live", || server.stats().active == 4);
    let speaking = thread::spawn(move || {
        let mut late = late;
        thread::sleep(Duration::from_millis(200));
        late.send(REQUEST);
        late.finish()
    });
    let (drained, stats) = server.drain(DEADLINE);
    assert!(drained.took < Duration::from_secs(2), "{drained:?}");
    assert_eq!((drained.aborted, stats.finished, stats.refused), (0, 1, 3));
    assert!(speaking.join().expect("an answer").ends_with(b"hello"));
    silent.iter_mut().for_each(|client| assert_eq!(client.rest(), b""));
}

/// Its only purpose is not to wait.
fn a_close_ends_silent_clients_at_once<C: Column>() {
    let server = bind(builder(C::default()));
    let address = server.server_address().clone();
    let server = Arc::new(server);
    let serving = serve(&server);
    let mut silent = Client::streams(3, &address);
    until("they are live", || server.stats().active == 3);
    let closed = server.server_close();
    assert!(closed.took < Duration::from_millis(900), "{closed:?}");
    silent.iter_mut().for_each(|client| assert_eq!(client.rest(), b""));
    ends_well(serving);
    assert_eq!((server.stats().refused, server.stats().active), (3, 0));
}

/// After a `shutdown` they wait, as clients in the backlog do.
fn silent_clients_outlive_a_shutdown<C: Column>() {
    let server = Arc::new(bind(builder(C::default())));
    let serving = serve(&server);
    let mut silent = Client::stream(server.server_address());
    until("it is live", || server.stats().active == 1);
    let began = Instant::now();
    server.shutdown();
    assert!(began.elapsed() < Duration::from_millis(900), "a shutdown does not wait for it");
    ends_well(serving);
    let serving = serve(&server);
    silent.send(REQUEST);
    assert!(silent.finish().ends_with(b"hello"));
    server.server_close();
    ends_well(serving);
    assert_eq!(server.stats().finished, 1);
}

/// `handle_request` handles one request, and a client that is silent is none.
fn handle_request_passes_over_a_silent_client<C: Column>() {
    let server = bind(builder(C::default()));
    let mut silent = Client::stream(server.server_address());
    let mut client = Client::stream(server.server_address());
    client.send("PROXY UNKNOWN\r\n");
    client.end();
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert!(client.rest().starts_with(b"peer "));
    silent.send("PROXY UNKNOWN\r\n");
    silent.end();
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert!(silent.rest().starts_with(b"peer "));
    assert_eq!(server.server_close().aborted, 0);
}

/// The drain of a server that never served.
fn a_drain_without_a_loop_serves_heard_clients<C: Column>() {
    let server = bind(builder(C::default()));
    let (mut silent, mut client) =
        (Client::stream(server.server_address()), Client::stream(server.server_address()));
    client.send(REQUEST);
    client.end();
    let drained = server.drain(DEADLINE);
    assert!(drained.took < Duration::from_secs(2), "{drained:?}");
    assert!(client.rest().ends_with(b"hello"));
    assert_eq!(silent.rest(), b"");
    assert_eq!((server.stats().finished, server.stats().refused), (1, 1));
}

/// As it does for clients that were in the lobby before.
fn a_drain_awaits_first_bytes_of_the_backlog<C: Column>() {
    let server = bind(builder(C::default()));
    let mut late = Client::stream(server.server_address());
    let speaking = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        late.send(REQUEST);
        late.finish()
    });
    assert_eq!(server.drain(DEADLINE).aborted, 0);
    assert!(speaking.join().expect("an answer").ends_with(b"hello"));
    assert_eq!((server.stats().finished, server.stats().refused), (1, 0));
}

matrix!(
    columns: a_drain_ends_silent_clients, a_close_ends_silent_clients_at_once,
    silent_clients_outlive_a_shutdown, handle_request_passes_over_a_silent_client,
    a_drain_awaits_first_bytes_of_the_backlog, a_drain_without_a_loop_serves_heard_clients,
);

/// A header of version 2 that is longer than a first look shows. Of the longest one, a worker takes
/// the parts.
fn the_rest_of_a_long_header_may_be_late<C: Column>() {
    let protocol = local_proxies().max_header(20_000);
    let server = run(Server::<Tcp, C, Behind>::builder().proxy_protocol(protocol), LOCAL);
    for length in [300_u16, 4_000, 10_000] {
        let noop = [&[4_u8][..], &(length - 3).to_be_bytes(), &vec![0; usize::from(length) - 3]];
        let fixed = [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11"[..], &(length + 12).to_be_bytes()];
        let addresses = [192, 0, 2, 1, 198, 51, 100, 1, 0, 5, 1, 187];
        let header = [fixed.concat(), addresses.to_vec(), noop.concat()].concat();
        let mut client = Client::stream(&server.address());
        let parts = [0, 1, 15, 20, 280, header.len() - 1];
        for part in parts.windows(2) {
            client.send(&header[part[0]..part[1]]);
            until("it is live", || server.stats().active == 1);
            let phase = server.live_requests()[0].phase;
            assert!(phase == RequestPhase::Queued || length > 4_096, "{phase:?}");
        }
        client.send([&header[header.len() - 1..], b"hello"].concat());
        let answer = client.finish();
        assert!(answer.starts_with(b"client 192.0.2.1:5 ") && answer.ends_with(b"hello"));
        until("it has ended", || server.stats().active == 0);
    }
}

/// A client that ends within its header sends no more, so it need not be waited for.
fn an_end_within_the_header_is_no_silence<C: Column>() {
    let lines = keep_lines(LevelFilter::Debug);
    let server = run(builder(C::default()), LOCAL);
    let mut client = Client::stream(&server.address());
    let peer = client.tcp().local_addr().expect("an address");
    client.send("PROXY TCP4 192.");
    until("it is live", || server.stats().active == 1);
    let began = Instant::now();
    assert_eq!(client.finish(), b"");
    assert!(began.elapsed() < Duration::from_secs(2));
    until("it is counted", || server.stats().refused == 1);
    let text = "expected a PROXY header, got the end of the stream";
    assert_eq!(lines.about(&format!("from {peer} refused: {text}")).len(), 1);
}

matrix!(columns:
    the_rest_of_a_long_header_may_be_late, an_end_within_the_header_is_no_silence);

/// A handshake before the header may greet the client, so its worker must not wait for a byte.
#[test]
fn a_greeting_before_the_header_is_sent_at_once() {
    let builder = ThreadingTCPServer::<Behind>::builder()
        .prepared(|request| request.sendall(b"welcome"))
        .proxy_protocol(local_proxies());
    let server = run(builder, LOCAL);
    let mut client = Client::stream(&server.address());
    assert_eq!(client.recv_exact(7), b"welcome");
    client.send(REQUEST);
    assert!(client.finish().ends_with(b"hello"));
}
