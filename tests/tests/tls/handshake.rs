//! Handshakes that do not happen, or take their time.

use rustls::ClientConfig;
use socketserver::ssl::SSLErrorReason;
use tests::prelude::*;

const TIME: Duration = Duration::from_millis(300);

/// An echo whose handshakes have little time, and its context.
fn server<C: Column>(authority: &Authority) -> (Running<()>, ssl::SSLContext) {
    let context = authority.context().handshake_timeout(TIME);
    let builder = Server::<Tcp, C, Echo>::builder();
    (run(builder.tls(context.clone()), LOCAL), context)
}

/// A connection that sends what `send` has it send fails for one reason, at debug level.
fn fails<C: Column>(reason: SSLErrorReason, text: &str, send: impl FnOnce(&mut Client, Instant)) {
    let lines = keep_lines(LevelFilter::Debug);
    let authority = Authority::new("failures");
    let (server, context) = server::<C>(&authority);
    // The server's time begins when it accepts, which may be before this thread goes on.
    let began = Instant::now();
    let mut client = Client::stream(&server.address());
    let peer = client.tcp().local_addr().expect("an address");
    send(&mut client, began);
    until("it is counted", || server.stats().refused == 1);
    assert_eq!(server.stats().failed, 0);
    let stats = context.session_stats();
    assert_eq!(stats.all_failures().collect::<Vec<_>>(), [(reason, 1)]);
    assert_eq!((stats.started, stats.good), (1, 0));
    let lines = lines.about(&format!("request 1 from {peer} refused: {text}"));
    assert!(matches!(lines[..], [(log::Level::Debug, _)]), "{lines:?}");
}

fn a_silent_client_ends_at_the_deadline<C: Column>() {
    let text = "expected a TLS handshake within 300ms, got none or a part";
    fails::<C>(SSLErrorReason::Timeout, text, |client, began| {
        assert_eq!(client.rest(), b"");
        let took = began.elapsed();
        assert!(TIME <= took && took < 3 * TIME, "{took:?}");
    });
}

/// A timeout for each call would begin anew with each byte.
fn a_slow_hello_ends_at_the_deadline<C: Column>() {
    let text = "expected a TLS handshake within 300ms, got none or a part";
    fails::<C>(SSLErrorReason::Timeout, text, |client, began| {
        client.tcp().set_read_timeout(Some(TIME / 10)).expect("a timeout");
        for byte in client_hello().chunks(1) {
            if client.write(byte).is_err() {
                break;
            }
            // The end, or a pause.
            match client.read(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                _ => break,
            }
        }
        let took = began.elapsed();
        assert!(TIME <= took && took < 3 * TIME, "{took:?}");
    });
}

fn an_empty_connection_ends_quietly<C: Column>() {
    let text = "expected a TLS handshake, got the end of the stream";
    fails::<C>(SSLErrorReason::Eof, text, |client, _| client.end());
}

/// It is not answered: a browser would show whatever comes.
fn plain_http_is_refused<C: Column>() {
    let text = "expected a TLS handshake, got other data, such as plain HTTP";
    fails::<C>(SSLErrorReason::PlainText, text, |client, _| {
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(client.rest_or_reset(), b"");
    });
}

/// Of 1.1, as old scanners send it.
fn an_old_version_is_refused<C: Column>() {
    let text = "the TLS handshake failed: peer is incompatible: ";
    fails::<C>(SSLErrorReason::Version, text, |client, _| {
        let random = [7; 32];
        let suites = [&[0, 2, 0xc0, 0x13][..], &[1, 0]].concat();
        let body = [&[3, 2][..], &random, &[0], &suites].concat();
        let length = u8::try_from(body.len()).expect("a short hello");
        let hello = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat();
        client.send(hello);
        let alert = client.rest_or_reset();
        assert_eq!(alert[..6], [21, 3, 3, 0, 2, 2], "a fatal alert");
    });
}

/// All of it is one handshake, however it comes.
fn a_hello_may_come_in_pieces<C: Column>() {
    let authority = Authority::new("pieces");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(authority.context()), LOCAL);
    let mut client =
        TlsClient::connect(&server.address(), client_config(&authority, None), "localhost");
    let mut hello = Vec::new();
    client.0.conn.write_tls(&mut hello).expect("a vector takes all");
    client.0.sock.set_nodelay(true).expect("an option");
    for byte in hello.chunks(1) {
        client.0.sock.write_all(byte).expect("sent");
    }
    client.ask(b"hello");
}

