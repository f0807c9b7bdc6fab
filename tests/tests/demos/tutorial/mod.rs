//! The rows of the course: each program with the other side's original in Python, in both
//! directions, and with its own other side.
//!
//! The course's programs, with English texts, stand beside ours; `run.py` starts one.

mod row;

use row::{Language, Row, assert_ends};
use tests::prelude::*;

use crate::chat_client::TERMINAL;
use crate::command_line::fails;

fn t1(row: Row) {
    let client = row.client();
    row.says("The server has started!");
    row.says("test");
    row.says("A connection has been made!");
    row.says_address("", "");
    row.says(&row.speaks.bytes("hello i,m client!"));
    assert_ends(client);
    row.ends();
}

fn t2(row: Row) {
    // The client does not wait for an answer to the empty line.
    let mut client = row.client();
    client.write("hello\n\ngr\u{fc}\u{df}e\n");
    assert_eq!(client.line(), "HELLO");
    assert_eq!(client.line(), "GR\u{dc}SSE");
    assert_ends(client);
    // A client that breaks off ends only its own conversation.
    reset(&row.address);
    let line = row.server.line();
    assert!(line.starts_with("The client has gone abnormally"), "{line}");
    let mut client = row.client();
    client.write("again\n");
    assert_eq!(client.line(), "AGAIN");
    assert_ends(client);
}

/// Connects, and resets the connection.
fn reset(address: &str) {
    Client::Tcp(TcpStream::connect(address).expect("connect")).reset();
}

fn t3(row: Row) {
    let mut client = row.client();
    client.write("hello\n\nworld\n");
    row.says(&row.speaks.bytes("hello"));
    row.says(&row.speaks.bytes(""));
    row.says(&row.speaks.bytes("world"));
    assert_ends(client);
}

fn t4(row: Row) {
    let mut clients = [row.client(), row.client()];
    for (which, text, answer) in [(0, "hello", "HELLO"), (1, "hi", "HI"), (0, "", "")] {
        let client = &mut clients[which];
        client.write(format!("{text}\n"));
        row.says(&format!("Received from 127.0.0.1, who says: {text}"));
        assert_eq!(client.line(), answer);
    }
    clients.into_iter().for_each(assert_ends);
}

fn t5(row: Row) {
    let mut client = row.client();
    client.write("hello\n");
    row.says("Received from the client: hello");
    assert_eq!(client.line(), "HELLO");
    // The client never sends the last line, because the conversation is over.
    client.write("over\nnever sent\n");
    row.says("Received from the client: over");
    if row.clients == Language::Python {
        assert_eq!(client.line(), "");
    }
    assert_ends(client);
    row.ends();
}

fn t6(row: Row) {
    row.says("start....");
    let mut client = row.client();
    row.says_address("A connection has been made: ", "");
    row.says("The server waits for data...");
    client.write("  hello  \n   \n");
    row.says(&format!("Data from the client: {}", row.speaks.bytes("hello")));
    row.says("The server waits for data...");
    assert_eq!(client.line(), row.clients.bytes("HELLO"));
    assert_ends(client);
    // A client that breaks off ends only its own conversation.
    reset(&row.address);
    row.says_address("A connection has been made: ", "");
    row.says("The server waits for data...");
    let client = row.client();
    row.says_address("A connection has been made: ", "");
    assert_ends(client);
}

fn t7(row: Row) {
    assert_ends(row.client());
    for (which, text) in [("first", "hello"), ("second", "world"), ("third", "")] {
        row.says_address(&format!("The {which}: "), &format!(" {}", row.speaks.bytes(text)));
    }
    if row.speaks == Language::Rust {
        row.says("hello in a buffer of 1: b\"h\"");
        row.says("What is received next: b\"world\"");
    }
    row.ends();
}

