//! Sessions that go on, and certificates that change meanwhile.

use socketserver::ssl::{SSLContext, TLSVersion, VerifyMode};
use tests::prelude::*;

/// Whether a second connection of this client goes on with the session of the first.
pub(super) fn goes_on(address: &Address, config: &Arc<rustls::ClientConfig>) -> bool {
    let mut client = TlsClient::connect(address, config.clone(), "localhost");
    client.ask(b"hello");
    client.0.conn.handshake_kind() == Some(rustls::HandshakeKind::Resumed)
}

fn a_session_goes_on<C: Column>() {
    let authority = Authority::new("sessions");
    for version in [TLSVersion::TLSv1_2, TLSVersion::TLSv1_3] {
        let context = authority.context().minimum_version(version).maximum_version(version);
        let server = run(Server::<Tcp, C, Echo>::builder().tls(context.clone()), LOCAL);
        let config = Arc::new(client_config(&authority, None));
        assert!(!goes_on(&server.address(), &config));
        assert!(goes_on(&server.address(), &config), "{version:?}");
        until("both are counted", || server.stats().finished == 2);
        assert_eq!(context.session_stats().hits, 1);
    }
}

/// Puts a new certificate where another was.
fn renew(authority: &Authority, files: &Files) -> Files {
    let fresh = authority.issue(&["localhost"]);
    fs::copy(&fresh.cert, &files.cert).expect("copy");
    fs::copy(&fresh.key, &files.key).expect("copy");
    fresh
}

/// Under clients that never stop asking, none loses a request.
fn no_request_is_lost_by_reloads<C: Concurrent>() {
    let authority = Authority::new("renewals");
    let files = authority.issue(&["localhost"]);
    let context = SSLContext::new().load_cert_chain(&files.cert, &files.key).expect("good");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(context.clone()), LOCAL);
    let config = Arc::new(client_config(&authority, None));
    let done = Arc::new(AtomicBool::new(false));
    let clients = (0..8).map(|_| {
        let (address, config, done) = (server.address(), config.clone(), done.clone());
        thread::spawn(move || {
            let mut asked = 0;
            while !done.load(SeqCst) {
                goes_on(&address, &config);
                asked += 1;
            }
            asked
        })
    });
    let clients: Vec<JoinHandle<u64>> = clients.collect();
    for _ in 0..10 {
        renew(&authority, &files);
        context.reload().expect("good files");
        let served = server.stats().finished;
        until("clients meet the new one", || server.stats().finished > served + 8);
    }
    done.store(true, SeqCst);
    let asked: u64 = clients.into_iter().map(|client| client.join().expect("no loss")).sum();
    until("all are counted", || server.stats().finished == asked);
}

fn a_reload_is_all_or_nothing<C: Column>() {
    let lines = keep_lines(LevelFilter::Debug);
    let authority = Authority::new("wholes");
    let (first, second) = (authority.issue(&["localhost"]), authority.issue(&["other"]));
    let context = SSLContext::new().load_cert_chain(&first.cert, &first.key).expect("good");
    let context = context.add_cert_chain(&second.cert, &second.key).expect("good");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(context.clone()), LOCAL);
    let mut config = client_config(&authority, None);
    // A session that goes on has the certificate that it began with.
    config.resumption = rustls::client::Resumption::disabled();
    let config = Arc::new(config);
    let certificate = || {
        let mut client = TlsClient::connect(&server.address(), config.clone(), "localhost");
        client.ask(b"hello");
        client.0.conn.peer_certificates().expect("a certificate")[0].clone()
    };
    let before = certificate();
    renew(&authority, &first);
    fs::write(&second.cert, "nothing").expect("write");
    let error = context.reload().expect_err("a bad file");
    let path = second.cert.display();
    assert_eq!(error.to_string(), format!("{path}: has no certificate"));
    let line = format!("reload failed ({error}): the old certificates stay");
    assert!(matches!(lines.about(&line)[..], [(log::Level::Error, _)]));
    assert_eq!(certificate(), before);
    renew(&authority, &second);
    context.reload().expect("good files");
    assert_ne!(certificate(), before);
}

/// A session that goes on is not checked again, so those from before a revocation do not.
fn a_revocation_ends_sessions<C: Column>() {
    let authority = Authority::new("revocations");
    let files = authority.issue(&["localhost"]);
    let own = authority.issue(&["client"]);
    let list = authority.revoke(&[], 2100);
    let context = SSLContext::new().load_cert_chain(&files.cert, &files.key).expect("good");
    let context = context.load_verify_locations(authority.root()).expect("good");
    let context = context.load_crl(&list).expect("good").verify_mode(VerifyMode::Required);
    let server = run(Server::<Tcp, C, Echo>::builder().tls(context.clone()), LOCAL);
    let config = Arc::new(client_config(&authority, Some(&own)));
    goes_on(&server.address(), &config);
    renew(&authority, &files);
    context.reload().expect("good files");
    assert!(goes_on(&server.address(), &config), "a new certificate changes no trust");
    fs::copy(authority.revoke(&[own.serial], 2100), &list).expect("copy");
    context.reload().expect("good files");
    let mut client = TlsClient::connect(&server.address(), config, "localhost");
    client.try_ask(b"hello").expect_err("revoked");
}

/// The files of one renewal, of which the reload sees one before the other is there.
#[test]
fn a_reload_waits_for_the_other_file() {
    let authority = Authority::new("halves");
    let files = authority.issue(&["localhost"]);
    let context = SSLContext::new().load_cert_chain(&files.cert, &files.key).expect("good");
    let fresh = authority.issue(&["localhost"]);
    fs::copy(&fresh.cert, &files.cert).expect("copy");
    let error = context.reload().expect_err("it never comes");
    assert!(error.to_string().contains("the key does not belong"), "{error}");
    // The waits keep no core, on which the lock's holder could not go on then.
    let waiting = Arc::new(AtomicU64::new(4));
    for _ in 0..4 {
        let (context, waiting) = (context.clone(), waiting.clone());
        green::spawn(move || {
            context.reload().expect_err("it never comes");
            waiting.fetch_sub(1, SeqCst);
        });
    }
    until("green threads have reloaded", || waiting.load(SeqCst) == 0);
    let reloading = thread::spawn(move || context.reload());
    fs::copy(&fresh.key, &files.key).expect("copy");
    reloading.join().expect("no panic").expect("good files");
}

matrix!(columns: a_session_goes_on, a_reload_is_all_or_nothing, a_revocation_ends_sessions);
matrix!(concurrent: no_request_is_lost_by_reloads);
