//! What a session does after its handshake.

use tests::prelude::*;

/// After the client's end the server still sends, and the client learns that all has come.
fn each_side_ends_for_itself<C: Column>() {
    let late = |request: Socket, _: Address| {
        assert_eq!(request.recv(100)?, b"ask");
        assert_eq!(request.recv(100)?, b"");
        assert!(!request.ssl().expect("TLS").truncated());
        request.sendall(b"answer")?;
        request.shutdown(Shutdown::Write)?;
        assert_eq!(error_kind(request.sendall(b"more")), ErrorKind::BrokenPipe);
        Ok::<(), io::Error>(())
    };
    let authority = Authority::new("ends");
    let server = run(Server::<Tcp, C, _, _>::handling(late).tls(authority.context()), LOCAL);
    let config = client_config(&authority, None);
    let mut client = TlsClient::connect(&server.address(), config, "localhost");
    client.0.write_all(b"ask").expect("sent");
    client.close();
    let mut answer = Vec::new();
    client.0.read_to_end(&mut answer).expect("an end that was announced");
    assert_eq!(answer, b"answer");
    until("it is counted", || server.stats().finished == 1);
}

/// The bytes before the end of the stream, and the end.
fn a_truncated_stream_says_so<C: Column>() {
    let handler = |request: Socket, _: Address| {
        let data = request.recv_exact(5)?;
        let end = request.recv(100)?;
        assert_eq!((&*data, &*end), (&b"hello"[..], &b""[..]));
        assert!(request.ssl().expect("TLS").truncated());
        Ok::<(), io::Error>(())
    };
    let authority = Authority::new("truncated");
    let context = authority.context();
    let builder = Server::<Tcp, C, _, _>::handling(handler).tls(context.clone());
    let server = run(builder, LOCAL);
    let config = client_config(&authority, None);
    let mut client = TlsClient::connect(&server.address(), config, "localhost");
    client.0.write_all(b"hello").expect("sent");
    client.0.sock.shutdown(Shutdown::Write).expect("shutdown");
    until("it is counted", || server.stats().finished == 1);
    assert_eq!(context.session_stats().truncated, 1);
}

/// If asked for, such an end is an error.
fn a_truncated_stream_may_be_an_error<C: Column>() {
    let (state, failures) = Failures::new();
    let authority = Authority::new("strict");
    let context = authority.context().suppress_ragged_eofs(false);
    let builder = Server::<Tcp, C, Echo, Failures>::with(state).tls(context);
    let server = run(builder, LOCAL);
    let config = client_config(&authority, None);
    let mut client = TlsClient::connect(&server.address(), config, "localhost");
    client.ask(b"hello");
    client.0.sock.shutdown(Shutdown::Write).expect("shutdown");
    let (text, kind) = failures.recv_timeout(DEADLINE).expect("a failure");
    assert_eq!(kind, Some(ErrorKind::ConnectionAborted));
    assert_eq!(text, "expected the end of the TLS session, got the end of the stream");
}

/// The client has gone while it sent.
fn an_end_within_a_record_is_a_disconnect<C: Column>() {
    let (state, failures) = Failures::new();
    let authority = Authority::new("half");
    let builder = Server::<Tcp, C, Echo, Failures>::with(state).tls(authority.context());
    let server = run(builder, LOCAL);
    let config = client_config(&authority, None);
    let mut client = TlsClient::connect(&server.address(), config, "localhost");
    client.ask(b"hello");
    client.0.sock.write_all(&[23, 3, 3]).expect("sent");
    client.0.sock.shutdown(Shutdown::Write).expect("shutdown");
    let (text, kind) = failures.recv_timeout(DEADLINE).expect("a failure");
    assert_eq!(kind, Some(ErrorKind::ConnectionAborted));
    assert_eq!(text, "expected the rest of a TLS record, got the end of the stream");
}

/// Cut at every byte, a session ends well or fails, and is counted.
fn every_byte_may_be_the_last<C: Column>() {
    let authority = Authority::new("bytes");
    let context = authority.context();
    let builder = Server::<Tcp, C, Echo>::builder().tls(context.clone());
    let server = run(builder, LOCAL);
    let config = Arc::new(client_config(&authority, None));
    let mut cuts = 0;
    for cut in 0.. {
        let mut client = TlsClient::connect(&server.address(), config.clone(), "localhost");
        let mut left = cut;
        let whole = cut_after(&mut client, &mut left);
        client.0.sock.shutdown(Shutdown::Both).expect("shutdown");
        cuts += 1;
        if whole {
            break;
        }
    }
    until("all are counted", || server.stats().active == 0 && server.stats().accepted == cuts);
    let stats = server.stats();
    assert_eq!(stats.finished + stats.refused + stats.failed, cuts, "{stats:?}");
    assert!(stats.finished >= 1 && stats.refused > 200, "{stats:?}");
    assert_eq!(context.session_stats().started, cuts);
}