fn t8(row: Row) {
    let talk = |client: &mut Process, text: &str| {
        client.write(format!("{text}\n"));
        row.says(text);
        assert_eq!(client.line(), text.to_uppercase());
    };
    // A handler starts when its client connects, before that sends anything.
    let request = ["Socket {", "<socket.socket"];
    let mut first = row.client();
    let first_thread = row.says_five_lines(request);
    let mut second = row.client();
    let second_thread = row.says_five_lines(request);
    assert_ne!(first_thread, second_thread);
    for text in ["hello", "world"] {
        talk(&mut first, text);
        talk(&mut second, text);
    }
    // The server ends first: once its client has left, the course's handler would loop for ever.
    drop(row.server);
    assert_ends(first);
    assert_ends(second);
}

fn t9(row: Row) {
    let mut clients = [row.client(), row.client()];
    for (which, text) in [(0, "hello"), (1, "hi"), (0, "world")] {
        let client = &mut clients[which];
        // A handler starts when a datagram arrives.
        client.write(format!("{text}\n"));
        row.says_five_lines(["Datagram {", "(b'"]);
        row.says(text);
        assert_eq!(client.line(), "i am server");
    }
    clients.into_iter().for_each(assert_ends);
}

/// Three tests per row: with clients in Python, with a server in Python, and with neither.
macro_rules! rows {
    ($($row:ident),+) => {$(
        mod $row {
            use super::row::Language::{self, Python, Rust};

            #[track_caller]
            fn test(server: Language, clients: Language) {
                const SCRIPT: &str = include_str!(concat!(
                    "../../../../demos/src/bin/tutorial/",
                    stringify!($row),
                    ".py"
                ));
                if let Some(row) = super::Row::start(stringify!($row), SCRIPT, server, clients) {
                    super::$row(row);
                }
            }

            #[test]
            fn alone() {
                test(Rust, Rust);
            }

            #[test]
            fn clients_in_python() {
                test(Rust, Python);
            }

            #[test]
            fn server_in_python() {
                test(Python, Rust);
            }
        }
    )+};
}

rows!(t1, t2, t3, t4, t5, t6, t7, t8, t9);

/// A client of the row that needs no server. No test listens on that port.
const ALONE: [&str; 3] = ["t3", "client", "127.0.0.1:9"];

#[test]
fn a_client_of_udp_needs_no_server() {
    let mut client = Process::start(Command::new(demo("tutorial")).args(ALONE));
    client.write("hello\n\nworld\n");
    assert_ends(client);
}

/// The other tests show that a pipe gets none.
const PROMPTED: &str = r#"
process = start(*sys.argv[1:])
assert sees(b">>>: ") == b""
types(b"hello\n")
assert sees(b"hello\r\n>>>: ") == b""
types(b"\x04")
print(status(process), shown)
"#;

#[test]
fn only_a_terminal_gets_a_prompt() {
    let program = demo_path("tutorial");
    let arguments = [&[&*program], &ALONE[..]].concat();
    if let Some(terminal) = python(&[TERMINAL, PROMPTED].concat(), &arguments) {
        assert_eq!(terminal.line(), "0 b''");
        assert_ends(terminal);
    }
}

#[test]
fn bad_arguments_are_refused_in_one_line() {
    for (arguments, wrong) in [
        (&[][..], "<ROW>"),
        (&["t1"], "<ROLE>"),
        (&["t0", "server"], "'t0'"),
        (&["t10", "server"], "'t10'"),
        (&["t1", "waiter"], "'waiter'"),
        (&["t1", "server", "nowhere"], "'nowhere'"),
        (&["t1", "server", "127.0.0.1"], "'127.0.0.1'"),
        (&["t1", "server", "127.0.0.1:70000"], "'127.0.0.1:70000'"),
        (&["t8", "server", "/tmp/socket"], "'/tmp/socket'"),
        (&["t1", "server", "127.0.0.1:0", "more"], "'more'"),
        (&["t1", "server", "--port"], "'--port'"),
    ] {
        fails("tutorial", arguments, 2, wrong);
    }
}
