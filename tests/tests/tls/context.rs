//! A context from a configuration of `rustls`.

use rustls::ServerConfig;
use socketserver::ssl::{SSLContext, VerifyMode};
use tests::prelude::*;

/// A configuration of the test's own.
fn config(authority: &Authority) -> ServerConfig {
    let Files { cert, key, .. } = authority.issue(&["localhost"]);
    server_config(&cert, &key)
}

/// With something that the context has no word for: records of at most 100 bytes.
fn a_configuration_is_served_as_it_is<C: Column>() {
    let authority = Authority::new("ready");
    let mut config = config(&authority);
    config.max_fragment_size = Some(100);
    let context = SSLContext::from_rustls(Arc::new(config));
    let server = run(Server::<Tcp, C, Echo>::builder().tls(context.clone()), LOCAL);
    let client = client_config(&authority, None);
    let mut client = TlsClient::connect(&server.address(), client, "localhost");
    client.ask(b"hello");
    client.0.write_all(&[7; 1_000]).expect("sent");
    client.0.flush().expect("sent");
    for _ in 0..10 {
        let mut header = [0; 5];
        client.0.sock.read_exact(&mut header).expect("a record");
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        // With its type and what seals it.
        assert!(length <= 117, "a record of {length} bytes");
        client.0.sock.read_exact(&mut vec![0; length]).expect("a record");
    }
    let stats = context.session_stats();
    assert_eq!((stats.started, stats.good), (1, 1));
}

matrix!(columns: a_configuration_is_served_as_it_is);

#[test]
fn a_configuration_stands_alone() {
    let authority = Authority::new("alone");
    let bind = |context: SSLContext| {
        let builder = ThreadingTCPServer::<Echo>::builder().tls(context);
        builder.bind(LOCAL).map(drop).map_err(|error| error.to_string())
    };
    let ready = || SSLContext::from_rustls(Arc::new(config(&authority)));
    bind(ready().handshake_timeout(DEADLINE).suppress_ragged_eofs(false)).expect("good");
    let files = authority.issue(&["localhost"]);
    for context in [
        ready().load_cert_chain(&files.cert, &files.key).expect("good files"),
        ready().verify_mode(VerifyMode::None),
        ready().set_alpn_protocols(["http/1.1"]),
        ready().num_tickets(1),
    ] {
        let error = bind(context).expect_err("two configurations");
        let expected = "expected handshake_timeout and suppress_ragged_eofs beside from_rustls, \
                        got other settings: they belong to its configuration";
        assert_eq!(error, expected);
    }
    let error = ready().reload().expect_err("no files");
    assert_eq!(error.to_string(), "expected a context with files, got one of from_rustls");
    let mut early = config(&authority);
    early.max_early_data_size = 1;
    let error = bind(SSLContext::from_rustls(Arc::new(early))).expect_err("early data");
    assert_eq!(error, "expected a max_early_data_size of 0 from from_rustls");
}