/// Sends `left` bytes of a session. Returns whether that was all of it.
fn cut_after(client: &mut TlsClient, left: &mut usize) -> bool {
    let rustls::StreamOwned { conn, sock } = &mut client.0;
    let mut steps = [b"hello".as_slice(), b"more"].into_iter();
    loop {
        while conn.wants_write() {
            let mut bytes = Vec::new();
            conn.write_tls(&mut bytes).expect("a vector takes all");
            let sent = bytes.len().min(*left);
            if sock.write_all(&bytes[..sent]).is_err() {
                return true;
            }
            *left -= sent;
            if sent < bytes.len() {
                return false;
            }
        }
        if conn.is_handshaking() {
            conn.read_tls(sock).expect("received");
            conn.process_new_packets().expect("a good server");
            continue;
        }
        match steps.next() {
            Some(data) => conn.writer().write_all(data).expect("room"),
            None => return true,
        }
    }
}

/// `select` knows what the session holds.
fn select_sees_bytes_in_the_session<C: Column>() {
    let handler = |request: Socket, _: Address| {
        assert_eq!(request.recv(1)?, b"h");
        let ready = select(&[&request], &[], &[], Some(Duration::ZERO))?;
        assert!(ready.reads(&request));
        assert!(request.ssl().expect("TLS").pending());
        assert_eq!(request.recv(100)?, b"ello");
        let ready = select(&[&request], &[], &[], Some(Duration::ZERO))?;
        assert!(!ready.reads(&request));
        request.sendall(b"good!")
    };
    let authority = Authority::new("select");
    let server = run(Server::<Tcp, C, _, _>::handling(handler).tls(authority.context()), LOCAL);
    let config = client_config(&authority, None);
    let mut client = TlsClient::connect(&server.address(), config, "localhost");
    assert_eq!(client.try_ask(b"hello").expect("an answer"), b"good!");
}

/// A relay that ends TLS, in front of an echo without.
fn a_relay_ends_tls<C: Concurrent>() {
    let echo = run(ThreadingTCPServer::<Echo>::builder(), LOCAL);
    let upstream = echo.address();
    let relaying = move |client: Socket, _: Address| {
        let upstream = create_connection(upstream.clone(), Some(DEADLINE))?;
        relay(&client, &upstream).map(drop)
    };
    let authority = Authority::new("relay");
    let server = run(Server::<Tcp, C, _, _>::handling(relaying).tls(authority.context()), LOCAL);
    let config = client_config(&authority, None);
    let mut client = TlsClient::connect(&server.address(), config, "localhost");
    client.ask(&[7; 100_000][..60_000]);
    client.close();
    let mut rest = Vec::new();
    client.0.read_to_end(&mut rest).expect("an end that was announced");
    until("both are done", || server.stats().finished == 1 && echo.stats().finished == 1);
}

/// What a timeout has left of a record leaves with the next call.
fn a_timeout_breaks_no_record<C: Column>() {
    // Not a static: all columns would share it, and a client that reads before its own server has
    // given up never lets it.
    let given_up = Arc::new(AtomicBool::new(false));
    let has_given_up = given_up.clone();
    let handler = move |request: Socket, _: Address| {
        request.settimeout(Some(Duration::from_millis(50)))?;
        let mut timeouts = 0;
        while timeouts < 3 {
            match request.send(&[7; 16_384]) {
                Ok(count) => assert!(count > 0),
                // It has taken the data.
                Err(error) if is_timeout(&error) => timeouts += 1,
                Err(error) => return Err(error),
            }
        }
        has_given_up.store(true, SeqCst);
        request.settimeout(Some(DEADLINE))?;
        request.sendall(b"the end")
    };
    let authority = Authority::new("timeouts");
    let server = run(Server::<Tcp, C, _, _>::handling(handler).tls(authority.context()), LOCAL);
    let config = client_config(&authority, None);
    let mut client = TlsClient::connect(&server.address(), config, "localhost");
    while client.0.conn.is_handshaking() {
        client.0.conn.complete_io(&mut client.0.sock).expect("a handshake");
    }
    until("the server has given up", || given_up.load(SeqCst));
    let mut all = Vec::new();
    client.0.read_to_end(&mut all).expect("whole records");
    assert!(all.ends_with(b"\x07the end"), "{:?}", &all[all.len() - 10..]);
    assert!(all[..all.len() - 7].iter().all(|byte| *byte == 7));
    until("it is counted", || server.stats().finished == 1);
}

/// One thread receives while another sends.
fn two_threads_share_a_session<C: Concurrent>() {
    let authority = Authority::new("shared");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(authority.context()), LOCAL);
    let context = ssl::SSLContext::client().load_verify_locations(authority.root()).expect("good");
    let socket = create_connection(server.address(), Some(DEADLINE)).expect("connect");
    context.connect(&socket, "localhost").expect("shakes hands");
    let receiving = thread::spawn({
        let socket = socket.clone();
        move || socket.recv_exact(1_000_000)
    });
    for part in vec![7; 1_000_000].chunks(10_000) {
        socket.sendall(part).expect("sent");
    }
    assert_eq!(receiving.join().expect("no panic").expect("all").len(), 1_000_000);
}

matrix!(columns:
    each_side_ends_for_itself, a_truncated_stream_says_so, a_truncated_stream_may_be_an_error,
    an_end_within_a_record_is_a_disconnect,
    every_byte_may_be_the_last, select_sees_bytes_in_the_session, a_timeout_breaks_no_record,
);
matrix!(concurrent: a_relay_ends_tls, two_threads_share_a_session);
