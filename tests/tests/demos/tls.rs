//! Programs with TLS: `--tls`.

use tests::prelude::*;

use crate::command_line::fails;
use crate::{Server, text};

/// A server with TLS.
fn start(name: &str, files: &Files, arguments: &[&str]) -> Server {
    let tls = ["127.0.0.1:0", "--tls", text(&files.cert), text(&files.key)];
    Server::start(name, &[&tls, arguments].concat())
}

/// A client of it, which trusts that authority.
fn client(name: &str, server: &Server, authority: &Authority) -> Process {
    let port = inet(&server.address).port();
    let tls = format!("--tls={}", text(authority.root()));
    crate::start(name, &[&tls, &format!("localhost:{port}")])
}

#[test]
fn upper_answers_its_client() {
    let authority = Authority::new("upper");
    let files = authority.issue(&["localhost"]);
    for concurrency in ["inline", "threading", "forking", "green"] {
        let server = start("upper", &files, &["--concurrency", concurrency]);
        let mut client = client("upper-client", &server, &authority);
        client.write("hello\nworld\n");
        assert_eq!(client.ended().passed(), "HELLO\nWORLD\n");
        assert_eq!(server.drain().summary(), [1, 1, 0, 0, 0], "{concurrency}");
    }
}

/// The program keeps its certificate until it has a good one.
#[test]
fn a_signal_renews_the_certificate() {
    let authority = Authority::new("renewed");
    let files = authority.issue(&["localhost"]);
    let server = start("upper", &files, &[]);
    let mut config = client_config(&authority, None);
    // A session that goes on has the certificate that it began with.
    config.resumption = rustls::client::Resumption::disabled();
    let config = Arc::new(config);
    let certificate = || {
        let mut client = TlsClient::connect(&server.address, config.clone(), "localhost");
        assert_eq!(client.try_ask(b"a").expect("an answer"), b"A");
        client.close();
        client.0.conn.peer_certificates().expect("a certificate")[0].clone()
    };
    let before = certificate();
    fs::write(&files.key, "nothing").expect("write");
    server.process.signal(Signal::HUP);
    server.process.error_with("has no private key): the old certificates stay");
    assert_eq!(certificate(), before);
    let fresh = authority.issue(&["localhost"]);
    fs::copy(&fresh.key, &files.key).expect("copy");
    fs::copy(&fresh.cert, &files.cert).expect("copy");
    server.process.signal(Signal::HUP);
    until("the new one is there", || certificate() != before);
}

#[test]
fn members_of_a_chat_hear_each_other() {
    let authority = Authority::new("chat");
    let files = authority.issue(&["localhost"]);
    for concurrency in ["threading", "green"] {
        let server = start("chat", &files, &["--concurrency", concurrency]);
        let (mut ann, mut bob) = (
            client("chat-client", &server, &authority),
            client("chat-client", &server, &authority),
        );
        for (member, name) in [(&mut ann, "ann"), (&mut bob, "bob")] {
            assert_eq!(member.line(), "-- what is your name?");
            member.write(format!("{name}\n"));
            while !member.line().starts_with("-- here are: ") {}
        }
        bob.write("hello\n");
        while !ann.line().ends_with("bob: hello") {}
        for member in [ann, bob] {
            assert!(member.wait().0.success());
        }
        assert_eq!(server.drain().summary(), [2, 2, 0, 0, 0], "{concurrency}");
    }
}

#[test]
fn wrong_options_are_said() {
    let missing = "/nowhere/cert.pem: cannot be read: No such file or directory (os error 2)";
    fails("upper", &["--tls", "/nowhere/cert.pem", "/nowhere/key.pem"], 1, missing);
    let useless = "error: '--tls' has no effect without connections";
    fails("upper", &["--transport", "udp", "--tls", "cert", "key"], 2, useless);
    fails("upper-client", &["--transport", "udp", "--tls"], 2, useless);
}

/// A program that talks to a stranger says so.
#[test]
fn a_client_does_not_talk_to_another_server() {
    let (authority, stranger) = (Authority::new("own"), Authority::new("stranger"));
    let server = start("upper", &stranger.issue(&["localhost"]), &[]);
    let client = client("upper-client", &server, &authority);
    let (status, _, error) = client.wait();
    assert_eq!(status.code(), Some(1));
    assert!(error.contains("the TLS handshake failed: invalid peer certificate"), "{error}");
    assert_eq!(server.drain().summary(), [1, 0, 0, 1, 0]);
}
