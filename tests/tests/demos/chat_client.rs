//! The chat's client, in a pipe and on a terminal.

use tests::prelude::*;

use crate::chat::Member;
use crate::{Server, command, start};

fn chat() -> Server {
    Server::start("chat", &["127.0.0.1:0"])
}

#[test]
fn a_pipe_ends_after_the_last_answer() {
    let server = chat();
    let mut ann = Member::join(&server, "ann");
    let mut client = start("chat-client", &[&server.address_text()]);
    client.write("bob\nhello\n");
    assert_eq!(client.line(), "-- what is your name?");
    assert_eq!(client.line(), "-- welcome, bob");
    assert_eq!(client.line(), "-- here are: ann, bob");
    ann.hears("-- bob has joined");
    ann.hears("bob: hello");
    ann.types("hello, bob");
    assert_eq!(client.line(), "ann: hello, bob");
    client.write("/who\nlast words");
    let ended = client.ended();
    assert_eq!(ended.errors, "");
    assert_eq!(ended.passed(), "-- here are: ann, bob\n");
    ann.hears("bob: last words");
    ann.hears("-- bob has left");
    ann.quits();
    assert_eq!(server.drain().summary(), [2, 2, 0, 0, 0]);
}

#[test]
fn a_pipe_ends_with_the_server() {
    let server = chat();
    let mut client = command("chat-client", &[&server.address_text()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the client");
    // This pipe stays open until the client has ended.
    let mut input = client.stdin.take().expect("a pipe");
    input.write_all(b"bob\nover\n").expect("write");
    let ended = in_time("the client's end", || client.wait_with_output());
    let ended = ended.expect("its output");
    assert!(ended.status.success());
    let output = String::from_utf8(ended.stdout).expect("text");
    assert!(output.ends_with("-- here are: bob\n"), "{output}");
    drop(input);
    server.drain();
}

/// A program on a terminal.
pub(crate) const TERMINAL: &str = r#"
import os, pty, select, socket, sys, termios
shown = b""

def start(*command):
    global terminal
    process, terminal = pty.fork()
    if process == 0:
        os.environ["TERM"] = "xterm"
        os.execv(command[0], command)
    return process

def types(text):
    os.write(terminal, text)

def sees(text):
    global shown
    while text not in shown:
        assert select.select([terminal], [], [], 15)[0], (text, shown)
        shown += os.read(terminal, 65_536)
    before, _, shown = shown.partition(text)
    return before

def status(process):
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
"#;

/// A user, and another member that interrupts.
const USER: &str = r#"
program, address, end = sys.argv[1:]
process = start(program, address)

def rest():
    text = shown
    try:
        while select.select([terminal], [], [], 15)[0]:
            text += os.read(terminal, 65_536)
    except OSError:  # The client has closed the terminal.
        return text
    raise TimeoutError

def lines_are_edited_by_the_system():
    return bool(termios.tcgetattr(terminal)[3] & termios.ICANON)

sees(b"-- what is your name?")
sees(b">>>: ")
assert not lines_are_edited_by_the_system()
types(b"bob\r")
sees(b"-- here are: bob")
sees(b">>>: ")
types(b"heXXllo")
sees(b"heXXllo")
host, port = address.split(":")
other = socket.create_connection((host, int(port)), timeout=15)
lines = other.makefile("rb")
other.sendall(b"other\nhello first\n")
sees(b"other: hello first\r\n>>>: heXXllo")
types(b"\x1b[D" * 3 + b"\x7f\x7f\r")
while lines.readline() != b"bob: hello\n": pass
sees(b">>>: ")
if end == "quit":
    types(b"/quit\r")
    # After that the user expects the server to end the conversation.
    assert b"-- the server has ended" not in rest()
else:
    print("over to the server")
    sees(b"-- the server has ended the conversation")
print("status", status(process))
assert lines_are_edited_by_the_system()
print("the terminal is as it was")
if end == "quit":
    other.sendall(b"/quit\n")
    while lines.readline(): pass
"#;

/// Runs the script, which ends by the user's `quit` or with the server.
#[track_caller]
fn user(server: &Server, end: &str) -> Option<Process> {
    python(&[TERMINAL, USER].concat(), &[&demo_path("chat-client"), &server.address_text(), end])
}

#[track_caller]
fn ends_well(user: Process) {
    assert_eq!(user.line(), "status 0");
    assert_eq!(user.line(), "the terminal is as it was");
    user.ended().passed();
}

#[test]
fn a_terminal_shows_others_above_the_edited_line() {
    let server = chat();
    let Some(user) = user(&server, "quit") else { return };
    ends_well(user);
    assert_eq!(server.drain().summary(), [2, 2, 0, 0, 0]);
}

#[test]
fn a_terminal_shows_that_the_server_has_ended() {
    let server = Server::start("chat", &["127.0.0.1:0", "--drain", "0.2"]);
    let Some(user) = user(&server, "server") else { return };
    assert_eq!(user.line(), "over to the server");
    server.drain();
    ends_well(user);
}

/// A client with input from a pipe, and its server.
const PIPE: &str = r#"
import os, pty, socket, subprocess, sys
server = socket.create_server(("127.0.0.1", 0))

def start(**pipes):
    command = [sys.argv[1], "127.0.0.1:%d" % server.getsockname()[1]]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, **pipes)
    client.stdin.write(b"hello\n")
    client.stdin.flush()
    return client, server.accept()[0]
"#;

/// A server that commands the terminal.
const HOSTILE: &str = r#"
master, slave = pty.openpty()
client, connection = start(stdout=slave)
os.close(slave)
connection.recv(10)
connection.sendall(b"\x1b[31mred\x07\n")
client.stdin.close()
connection.close()
shown = b""
try:
    while chunk := os.read(master, 1000):
        shown += chunk
except OSError:  # The client has closed the terminal.
    pass
client.wait(15)
print(shown.decode().strip())
"#;

#[test]
fn a_terminal_is_not_commanded_even_beside_a_pipe() {
    for client in ["chat-client", "upper-client"] {
        let arguments = [&*demo_path(client)];
        let Some(output) = python_says(&[PIPE, HOSTILE].concat(), &arguments) else { return };
        assert_eq!(output, "\u{fffd}[31mred\u{fffd}\n", "{client}");
    }
}

/// Asks a server that never ends its line, and reports how much memory the client takes.
const ENDLESS: &str = r#"
client, connection = start(stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
try:
    for _ in range(200):
        connection.sendall(b"x" * (1 << 20))
    status = open("/proc/%d/status" % client.pid).read().split()
    print(int(status[status.index("VmHWM:") + 1]) // 1024 < 32)
    client.kill()
except OSError:
    print(client.wait(15), client.stderr.read())
"#;

#[test]
fn an_endless_answer_takes_no_memory() {
    let too_long = "1 b'error: expected an answer of at most 18 bytes, got a longer one\\n'";
    for (client, printed) in [("chat-client", "True"), ("upper-client", too_long)] {
        let arguments = [&*demo_path(client)];
        let Some(python) = python(&[PIPE, ENDLESS].concat(), &arguments) else { return };
        assert_eq!(python.line(), printed, "{client}");
    }
}

#[test]
fn a_pipe_leaves_a_silent_server() {
    let server = TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = server.local_addr().expect("an address").to_string();
    let (status, output, error) = start("chat-client", &["--patience", "0.1", &address]).wait();
    assert_eq!((status.code(), &*output), (Some(1), ""));
    assert_eq!(error, "error: expected the server to end the conversation, got silence\n");
}

/// A user whose server does not read.
const DEAF: &str = r#"
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[2])
server.listen()
process = start(sys.argv[1], "--patience", "0.2", sys.argv[2])
connection, _ = server.accept()
sees(b">>>: ")
types(b"x" * 2_000 + b"\r")
try:
    while True:
        sees(b">>>: ")
        types(b"\x1b[A\r")
except (OSError, AssertionError):
    print(shown.decode().splitlines()[-1], status(process))
"#;

#[test]
fn a_terminal_leaves_a_server_that_does_not_read() {
    let (program, folder) = (demo_path("chat-client"), Folder::new());
    let arguments = [&*program, &folder.join("socket").display().to_string()];
    let Some(python) = python(&[TERMINAL, DEAF].concat(), &arguments) else { return };
    assert_eq!(python.line(), "error: cannot send the line: timed out 1");
}
