//! The upper-case client with servers in Python and with our own.

use tests::prelude::*;

use crate::chat_client::TERMINAL;
use crate::upper::{TRANSPORTS, free_address, is_stream};
use crate::{Server, start};

/// The client's output for that input.
#[track_caller]
fn answers(transport: &str, address: &str, input: impl AsRef<[u8]>) -> String {
    let mut client = start("upper-client", &["--transport", transport, address]);
    client.write(input);
    let (status, output, error) = client.wait();
    assert!(status.success(), "{transport}: {error}");
    assert_eq!(error, "", "{transport}");
    output
}

/// A server of any transport, for one client. Over a stream it answers byte by byte.
const SERVER: &str = r#"
import socket, sys
transport, address = sys.argv[1:]
network = transport in ("tcp", "udp")
stream = transport in ("tcp", "unix")
server = socket.socket(
    socket.AF_INET if network else socket.AF_UNIX,
    socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
server.settimeout(15)
server.bind(("127.0.0.1", 0) if network else address)
if stream:
    server.listen()
print("listening on", "%s:%d" % server.getsockname() if network else address)
if stream:
    connection, _ = server.accept()
    connection.settimeout(15)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) if network else None
    while data := connection.recv(1024):
        for byte in data.upper():
            connection.send(bytes([byte]))
else:
    data = None
    while data != b"last":
        data, client = server.recvfrom(65_536)
        server.sendto(data.upper(), client)
"#;

#[test]
fn answers_of_python_servers_are_shown() {
    for transport in TRANSPORTS {
        let folder = Folder::new();
        let Some(server) = python(SERVER, &[transport, &free_address(transport, &folder)]) else {
            return;
        };
        let server = Server::of(server);
        let long = "x".repeat(5_000);
        let input = format!("hello\n\n{long}\nlast");
        let empty = if is_stream(transport) { "" } else { "\n" };
        assert_eq!(
            answers(transport, &server.address_text(), input),
            format!("HELLO\n{empty}{}\nLAST\n", long.to_uppercase()),
            "{transport}"
        );
        server.end();
    }
}

#[test]
fn answers_of_our_server_are_shown() {
    for transport in TRANSPORTS {
        let folder = Folder::new();
        let address = free_address(transport, &folder);
        let server = Server::start("upper", &["--transport", transport, &address]);
        let output = answers(transport, &server.address_text(), "one\ntwo \r\n\n ä\n");
        let empty = if is_stream(transport) { "" } else { "\n" };
        assert_eq!(output, format!("ONE\nTWO \r\n{empty} ä\n"), "{transport}");
        assert_eq!(answers(transport, &server.address_text(), ""), "", "{transport}");
        server.drain();
    }
}

#[test]
fn a_line_longer_than_every_buffer_comes_back() {
    let server = Server::start("upper", &["127.0.0.1:0"]);
    // The server stops reading until its answer is read, so a client that sends everything first
    // would wait for ever.
    let line = "long ".repeat(4_000_000);
    let output = answers("tcp", &server.address_text(), &line);
    assert!(output == line.to_uppercase() + "\n", "{}", output.len());
    server.drain();
}

#[test]
fn a_late_answer_is_not_the_next() {
    let server = UdpSocket::bind(LOCAL).expect("bind");
    server.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let address = server.local_addr().expect("an address").to_string();
    let mut client = start("upper-client", &["--transport", "udp", &address]);
    client.write("first\nsecond\n");
    // The client sends the second after it has given up on the first.
    let asked = [(); 2].map(|()| {
        let mut text = [0; 100];
        let (length, from) = server.recv_from(&mut text).expect("a datagram");
        (text[..length].to_ascii_uppercase(), from)
    });
    for (answer, to) in asked {
        server.send_to(&answer, to).expect("send");
    }
    let (status, output, error) = client.wait();
    assert_eq!(status.code(), Some(1), "{error}");
    assert_eq!(output, "SECOND\n");
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(lines[0].contains("\"first\""), "{error}");
    assert_eq!(lines[1], "error: missing answers: 1");
}

#[test]
fn the_end_of_the_server_is_an_error() {
    // It answers once.
    let server = TCPServer::handling(|request: Socket, _| {
        request.sendall(&request.recv(1024)?.to_ascii_uppercase())
    });
    let server = run(server, LOCAL);
    let address = server.address().to_string();
    let mut client = start("upper-client", &[&address]);
    client.write("first\nsecond\nthird\n");
    let (status, output, error) = client.wait();
    assert_eq!(status.code(), Some(1), "{error}");
    assert_eq!(output, "FIRST\n");
    assert_eq!(error, "error: the server has ended the conversation\n");
}

const USER: &str = r#"
process = start(*sys.argv[1:])
sees(b">>>: ")
types(b"\n")
sees(b">>>: ")
types(b"hello\n")
sees(b"HELLO\r\n>>>: ")
types(b"\x04")
print(status(process))
"#;

#[test]
fn a_terminal_gets_a_prompt() {
    let server = Server::start("upper", &["127.0.0.1:0"]);
    let arguments = [&*demo_path("upper-client"), &server.address_text()];
    let Some(user) = python(&[TERMINAL, USER].concat(), &arguments) else { return };
    assert_eq!(user.line(), "0");
    server.drain();
}
