//! The upper-case server with clients in Python.

use tests::prelude::*;

use crate::Server;

/// A free address for a server of that transport.
pub(crate) fn free_address(transport: &str, folder: &Folder) -> String {
    match transport {
        "tcp" | "udp" => "127.0.0.1:0".to_owned(),
        _ => folder.join("server").display().to_string(),
    }
}

pub(crate) const TRANSPORTS: [&str; 4] = ["tcp", "udp", "unix", "unix-datagram"];

pub(crate) fn is_stream(transport: &str) -> bool {
    matches!(transport, "tcp" | "unix")
}

#[test]
fn two_hundred_clients_get_every_byte_right() {
    let server = Server::start("upper", &["127.0.0.1:0"]);
    crowd(200, 200, |number| {
        let mut client = Client::stream(&server.address);
        for round in 0..100 {
            // From one byte to 60,000, in another order for each client.
            let length = 1 + (60_000 >> ((number + 7 * round) % 16));
            let data: Vec<_> = (number..).map(|place| place as u8).take(length).collect();
            assert!(client.ask(&data) == data.to_ascii_uppercase(), "{length} bytes");
        }
        assert_eq!(client.finish(), b"");
    });
    assert_eq!(server.drain().summary(), [200, 200, 0, 0, 0]);
}

/// A client of any transport.
const CLIENT: &str = r#"
import os, socket, sys, tempfile
transport, address = sys.argv[1:]
network = transport in ("tcp", "udp")
stream = transport in ("tcp", "unix")
client = socket.socket(
    socket.AF_INET if network else socket.AF_UNIX,
    socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
client.settimeout(15)
with tempfile.TemporaryDirectory() as folder:
    if transport == "unix-datagram":
        client.bind(os.path.join(folder, "client"))
    if network:
        host, port = address.split(":")
        client.connect((host, int(port)))
    else:
        client.connect(address)
    every_byte = bytes(range(256))
    for message in [b"hello", every_byte, b"x" * 60_000] + ([] if stream else [b""]):
        client.send(message) if not stream else client.sendall(message)
        answer = client.recv(65_536)
        while stream and len(answer) < len(message):
            answer += client.recv(65_536)
        assert answer == message.upper(), (message, answer)
    client.close()
print("well")
"#;

#[test]
fn every_transport_works_under_every_concurrency() {
    for transport in TRANSPORTS {
        for concurrency in ["inline", "threading", "forking", "green"] {
            let folder = Folder::new();
            let address = free_address(transport, &folder);
            let options = ["--transport", transport, "--concurrency", concurrency, &address];
            let server = Server::start("upper", &options);
            let arguments = [transport, &server.address_text()];
            let Some(client) = python(CLIENT, &arguments) else { return };
            assert_eq!(client.line(), "well", "{transport} {concurrency}");
            let requests = if is_stream(transport) { 1 } else { 4 };
            let all = [requests, requests, 0, 0, 0];
            assert_eq!(server.drain().summary(), all, "{transport} {concurrency}");
        }
    }
}

#[test]
fn a_datagram_without_a_sender_is_no_failure() {
    let folder = Folder::new();
    let address = free_address("unix-datagram", &folder);
    let server = Server::start("upper", &["--transport", "unix-datagram", &address]);
    let nameless = std::os::unix::net::UnixDatagram::unbound().expect("a socket");
    nameless.send_to(b"hello", &address).expect("send");
    server.process.error_with("without a name");
    assert_eq!(server.drain().summary(), [1, 1, 0, 0, 0]);
}

#[test]
fn only_a_silent_client_is_disconnected() {
    let server = Server::start("upper", &["127.0.0.1:0", "--timeout", "2"]);
    let mut silent = Client::stream(&server.address);
    let mut lively = Client::stream(&server.address);
    assert_eq!(silent.ask("hello"), b"HELLO");
    let disconnected = std::thread::spawn(move || silent.rest());
    while !disconnected.is_finished() {
        assert_eq!(lively.ask("hello"), b"HELLO");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(disconnected.join().expect("the end of the stream"), b"");
    server.process.error_with("silent");
    assert_eq!(lively.ask("still here"), b"STILL HERE");
    assert_eq!(lively.finish(), b"");
    assert_eq!(server.drain().summary(), [2, 2, 0, 0, 0]);
}
