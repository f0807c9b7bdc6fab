//! The chat with many members, with members that do not read, and with a full room.

use tests::prelude::*;

use crate::Server;
use crate::chat::{Member, chats};

#[test]
fn a_member_that_never_reads_may_leave() {
    for server in chats() {
        let mut other = Member::join(&server, "other");
        let mut stalled = Client::narrow_stream(4_096, &server.address).expect("connect");
        // The answers wait in the server, but too few of them to abort the conversation.
        let unknown = "/unknown\n".repeat(7_000);
        stalled.send(format!("stalled\n{unknown}over\n"));
        other.hears("-- stalled has joined");
        other.hears("-- stalled has left");
        other.quits();
        assert_eq!(server.drain().summary(), [2, 2, 0, 0, 0]);
    }
}

/// Five hundred members that only listen, then one more.
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
fn five_hundred_silent_members_delay_no_other() {
    for server in chats() {
        let Some(crowd) = python(CROWD, &[&server.address_text()]) else { return };
        for number in 1..=5 {
            assert_eq!(crowd.line(), format!("{number}00 have joined"));
        }
        assert_eq!(crowd.line(), "500 are there and have heard it");
        crowd.ended().passed();
        assert_eq!(server.drain().summary(), [501, 501, 0, 0, 0]);
    }
}

#[test]
fn a_full_room_keeps_the_next_client_waiting() {
    for limit in [["--max-connections", "1"], ["--max-threads", "1"], ["--concurrency", "inline"]] {
        let server = Server::start("chat", &[&["127.0.0.1:0"], &limit[..]].concat());
        let ann = Member::join(&server, "ann");
        let mut waiting = Client::stream(&server.address);
        waiting.send("bob\n/quit\n");
        ann.quits();
        let heard = String::from_utf8(waiting.rest()).expect("text");
        assert!(heard.ends_with("-- here are: bob\n"), "{limit:?}: {heard}");
        drop(waiting);
        assert_eq!(server.drain().summary(), [2, 2, 0, 0, 0], "{limit:?}");
    }
}
