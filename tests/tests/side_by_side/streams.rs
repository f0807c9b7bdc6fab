//! What handlers of streams read and write, and how a stream ends.

use std::net::TcpStream;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use tests::{Client, DEADLINE, inet};

use crate::clients::{ask, ask_for, rest};
use crate::scenario::{PLAIN, STREAMS, Scenario, THREADING, on};
use crate::session::Session;

pub(super) fn scenarios() -> Vec<Scenario> {
    let threading = |name: &str, words: &str, client| on(STREAMS, THREADING, name, words, client);
    let tcp = |name: &str, words: &str, client| on(&["tcp"], THREADING, name, words, client);
    [
        reading(),
        writing(),
        threading("silent_client", "timeout=0.05 handle=readline", silent),
        threading(
            "client_does_not_read",
            "timeout=0.05 handle=write:*33554432",
            not_reading,
        ),
        tcp(
            "reading_after_a_timeout",
            "timeout=0.05 handle=?readline,trace:late,wait:sent,readline",
            late,
        ),
        tcp("nagle_is_on", "handle=nodelay", say_nothing),
        threading(
            "disable_nagle_algorithm",
            "handle=upper disable_nagle_algorithm=yes",
            ask,
        ),
        tcp(
            "nagle_is_off",
            "handle=nodelay disable_nagle_algorithm=yes",
            say_nothing,
        ),
        threading("unread_input", "rbufsize=0", |session| {
            ask_for("hello\nunread", session);
        }),
        tcp(
            "unread_input_and_a_long_reply",
            "rbufsize=0 linger=20 handle=readline,write:*400000",
            slow_reader,
        ),
        tcp(
            "client_resets",
            "handle=readline,trace:read,readline",
            reset,
        ),
        tcp(
            "client_is_gone_at_the_last_flush",
            "wbufsize=-1 handle=readline,trace:read,?recv:1,write:late",
            reset,
        ),
        tcp(
            "client_is_gone_at_a_write",
            "handle=readline,trace:read,?recv:1,?write:late,write:later",
            reset,
        ),
        threading("handler_closes", "handle=upper,close", ask),
        on(
            STREAMS,
            &["plain", "threading"],
            "handler_keeps_the_connection",
            "handle=upper,keep:shutdown_request",
            ask,
        ),
    ]
    .concat()
}

/// How lines are cut, and what a buffer has taken from the socket.
fn reading() -> Vec<Scenario> {
    let some_lines = |session: &mut Session<'_>| ask_for("first\nsecond\n\nlast", session);
    let mut scenarios = [
        (
            "readline",
            "handle=readline,readline,readline,readline,readline",
        ),
        (
            "readline_with_limits",
            "handle=readline:0,readline:3,readline:3,readline:100,readline:7,readline:2",
        ),
        ("iteration", "handle=lines"),
        (
            "iteration_after_readline",
            "handle=readline:2,lines,readline",
        ),
        ("read", "handle=read:8,readline,read:0,read"),
        (
            "read_with_a_limit_beyond_the_end",
            "handle=read:1000,read:1000",
        ),
    ]
    .map(|(name, words)| on(STREAMS, THREADING, name, words, some_lines))
    .concat();
    for size in ["-1", "0", "4", "4096"] {
        scenarios.extend(on(
            STREAMS,
            THREADING,
            &format!("rbufsize_{size}"),
            &format!("rbufsize={size} handle=readline,recv:100,readline"),
            some_lines,
        ));
        scenarios.extend(on(
            STREAMS,
            THREADING,
            &format!("long_line_with_rbufsize_{size}"),
            &format!("rbufsize={size} handle=readline:9000,readline,readline"),
            |session| ask_for(&format!("{}\nshort\n", "x".repeat(20_000)), session),
        ));
    }
    scenarios
}

/// What leaves when: what is sent past `wfile` stands between what left before and what leaves later.
fn writing() -> Vec<Scenario> {
    let steps = "write:one,send:|,write:two,send:|,flush,send:|,write:*3000,write:*3000,send:|,\
        write:three,write:*9000,send:|,write:*4095,send:|,write:end";
    let sizes = ["-1", "0", "4", "4096"].map(|size| {
        on(
            STREAMS,
            THREADING,
            &format!("wbufsize_{size}"),
            &format!("wbufsize={size} handle={steps}"),
            say_nothing,
        )
    });
    let failing = on(
        STREAMS,
        PLAIN,
        "buffered_reply_of_a_failed_handle",
        "wbufsize=-1 fault=handle",
        ask,
    );
    [sizes.concat(), failing].concat()
}

fn say_nothing(session: &mut Session<'_>) {
    ask_for("", session);
}

fn silent(session: &mut Session<'_>) {
    let mut client = session.client();
    session.go();
    session.see("client", &mut client);
}

fn not_reading(session: &mut Session<'_>) {
    let client = session.client();
    session.go();
    session.wait("handle_error(TimeoutError)");
    drop(client);
}

/// Sends the first half of a line in time and the second too late.
fn late(session: &mut Session<'_>) {
    let mut client = session.client();
    client.send("hel");
    session.go();
    session.wait("late");
    client.send("lo\n");
    session.tell("sent");
    session.see("client", &mut client);
}

fn reset(session: &mut Session<'_>) {
    let mut client = session.client();
    client.send("hello\n");
    session.go();
    session.wait("read");
    let Client::Tcp(socket) = &client else {
        unreachable!("only TCP has resets of the client's");
    };
    let socket = SockRef::from(socket);
    socket.set_linger(Some(Duration::ZERO)).expect("linger");
    drop(client);
}

/// Reads only when the server has written everything, and Python's has closed.
fn slow_reader(session: &mut Session<'_>) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    // Small, so that most of the reply is still on the server's side.
    socket.set_recv_buffer_size(16_384).expect("a small buffer");
    socket
        .connect(&inet(&session.address).into())
        .expect("connect");
    socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let mut client = Client::Tcp(TcpStream::from(socket));
    client.send("hello\nunread");
    session.go();
    session.wait(match session.is_python() {
        true => "shutdown_request",
        false => "finish",
    });
    let what = rest(&mut client);
    // How much of it came before a reset is chance.
    session.note(
        "client",
        if what.ends_with("reset") {
            "reset"
        } else {
            &what
        },
    );
}
