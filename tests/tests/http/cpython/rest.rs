//! `BaseHTTPSServerTestCase`, `MiscTestCase` and `ScriptTestCase`.

use socketserver::http;
use tests::prelude::*;

use crate::harness::{Column, list};
use crate::replies::read_reply;
use crate::site::Site;

list!(
    test_invalid_certdata, test_all, test_server_test_unspec, test_server_test_localhost,
    test_server_test_ipv6, test_server_test_ipv4;
    test_get, test_valid_certdata;
);

/// The status and the body of the reply to a GET over TLS.
#[track_caller]
fn get(column: Column, authority: &Authority, files: [&Path; 2]) -> (u16, String) {
    let files = files.map(|file| file.to_str().expect("text"));
    let site = Site::start("cpython::servers::secure", column, &files);
    let config = client_config(authority, None);
    let mut client = TlsClient::connect(site.address(), config, "localhost");
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    client.0.write_all(request).expect("sent");
    let mut bytes = Vec::new();
    client.0.read_to_end(&mut bytes).expect("a proper end");
    let (reply, length) = read_reply(&bytes, false, true).expect("a reply");
    assert_eq!(length, bytes.len());
    (reply.status, reply.text())
}

fn test_get(column: Column) {
    let authority = Authority::new("an authority");
    let files = authority.issue(&["localhost"]);
    let expected = (200, "<html><body>Data</body></html>\r\n".to_owned());
    assert_eq!(get(column, &authority, [&files.cert, &files.key]), expected);
}

/// A chain and its key in two files, and in one. The two of Python's that have a password are
/// errors here: the library reads no such keys.
fn test_valid_certdata(column: Column) {
    let authority = Authority::new("an authority");
    for authority in [&authority, &authority.below("another")] {
        let files = authority.issue(&["localhost"]);
        let read = |path: &Path| fs::read_to_string(path).expect("PEM");
        let both = authority.join("both.pem");
        fs::write(&both, read(&files.key) + &read(&files.cert)).expect("write");
        assert_eq!(get(column, authority, [&files.cert, &files.key]).0, 200);
        assert_eq!(get(column, authority, [&both, &both]).0, 200);
    }
}

fn test_invalid_certdata() {
    let authority = Authority::new("an authority");
    let (files, other) = (authority.issue(&["localhost"]), authority.issue(&["localhost"]));
    let wrong = authority.join("wrong.pem");
    fs::write(&wrong, "no certificate").expect("write");
    let missing = authority.join("missing.pem");
    for [cert, key] in [
        [&wrong, &wrong],
        [&wrong, &files.key],
        [&files.cert, &wrong],
        [&files.cert, &files.cert],
        [&files.cert, &other.key],
        [&missing, &files.key],
    ] {
        let loaded = ssl::SSLContext::new().load_cert_chain(cert, key);
        assert!(loaded.is_err(), "{} and {}", cert.display(), key.display());
    }
}

/// The module's `__all__`, but for CGI: a name that goes missing does not compile.
fn test_all() {
    #[derive(http::BaseHTTPRequestHandler)]
    struct Handler {
        wfile: http::ReplyWriter,
    }
    #[allow(non_snake_case)]
    impl Handler {
        fn do_GET(&mut self) {}
    }
    // With TLS, each of them is Python's HTTPSServer or ThreadingHTTPSServer.
    let servers = [
        type_name::<http::HTTPServer<Handler>>(),
        type_name::<http::ThreadingHTTPServer<Handler>>(),
        type_name::<http::ForkingHTTPServer<Handler>>(),
        type_name::<http::GreenHTTPServer<Handler>>(),
        type_name::<http::HTTPServer<http::SimpleHTTPRequestHandler, http::Files>>(),
    ];
    assert_eq!(BTreeSet::from(servers).len(), 5);
}

/// The family of the address that a server of this host would listen on.
#[track_caller]
fn family(host: &str) -> &'static str {
    match (host, 8000).to_address().expect("an address") {
        Address::Inet(SocketAddr::V4(_)) => "IPv4",
        Address::Inet(SocketAddr::V6(_)) => "IPv6",
        other => panic!("a server listens at {other}"),
    }
}

fn test_server_test_unspec() {
    assert!(["IPv4", "IPv6"].contains(&family("")));
}

fn test_server_test_localhost() {
    assert!(["IPv4", "IPv6"].contains(&family("localhost")));
}

fn test_server_test_ipv6() {
    for host in ["::", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "::1"] {
        assert_eq!(family(host), "IPv6", "{host}");
    }
}

fn test_server_test_ipv4() {
    for host in ["0.0.0.0", "8.8.8.8", "127.0.0.1"] {
        assert_eq!(family(host), "IPv4", "{host}");
    }
}
