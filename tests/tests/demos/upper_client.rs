//! The upper-case client with servers in Python and with our own.

use tests::prelude::*;

use crate::upper::{TRANSPORTS, free_address};
use crate::{Server, command};

/// The client's output for that input.
#[track_caller]
fn answers(transport: &str, address: &str, input: impl AsRef<[u8]>) -> String {
    let mut client =
        Process::start(&mut command("upper-client", &["--transport", transport, address]));
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
        let empty = match transport {
            "tcp" | "unix" => "",
            _ => "\n",
        };
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
        let empty = match transport {
            "tcp" | "unix" => "",
            _ => "\n",
        };
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

/// Answers the first datagram when it has received the second, which the client sends after it has
/// given up on the first.
const LATE: &str = r#"
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.settimeout(15)
server.bind(("127.0.0.1", 0))
print("listening on", "%s:%d" % server.getsockname())
first, first_client = server.recvfrom(1024)
second, second_client = server.recvfrom(1024)
server.sendto(first.upper(), first_client)
server.sendto(second.upper(), second_client)
"#;

#[test]
fn a_late_answer_is_not_the_next() {
    let Some(server) = python(LATE, &[]) else {
        return;
    };
    let server = Server::of(server);
    let mut client = Process::start(&mut command(
        "upper-client",
        &["--transport", "udp", &server.address_text()],
    ));
    client.write("first\nsecond\n");
    let (status, output, error) = client.wait();
    assert_eq!(status.code(), Some(1), "{error}");
    assert_eq!(output, "SECOND\n");
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(lines[0].contains("\"first\""), "{error}");
    assert_eq!(lines[1], "error: missing answers: 1");
    server.end();
}

/// Takes one connection, answers once and ends.
const ONCE: &str = r#"
import socket
server = socket.create_server(("127.0.0.1", 0))
server.settimeout(15)
print("listening on", "%s:%d" % server.getsockname())
connection, _ = server.accept()
connection.settimeout(15)
connection.sendall(connection.recv(1024).upper())
connection.shutdown(socket.SHUT_WR)
while connection.recv(1024): pass
"#;

#[test]
fn the_end_of_the_server_is_an_error() {
    let Some(server) = python(ONCE, &[]) else {
        return;
    };
    let server = Server::of(server);
    let mut client = Process::start(&mut command("upper-client", &[&server.address_text()]));
    client.write("first\nsecond\nthird\n");
    let (status, output, error) = client.wait();
    assert_eq!(status.code(), Some(1), "{error}");
    assert_eq!(output, "FIRST\n");
    assert_eq!(error, "error: the server has ended the conversation\n");
    server.end();
}

/// Runs the program on a terminal, and types.
const TERMINAL: &str = r#"
import os, pty, select, sys
process, terminal = pty.fork()
if process == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown = b""

def until(text):
    global shown
    while text not in shown:
        assert select.select([terminal], [], [], 15)[0], shown
        shown += os.read(terminal, 65_536)
    shown = shown.partition(text)[2]

until(b">>>: ")
os.write(terminal, b"\n")
until(b">>>: ")
os.write(terminal, b"hello\n")
until(b"HELLO\r\n>>>: ")
os.write(terminal, b"\x04")
print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
"#;

#[test]
fn a_terminal_gets_a_prompt() {
    let server = Server::start("upper", &["127.0.0.1:0"]);
    let program = tests::demo("upper-client");
    let program = program.to_str().expect("a path that is text");
    let Some(user) = python(TERMINAL, &[program, &server.address_text()]) else {
        return;
    };
    assert_eq!(user.line(), "0");
    server.drain();
}
