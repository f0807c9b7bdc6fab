//! The chat, by more people than can be heard out, and by some who do not listen.

use std::io::Write;
use std::time::Instant;

use socket2::{Domain, Socket, Type};
use socketserver::Address;
use tests::{Client, DEADLINE, python};

use crate::Server;
use crate::chat::{Member, chats};

/// Somebody who never reads, and whose system takes little in advance.
fn stalled(server: &Server) -> Socket {
    let Address::Inet(address) = server.address else {
        unreachable!("the chat is on TCP");
    };
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a buffer");
    socket.connect(&address.into()).expect("connect");
    socket
}

#[test]
fn who_does_not_read_is_cut_and_holds_up_nobody() {
    for server in chats() {
        let mut reader = Member::join(&server, "reader");
        let mut speaker = Member::join(&server, "speaker");
        reader.hears("-- speaker has joined");
        let mut stalled = stalled(&server);
        stalled.write_all(b"stalled\n").expect("send");
        reader.hears("-- stalled has joined");
        let end = Instant::now() + DEADLINE;
        let text = "x".repeat(4_000);
        let mut number = 0;
        let mut cut = false;
        while !cut {
            assert!(Instant::now() < end, "still there after {number} lines");
            for _ in 0..32 {
                speaker.types(format!("{number} {text}"));
                let mut line = reader.line();
                if line == "-- stalled has left" {
                    cut = true;
                    line = reader.line();
                }
                assert_eq!(line, format!("speaker: {number} {text}"));
                number += 1;
            }
        }
        server.process.error_with("does not read");
        speaker.hears_only(&["-- stalled has joined", "-- stalled has left"]);
        speaker.quits();
        reader.hears_only(&["-- speaker has left"]);
        reader.quits();
        assert_eq!(server.drain().summary(), [3, 2, 1, 0, 0]);
    }
}

#[test]
fn who_leaves_without_reading_is_not_waited_for() {
    for server in chats() {
        let mut other = Member::join(&server, "other");
        let mut stalled = stalled(&server);
        // The answers wait in the server, though not so many of them that it is cut for that.
        let unknown = "/unknown\n".repeat(7_000);
        let input = format!("stalled\n{unknown}over\n");
        stalled.write_all(input.as_bytes()).expect("send");
        other.hears("-- stalled has joined");
        other.hears("-- stalled has left");
        other.quits();
        assert_eq!(server.drain().summary(), [2, 2, 0, 0, 0]);
    }
}

/// Five hundred who only listen, then one more.
const CROWD: &str = r#"
import socket, sys
host, port = sys.argv[1].split(":")

def join(name):
    connection = socket.create_connection((host, int(port)), timeout=15)
    lines = connection.makefile("rb")
    connection.sendall(name + b"\n")
    heard(lines, b"-- here are: ")
    return connection, lines

def heard(lines, beginning):
    while not (line := lines.readline()).startswith(beginning):
        assert line, "the server has ended the conversation"
    return line

crowd = []
for number in range(500):
    crowd.append(join(b"idle-%d" % number))
    if number % 100 == 99:
        print(number + 1, "have joined")
connection, lines = join(b"late")
connection.sendall(b"/who\nhello\n")
who = heard(lines, b"-- here are: ")
for _, idle in crowd:
    heard(idle, b"late: hello")
print(who.count(b"idle-"), "are there and have heard it")
for connection, lines in crowd + [(connection, lines)]:
    connection.sendall(b"/quit\n")
    while lines.readline(): pass
"#;

#[test]
fn five_hundred_who_are_silent_do_not_keep_the_next_one_waiting() {
    for server in chats() {
        let Some(crowd) = python(CROWD, &[&server.place()]) else {
            return;
        };
        for number in 1..=5 {
            assert_eq!(crowd.line(), format!("{number}00 have joined"));
        }
        assert_eq!(crowd.line(), "500 are there and have heard it");
        assert!(crowd.wait().0.success());
        assert_eq!(server.drain().summary(), [501, 501, 0, 0, 0]);
    }
}

#[test]
fn a_full_room_lets_nobody_in_until_somebody_leaves() {
    let server = Server::start("chat", &["127.0.0.1:0", "--max-connections", "1"]);
    let ann = Member::join(&server, "ann");
    let mut waiting = Client::stream(&server.address);
    waiting.send("bob\n/quit\n");
    ann.quits();
    let heard = String::from_utf8(waiting.rest()).expect("text");
    assert!(heard.ends_with("-- here are: bob\n"), "{heard}");
    drop(waiting);
    assert_eq!(server.drain().summary(), [2, 2, 0, 0, 0]);
}
