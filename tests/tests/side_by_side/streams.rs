//! What handlers of streams read and write, and how a stream ends.

use tests::prelude::*;

use crate::clients::{ask, ask_for, rest, saying, silent};
use crate::scenario::{PLAIN, STREAMS, Scenario, TCP, THREADING, WITH_THREADS, scenarios};
use crate::session::Session;

pub(super) fn scenarios() -> Vec<Scenario> {
    let others = scenarios! {
        STREAMS, THREADING; "silent_client", "timeout=0.05 handle=readline"; silent;
        STREAMS, THREADING; "client_does_not_read", "timeout=0.05 handle=write:*33554432";
            not_reading;
        TCP, THREADING; "reading_after_a_timeout",
            "timeout=0.05 handle=?readline,trace:late,wait:sent,readline"; late;
        TCP, THREADING; "nagle_is_on", "handle=nodelay"; say_nothing;
        STREAMS, THREADING; "disable_nagle_algorithm",
            "handle=upper disable_nagle_algorithm=yes"; ask;
        TCP, THREADING; "nagle_is_off", "handle=nodelay disable_nagle_algorithm=yes"; say_nothing;
        STREAMS, THREADING; "unread_input", "rbufsize=0";
            |session| ask_for("hello\nunread", session);
        TCP, THREADING; "unread_input_and_a_long_reply",
            "rbufsize=0 linger=20 handle=readline,write:*400000"; slow_reader;
        TCP, THREADING; "client_resets", "handle=readline,trace:read,readline"; reset;
        TCP, THREADING; "client_is_gone_at_the_last_flush",
            "wbufsize=-1 handle=readline,trace:read,?recv:1,write:late"; reset;
        TCP, THREADING; "client_is_gone_at_a_write",
            "handle=readline,trace:read,?recv:1,?write:late,write:later"; reset;
        STREAMS, THREADING; "handler_closes", "handle=upper,close"; ask;
        STREAMS, WITH_THREADS; "handler_keeps_the_connection",
            "handle=upper,keep:shutdown_request"; ask;
        STREAMS, PLAIN; "buffered_reply_of_a_failed_handle", "wbufsize=-1 fault=handle"; ask;
    };
    [reading(), with_buffers(), others].concat()
}

fn reading() -> Vec<Scenario> {
    scenarios! {
        STREAMS, THREADING; "readline", "handle=readline,readline,readline,readline,readline";
            some_lines;
        STREAMS, THREADING; "readline_with_limits",
            "handle=readline:0,readline:3,readline:3,readline:100,readline:7,readline:2";
            some_lines;
        STREAMS, THREADING; "iteration", "handle=lines"; some_lines;
        STREAMS, THREADING; "iteration_after_readline", "handle=readline:2,lines,readline";
            some_lines;
        STREAMS, THREADING; "read", "handle=read:8,readline,read:0,read"; some_lines;
        STREAMS, THREADING; "read_with_a_limit_beyond_the_end", "handle=read:1000,read:1000";
            some_lines;
    }
}

/// How much a buffer takes from the socket, and when it is sent. Bytes that are sent past `wfile`
/// stand between those that it has sent before and those that it sends later.
fn with_buffers() -> Vec<Scenario> {
    const READ: &str = "handle=readline,recv:100,readline";
    const READ_LONG: &str = "handle=readline:9000,readline,readline";
    const WRITE: &str = "handle=write:one,send:|,write:two,send:|,flush,send:|,write:*3000,\
        write:*3000,send:|,write:three,write:*9000,send:|,write:*4000,write:*96,send:|,write:!,\
        send:|,write:end";
    let sizes = ["-1", "0", "4", "4096"].map(|size| {
        let name = |what: &str| format!("{what}_{size}");
        let words = |option: &str, steps: &str| format!("{option}={size} {steps}");
        scenarios! {
            STREAMS, THREADING; &name("rbufsize"), &words("rbufsize", READ); some_lines;
            STREAMS, THREADING; &name("long_line_with_rbufsize"), &words("rbufsize", READ_LONG);
                |session| ask_for(&format!("{}\nshort\n", "x".repeat(20_000)), session);
            STREAMS, THREADING; &name("wbufsize"), &words("wbufsize", WRITE); say_nothing;
        }
    });
    sizes.concat()
}

fn some_lines(session: &mut Session<'_>) {
    ask_for("first\nsecond\n\nlast", session);
}

fn say_nothing(session: &mut Session<'_>) {
    ask_for("", session);
}

fn not_reading(session: &mut Session<'_>) {
    let client = session.client();
    session.go();
    session.wait("handle_error(TimeoutError)");
    drop(client);
}

/// Sends half a line in time and the rest too late.
fn late(session: &mut Session<'_>) {
    let mut client = saying("hel", session);
    session.go();
    session.wait("late");
    client.send("lo\n");
    session.tell("sent");
    session.see("client", &mut client);
}

fn reset(session: &mut Session<'_>) {
    let client = saying("hello\n", session);
    session.go();
    session.wait("read");
    client.reset();
}

/// Starts to read when the server has written everything, and Python's has closed.
fn slow_reader(session: &mut Session<'_>) {
    // Small, so that most of the reply is still on the server's side.
    let client = Client::narrow_stream(16_384, &session.address);
    let mut client = client.expect("connect");
    client.send("hello\nunread");
    session.go();
    session.wait(match session.is_python() {
        true => "shutdown_request",
        false => "finish",
    });
    let what = rest(&mut client);
    // How many bytes arrive before a reset is chance.
    session.note("client", if what.ends_with("reset") { "reset" } else { &what });
}
