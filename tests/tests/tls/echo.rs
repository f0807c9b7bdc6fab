//! Bytes there and back, by clients of several makes.

use tests::prelude::*;

/// Sends a megabyte and some lines, and ends as it should.
const PYTHON: &str = r#"
import socket, ssl, sys, threading
port, root, version = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile=root)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
plain = socket.create_connection(("127.0.0.1", port), 20)
client = context.wrap_socket(plain, server_hostname="localhost")
client.sendall(b"hello\n")
assert client.recv(100) == b"hello\n"
large = bytes(range(256)) * 4096
thread = threading.Thread(target=client.sendall, args=(large,))
thread.start()
got = b""
while len(got) < len(large):
    got += client.recv(65536)
thread.join()
assert got == large
print(client.version())
client.unwrap()
"#;

fn python_gets_its_bytes_back<C: Column>() {
    let authority = Authority::new("echo");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(authority.context()), LOCAL);
    let port = inet(&server.address()).port().to_string();
    let root = authority.root().to_str().expect("text");
    for (version, expected) in [("TLSv1_2", "TLSv1.2\n"), ("TLSv1_3", "TLSv1.3\n")] {
        let Some(said) = python_says(PYTHON, &[&port, root, version]) else { return };
        assert_eq!(said, expected);
    }
    until("both are counted", || server.stats().finished == 2);
}

/// Another client of OpenSSL, and its careless end.
fn s_client_gets_its_line_back<C: Column>() {
    if !has_program("openssl", "version") {
        return;
    }
    let authority = Authority::new("s_client");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(authority.context()), LOCAL);
    let mut command = Command::new("openssl");
    command.args([
        "s_client",
        "-quiet",
        "-no_ign_eof",
        "-verify_return_error",
        "-verify_hostname",
        "localhost",
    ]);
    command.arg("-CAfile").arg(authority.root());
    command.arg("-connect").arg(server.address().to_string());
    let mut client = Process::start(&mut command);
    client.write("hello\n");
    assert_eq!(client.line(), "hello");
    client.end_input();
    until("the end has come", || server.stats().finished == 1);
}

fn curl_gets_a_page<C: Column>() {
    if !has_program("curl", "--version") {
        return;
    }
    let authority = Authority::new("curl");
    let context = authority.context().set_alpn_protocols(["http/1.1"]);
    let page = |request: Socket, _: Address| {
        let mut rfile = request.makefile(-1, 0).0;
        while rfile.readline(1000)?.len() > 2 {}
        let ssl = request.ssl().expect("TLS");
        let text = format!("{:?} {:?}", ssl.server_name(), ssl.selected_alpn_protocol());
        let length = text.len();
        request.sendall(
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}").as_bytes(),
        )
    };
    let server = run(Server::<Tcp, C, _, _>::handling(page).tls(context), LOCAL);
    let port = inet(&server.address()).port();
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--max-time", "20", "--cacert"])
        .arg(authority.root());
    command.arg("--resolve").arg(format!("localhost:{port}:127.0.0.1"));
    command.arg(format!("https://localhost:{port}/"));
    let said = Process::start(&mut command).ended().passed();
    assert_eq!(said, "Some(\"localhost\") Some(\"http/1.1\")\n");
}

/// The same over a Unix socket, where there is no host.
fn unix_streams_have_it_too<C: Column>() {
    let authority = Authority::new("unix");
    let builder = Server::<UnixStream, C, Echo>::builder().tls(authority.context());
    let server = run(builder, Address::Unix(authority.join("socket")));
    let client = Socket::new(AddressFamily::Unix, SocketKind::Stream).expect("a socket");
    client.settimeout(Some(DEADLINE)).expect("a timeout");
    client.connect(server.address()).expect("connects");
    let context = ssl::SSLContext::client().load_verify_locations(authority.root()).expect("good");
    context.connect(&client, "localhost").expect("shakes hands");
    client.sendall(b"hello").expect("sent");
    assert_eq!(client.recv_exact(5).expect("an answer"), b"hello");
}

/// The header of a proxy comes before the handshake, or within the session.
fn a_proxy_speaks_before_or_within<C: Column>() {
    let header = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";
    let authority = Authority::new("proxied");
    let config = Arc::new(client_config(&authority, None));
    let ask = |address: &Address, is_before: bool| {
        let mut client = TlsClient::connect(address, config.clone(), "localhost");
        let first: &mut dyn Write = if is_before { &mut client.0.sock } else { &mut client.0 };
        first.write_all(header).expect("sent");
        client.0.write_all(b"hello").expect("sent");
        client.close();
        let mut answer = String::new();
        client.0.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("client 192.0.2.1:56324 "), "{answer}");
        assert!(answer.ends_with("\nhello"), "{answer}");
    };
    let builder = Server::<Tcp, C, Behind>::builder().proxy_protocol(local_proxies());
    let server = run(builder.tls(authority.context()).request_queue_size(9), LOCAL);
    ask(&server.address(), true);
    let builder = Server::<Tcp, C, Behind>::builder().tls(authority.context());
    let server = run(builder.proxy_protocol(local_proxies()), LOCAL);
    ask(&server.address(), false);
}

matrix!(columns: a_proxy_speaks_before_or_within,
    python_gets_its_bytes_back, s_client_gets_its_line_back, curl_gets_a_page,
    unix_streams_have_it_too,
);
