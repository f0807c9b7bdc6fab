//! Headers that come late, and never.

use tests::prelude::*;

const TIME: Duration = Duration::from_millis(300);

fn server<C: Column>() -> Running<()> {
    let builder = Server::<Tcp, C, Behind>::builder();
    run(builder.proxy_protocol(local_proxies().timeout(TIME)), LOCAL)
}

/// Row 23: the time is that of the whole header.
fn a_slow_header_ends_at_the_deadline<C: Column>() {
    let lines = keep_lines(LevelFilter::Debug);
    let server = server::<C>();
    let mut client = Client::stream(&server.address());
    let peer = client.tcp().local_addr().expect("an address");
    let began = Instant::now();
    let pause = TIME / 10;
    client.tcp().set_read_timeout(Some(pause)).expect("a timeout");
    for byte in b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n".chunks(1) {
        if client.write(byte).is_err() {
            break;
        }
        // The end, or a pause.
        match client.read(&mut [0]) {
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
            _ => break,
        }
    }
    let took = began.elapsed();
    assert!(TIME <= took && took < DEADLINE, "{took:?}");
    until("it is counted", || server.stats().refused == 1);
    let line = "expected a PROXY header within 300ms, got none or a part";
    let line = format!("request 1 from {peer} refused: {line}");
    assert_eq!(lines.about(&line).len(), 1);
}

/// The time in which nothing came counts too.
fn a_late_first_byte_prolongs_no_deadline<C: Column>() {
    const TIME: Duration = Duration::from_secs(1);
    let builder = Server::<Tcp, C, Behind>::builder();
    let server = run(builder.proxy_protocol(local_proxies().timeout(TIME)), LOCAL);
    // What delays the machine delays the silent client's end, too.
    let began = Instant::now();
    let mut clients = [(); 2].map(|()| Client::stream(&server.address()));
    thread::sleep(TIME * 7 / 10);
    let [late, silent] = &mut clients;
    late.send("P");
    let ends = thread::scope(|scope| {
        let end_of = |client: &mut Client| {
            assert_eq!(client.rest(), b"");
            began.elapsed()
        };
        let silent = scope.spawn(move || end_of(silent));
        [end_of(late), silent.join().expect("an end")]
    });
    assert!(TIME <= ends[0] && ends[0] < ends[1] + TIME * 6 / 10, "{ends:?}");
}

/// Row 23 again.
fn a_silent_connection_ends_at_the_deadline<C: Column>() {
    let server = server::<C>();
    let began = Instant::now();
    assert_eq!(Client::stream(&server.address()).rest(), b"");
    let took = began.elapsed();
    assert!(TIME <= took && took < DEADLINE, "{took:?}");
    until("it is counted", || server.stats().refused == 1);
}

/// Row 24: a health check by a connection alone.
fn an_empty_connection_ends_quietly<C: Column>() {
    let lines = keep_lines(LevelFilter::Debug);
    let server = server::<C>();
    let client = Client::stream(&server.address());
    let peer = client.tcp().local_addr().expect("an address");
    assert_eq!(client.finish(), b"");
    until("it is counted", || server.stats().refused == 1);
    let lines = lines.about(&peer.to_string());
    assert!(!lines.is_empty() && lines.iter().all(|(level, _)| *level == log::Level::Debug));
    assert_eq!(server.stats().failed, 0);
}

/// The time for the header is not that of the handler.
fn the_deadline_is_lifted_after_the_header<C: Column>() {
    let server = server::<C>();
    let mut client = Client::stream(&server.address());
    client.send("PROXY UNKNOWN\r\n");
    client.recv();
    client.tcp().set_read_timeout(Some(TIME * 2)).expect("a timeout");
    let silent = client.read(&mut [0]).expect_err("nothing to read");
    assert_eq!(silent.kind(), ErrorKind::WouldBlock);
    assert_eq!(client.ask("hello"), b"hello");
}

matrix!(
    columns: a_slow_header_ends_at_the_deadline, a_late_first_byte_prolongs_no_deadline, a_silent_connection_ends_at_the_deadline,
    an_empty_connection_ends_quietly, the_deadline_is_lifted_after_the_header,
);

/// A drain's patience for the first byte is for the client's, not for the header's.
#[test]
fn the_header_is_not_the_clients_first_byte() {
    #[derive(BaseRequestHandler)]
    struct Idle {
        request: Socket,
        server: ServerRef,
    }
    impl Idle {
        fn handle(&self) -> io::Result<()> {
            self.request.sendall(b"ready")?;
            while self.server.next_request(&self.request)? {
                let data = self.request.recv(100)?;
                if data.is_empty() {
                    return Ok(());
                }
                self.request.sendall(&data)?;
            }
            Ok(())
        }
    }
    let builder = ThreadingTCPServer::<Idle>::builder().proxy_protocol(local_proxies());
    let server = run(builder, LOCAL);
    let mut client = Client::stream(&server.address());
    client.send("PROXY UNKNOWN\r\n");
    assert_eq!(client.recv_exact(5), b"ready");
    let asking = thread::spawn(move || {
        let answer = client.ask("hello");
        (answer, client)
    });
    let (drained, stats) = server.drain(DEADLINE);
    assert_eq!((drained.aborted, stats.finished), (0, 1));
    assert_eq!(asking.join().expect("an answer").0, b"hello");
}