/// Nagle's algorithm sends a request when the end of the handshake is acknowledged, for which
/// systems take 40 ms if they wait for something to send with it.
fn a_client_with_nagle_waits_for_nothing<C: Column>() {
    let authority = Authority::new("nagle");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(authority.context()), LOCAL);
    let config = Arc::new(client_config(&authority, None));
    let mut times = (0..10).map(|_| {
        let mut client = TlsClient::connect(&server.address(), config.clone(), "localhost");
        while client.0.conn.is_handshaking() {
            client.0.conn.complete_io(&mut client.0.sock).expect("a handshake");
        }
        let began = Instant::now();
        client.ask(b"hello");
        began.elapsed()
    });
    // On a busy machine one may take longer, and some do not.
    assert!(times.any(|time| time < Duration::from_millis(30)));
}

matrix!(columns:
    a_silent_client_ends_at_the_deadline, a_slow_hello_ends_at_the_deadline,
    an_empty_connection_ends_quietly, plain_http_is_refused, an_old_version_is_refused,
    a_hello_may_come_in_pieces, a_client_with_nagle_waits_for_nothing,
);

/// Shakes hands with a green server alone in its process. Returns whether another thread than the
/// schedulers has computed something.
fn uses_another_thread(context: ssl::SSLContext, client: ClientConfig) -> bool {
    let server = run(Server::<Tcp, Green, Echo>::builder().tls(context), LOCAL);
    TlsClient::connect(&server.address(), client, "localhost").ask(b"hello");
    let names = fs::read_dir("/proc/self/task").expect("threads").map(|task| {
        fs::read_to_string(task.expect("a thread").path().join("comm")).expect("its name")
    });
    names.into_iter().any(|name| name.starts_with("blocking"))
}

#[test]
fn brief_handshakes_stay_on_their_scheduler() {
    let Some(()) = alone() else { return };
    let authority = Authority::new("brief");
    let client = client_config(&authority, None);
    assert!(!uses_another_thread(authority.context(), client));
}

/// The client decides how long its chain takes.
#[test]
fn chains_of_clients_are_checked_elsewhere() {
    let Some(()) = alone() else { return };
    let authority = Authority::new("chains");
    let client = client_config(&authority, Some(&authority.issue(&["somebody"])));
    let context = authority.context().load_verify_locations(authority.root()).expect("good");
    assert!(uses_another_thread(context.verify_mode(ssl::VerifyMode::Required), client));
}

/// It may call anything.
#[test]
fn own_configurations_compute_elsewhere() {
    let Some(()) = alone() else { return };
    let authority = Authority::new("own");
    let Files { cert, key, .. } = authority.issue(&["localhost"]);
    let context = ssl::SSLContext::from_rustls(Arc::new(server_config(&cert, &key)));
    assert!(uses_another_thread(context, client_config(&authority, None)));
}

#[test]
fn secrets_are_written_elsewhere() {
    let Some(()) = alone() else { return };
    let authority = Authority::new("secrets");
    let context = authority.context().keylog_filename(authority.join("secrets")).expect("a file");
    assert!(uses_another_thread(context, client_config(&authority, None)));
}

#[test]
fn signatures_of_large_keys_are_made_elsewhere() {
    if !has_program("openssl", "version") {
        return;
    }
    let Some(()) = alone() else { return };
    let authority = Authority::new("large");
    for (bits, elsewhere) in [(2048, false), (4096, true)] {
        let Files { cert, key, .. } = authority.issue_with(&["localhost"], rsa_key(bits), |_| {});
        let context = ssl::SSLContext::new().load_cert_chain(cert, key).expect("good files");
        let another = uses_another_thread(context, client_config(&authority, None));
        assert_eq!(another, elsewhere, "{bits} bits");
    }
}

/// A refused client can read nothing, so the server sends it nothing.
#[test]
fn a_full_server_says_nothing_before_the_handshake() {
    let authority = Authority::new("full");
    let builder = ThreadingTCPServer::<Echo, Busy>::builder();
    let builder = builder.max_connections(1).overflow(Overflow::Refuse);
    let server = run(builder.tls(authority.context()), LOCAL);
    let config = Arc::new(client_config(&authority, None));
    let mut first = TlsClient::connect(&server.address(), config, "localhost");
    first.ask(b"hello");
    assert_eq!(Client::stream(&server.address()).rest_or_reset(), b"");
}

/// The fault of a context is an error of `bind`.
#[test]
fn bind_checks_the_context() {
    let bind = |context| ThreadingTCPServer::<Echo>::builder().tls(context).bind(LOCAL);
    let error = bind(ssl::SSLContext::new()).expect_err("no certificate");
    assert_eq!(error.to_string(), "expected load_cert_chain on a server's context, got none");
    let authority = Authority::new("client");
    let client = ssl::SSLContext::client().load_verify_locations(authority.root()).expect("good");
    let error = bind(client).expect_err("a client's");
    assert_eq!(error.to_string(), "expected a server's context, got a client's");
}
