//! Which certificate a client gets.

use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tests::prelude::*;

/// The first certificate of a file.
fn first(files: &Files) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(&files.cert).expect("a certificate")
}

fn the_name_decides<C: Column>() {
    let authority = Authority::new("names");
    let own = authority.issue(&["localhost"]);
    let exact = authority.issue(&["one.example.org"]);
    let wildcard = authority.issue(&["*.example.org"]);
    let context = ssl::SSLContext::new().load_cert_chain(&own.cert, &own.key).expect("good");
    let context = context.add_cert_chain(&wildcard.cert, &wildcard.key).expect("good");
    let context = context.add_cert_chain(&exact.cert, &exact.key).expect("good");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(context), LOCAL);
    let config = Arc::new(client_config(&authority, None));
    for (host, expected) in [
        ("localhost", &own),
        ("one.example.org", &exact),
        ("two.example.org", &wildcard),
        ("TWO.Example.ORG", &wildcard),
    ] {
        let mut client = TlsClient::connect(&server.address(), config.clone(), host);
        client.ask(b"hello");
        let got = client.0.conn.peer_certificates().expect("a certificate");
        assert_eq!(got[0], first(expected), "{host}");
    }
    // One label, and the name itself has none; other names get the first.
    for host in ["a.b.example.org", "example.org", "other.example.net"] {
        let mut client = TlsClient::connect(&server.address(), config.clone(), host);
        let error = client.try_ask(b"hello").expect_err("another name");
        assert!(error.to_string().contains("not valid for name"), "{error}");
        assert!(error.to_string().contains("localhost"), "{error}");
    }
}

/// An address is no name that a client sends.
fn a_client_without_a_name_gets_the_first<C: Column>() {
    let authority = Authority::new("nameless");
    let context = authority.context();
    let other = authority.issue(&["other.example.org"]);
    let context = context.add_cert_chain(other.cert, other.key).expect("good");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(context), LOCAL);
    let config = client_config(&authority, None);
    TlsClient::connect(&server.address(), config, "127.0.0.1").ask(b"hello");
}

/// Two kinds of keys for one host: a client gets the first that it can check.
fn the_clients_signatures_decide<C: Column>() {
    if !has_program("openssl", "version") {
        return;
    }
    let authority = Authority::new("signatures");
    let p256 = authority.issue(&["localhost"]);
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let ed25519 = authority.issue_with(&["localhost"], key, |_| {});
    let context =
        ssl::SSLContext::new().load_cert_chain(&ed25519.cert, &ed25519.key).expect("good");
    let context = context.add_cert_chain(&p256.cert, &p256.key).expect("good");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(context), LOCAL);
    let address = server.address().to_string();
    for (signatures, expected) in [("ed25519", "ED25519"), ("ECDSA+SHA256", "ECDSA")] {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-brief", "-connect", &address, "-servername", "localhost"]);
        command.args(["-sigalgs", signatures]).arg("-CAfile").arg(authority.root());
        let client = Process::start(&mut command);
        let line = client.error_with("Signature type");
        assert!(line.to_uppercase().contains(expected), "{line}");
        assert!(client.wait().0.success());
    }
}

fn the_protocol_is_the_first_that_both_know<C: Column>() {
    let handler = |request: Socket, _: Address| {
        let protocol = request.ssl().expect("TLS").selected_alpn_protocol();
        request.recv(100)?;
        request.sendall(protocol.as_deref().unwrap_or("none").as_bytes())
    };
    let authority = Authority::new("protocols");
    let context = authority.context().set_alpn_protocols(["second", "first"]);
    let server = run(Server::<Tcp, C, _, _>::handling(handler).tls(context.clone()), LOCAL);
    let ask = |protocols: &[&str], length| {
        let mut config = client_config(&authority, None);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsClient::connect(&server.address(), config, "localhost").try_ask(&vec![0; length])
    };
    assert_eq!(ask(&["first", "second"], 6).expect("an answer"), b"second");
    assert_eq!(ask(&["first"], 5).expect("an answer"), b"first");
    assert_eq!(ask(&[], 4).expect("an answer"), b"none");
    assert!(ask(&["third"], 1).is_err());
    until("it is counted", || server.stats().refused == 1);
    assert_eq!(context.session_stats().failures(ssl::SSLErrorReason::Alpn), 1);
}

matrix!(columns:
    the_name_decides, a_client_without_a_name_gets_the_first, the_clients_signatures_decide,
    the_protocol_is_the_first_that_both_know,
);
