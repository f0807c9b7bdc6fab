//! Clients with certificates, good and bad, and servers that a client must not trust.

use socketserver::ssl::{SSLContext, SSLErrorReason, VerifyMode};
use tests::prelude::*;

/// Answers with the length of the client's certificate.
fn length_of_certificate(request: Socket, _: Address) -> io::Result<()> {
    request.recv(100)?;
    let certificate = request.ssl().expect("TLS").getpeercert();
    let length = certificate.map_or(0, |certificate| certificate.len());
    request.sendall(format!("{length:04}").as_bytes())
}

/// What a client gets, as text.
fn ask(address: &Address, authority: &Authority, own: Option<&Files>) -> io::Result<String> {
    let config = client_config(authority, own);
    let answer = TlsClient::connect(address, config, "localhost").try_ask(b"how?")?;
    Ok(String::from_utf8(answer).expect("text"))
}

/// Admits the right clients: without a certificate, with a good one, and with bad ones.
fn the_mode_decides<C: Column>() {
    let authority = Authority::new("servers");
    let clients = Authority::new("clients");
    let good = clients.below("middle").issue(&["good"]);
    let strangers = Authority::new("strangers");
    let bad = [strangers.issue(&["bad"]), clients.issue_expired(&["late"])];
    let context = authority.context().load_verify_locations(clients.root()).expect("good");
    for (mode, without) in [(VerifyMode::Optional, true), (VerifyMode::Required, false)] {
        let context = context.clone().verify_mode(mode);
        let before = context.session_stats();
        let builder = Server::<Tcp, C, _, _>::handling(length_of_certificate);
        let server = run(builder.tls(context.clone()), LOCAL);
        let address = server.address();
        assert_ne!(ask(&address, &authority, Some(&good)).expect("an answer"), "0000");
        for bad in &bad {
            ask(&address, &authority, Some(bad)).expect_err("a bad certificate");
        }
        let nameless = ask(&address, &authority, None);
        assert_eq!(nameless.is_ok_and(|length| length == "0000"), without, "{mode:?}");
        until("all are counted", || server.stats().finished + server.stats().refused == 4);
        let stats = context.session_stats();
        let failures = |reason| stats.failures(reason) - before.failures(reason);
        assert_eq!(failures(SSLErrorReason::BadCertificate), 2);
        assert_eq!(failures(SSLErrorReason::NoCertificate), u64::from(!without));
    }
}

/// A list must be there for each authority, and be of today.
fn revoked_certificates_are_refused<C: Column>() {
    let authority = Authority::new("servers");
    let clients = Authority::new("clients");
    let middle = clients.below("middle");
    let (good, revoked) = (middle.issue(&["good"]), middle.issue(&["revoked"]));
    let context = || {
        let context = authority.context().load_verify_locations(clients.root()).expect("good");
        context.verify_mode(VerifyMode::Required)
    };
    let with = |lists: &[PathBuf]| {
        let load = |context: SSLContext, list| context.load_crl(list).expect("a list");
        let context = lists.iter().fold(context(), load);
        let builder = Server::<Tcp, C, _, _>::handling(length_of_certificate);
        run(builder.tls(context), LOCAL)
    };
    let of_root = clients.revoke(&[], 2100);
    let of_middle = middle.revoke(&[revoked.serial], 2100);
    let server = with(&[of_root.clone(), of_middle.clone()]);
    ask(&server.address(), &authority, Some(&good)).expect("an answer");
    ask(&server.address(), &authority, Some(&revoked)).expect_err("revoked");
    for lists in [vec![of_middle], vec![of_root, middle.revoke(&[], 2020)]] {
        let server = with(&lists);
        ask(&server.address(), &authority, Some(&good)).expect_err("unknown");
    }
}

matrix!(columns: the_mode_decides, revoked_certificates_are_refused);

/// Trusted certificates without a mode would admit every client.
#[test]
fn trust_without_a_mode_is_an_error() {
    let authority = Authority::new("modeless");
    let context = authority.context().load_verify_locations(authority.root()).expect("good");
    let builder = ThreadingTCPServer::<Echo>::builder().tls(context.clone());
    let error = builder.bind(LOCAL).expect_err("no mode");
    assert!(error.to_string().starts_with("expected a verify_mode beside"), "{error}");
    let builder = ThreadingTCPServer::<Echo>::builder().tls(context.verify_mode(VerifyMode::None));
    drop(builder.bind(LOCAL).expect("it is meant"));
    let context = authority.context().verify_mode(VerifyMode::Required);
    let builder = ThreadingTCPServer::<Echo>::builder().tls(context);
    let error = builder.bind(LOCAL).expect_err("no trusted certificates");
    assert_eq!(error.to_string(), "expected load_verify_locations with verify_mode Required");
}

/// The library's own clients: on threads of either kind.
fn a_client_checks_its_server<K: Thread>() {
    let authority = Authority::new("checked");
    let server = run(ThreadingTCPServer::<Echo>::builder().tls(authority.context()), LOCAL);
    let stranger = Authority::new("stranger");
    let address = server.address();
    for (root, host, good) in [
        (authority.root(), "localhost", true),
        (authority.root(), "127.0.0.1", true),
        (authority.root(), "other.example.org", false),
        (stranger.root(), "localhost", false),
    ] {
        let context = SSLContext::client().load_verify_locations(root).expect("good");
        let address = address.clone();
        let answer = K::in_time("a handshake", move || {
            let socket = create_connection(address, Some(DEADLINE))?;
            context.connect(&socket, host)?;
            assert_eq!(socket.ssl().expect("TLS").version(), "TLSv1.3");
            socket.sendall(b"hello")?;
            socket.recv_exact(5)
        });
        assert_eq!(answer.is_ok_and(|answer| answer == b"hello"), good, "{host}");
    }
    until("all are counted", || server.stats().finished == 2 && server.stats().refused == 2);
}

matrix!(threads: a_client_checks_its_server);

/// A fault that an operator can mend is logged at warn level, and not with each client.
#[test]
fn a_distrusted_certificate_is_warned_of() {
    let lines = keep_lines(LevelFilter::Warn);
    let authority = Authority::new("distrusted");
    let context = authority.context();
    let server = run(ThreadingTCPServer::<Echo>::builder().tls(context.clone()), LOCAL);
    let config = Arc::new(client_config(&Authority::new("others"), None));
    let mut peers = Vec::new();
    for _ in 0..3 {
        let mut client = TlsClient::connect(&server.address(), config.clone(), "localhost");
        peers.push(client.0.sock.local_addr().expect("an address"));
        client.try_ask(b"hello").expect_err("distrust");
    }
    let count = || context.session_stats().failures(SSLErrorReason::TheirAlert);
    until("all are counted", || count() == 3);
    let text = "does not trust this server's certificate (the TLS handshake failed: received fatal";
    let about = |peer: &SocketAddr| lines.about(&format!("{peer} {text}")).len();
    let about: usize = peers.iter().map(about).sum();
    assert!((1..3).contains(&about), "{about} lines");
}
