//! The first signal drains, the second ends the process.

use tests::prelude::*;

use crate::{Server, command};

/// Waits until no new client can connect.
fn until_draining(server: &Server) {
    until("the listener is closed", || Client::try_stream(&server.address).is_err());
}

#[test]
fn the_second_signal_ends_the_process_at_once() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let server = Server::start("upper", &[&apart().to_string(), "--drain", "1000"]);
        let mut client = Client::stream(&server.address);
        assert_eq!(client.ask("before"), b"BEFORE");
        server.process.signal(Signal::TERM);
        until_draining(&server);
        server.process.signal(signal);
        let (ended, _, _) = server.process.wait();
        assert_eq!(ended.code(), Some(status));
    }
}

#[test]
fn the_second_signal_ends_a_busy_inline_server() {
    let options = ["127.0.0.1:0", "--concurrency", "inline", "--drain", "1000"];
    let server = Server::start("upper", &options);
    let mut client = Client::stream(&server.address);
    assert_eq!(client.ask("before"), b"BEFORE");
    // Either may be delivered first.
    server.process.signal(Signal::INT);
    server.process.signal(Signal::TERM);
    let (ended, _, _) = server.process.wait();
    assert!(matches!(ended.code(), Some(130 | 143)), "{ended}");
}

#[test]
fn a_lame_duck_serves_until_the_second_signal() {
    for name in ["upper", "chat"] {
        let server = Server::start(name, &["127.0.0.1:0", "--lame-duck", "1000"]);
        server.process.signal(Signal::TERM);
        // Without a lame duck an idle server would have ended by then.
        std::thread::sleep(Duration::from_millis(300));
        let mut client = Client::stream(&server.address);
        client.send("hello\n");
        assert_ne!(client.recv(), b"");
        server.process.signal(Signal::TERM);
        let (ended, _, _) = server.process.wait();
        assert_eq!(ended.code(), Some(143), "{name}");
    }
}

#[test]
fn a_signal_logs_the_counters() {
    let server = Server::start("upper", &["127.0.0.1:0"]);
    let mut client = Client::stream(&server.address);
    assert_eq!(client.ask("hello"), b"HELLO");
    server.process.signal(Signal::USR1);
    let line = server.process.error_with("accepted");
    assert!(line.ends_with("accepted 1, finished 0, failed 0, refused 0, aborted 0"), "{line}");
    assert_eq!(client.finish(), b"");
    assert_eq!(server.drain().summary(), [1, 1, 0, 0, 0]);
}

#[test]
fn the_log_can_be_turned_off() {
    let mut command = command("upper", &["127.0.0.1:0"]);
    let server = Server::of(Process::start(command.env("RUST_LOG", "off")));
    server.process.signal(Signal::TERM);
    let (ended, output, log) = server.process.wait();
    assert!(ended.success());
    assert_eq!((output, log), (String::new(), String::new()));
}

/// As a supervisor leaves them that waits for signals itself, and does not restore them for its
/// children.
#[test]
fn signals_that_the_parent_blocked_are_received() {
    for concurrency in ["threading", "inline", "forking", "green"] {
        let program = command("upper", &["127.0.0.1:0", "--concurrency", concurrency]);
        let mut blocked = Command::new("env");
        blocked.arg("--block-signal").arg(program.get_program()).args(program.get_args());
        blocked.env_remove("RUST_LOG");
        let server = Server::of(Process::start(&mut blocked));
        let mut client = Client::stream(&server.address);
        assert_eq!(client.ask("hello"), b"HELLO");
        assert_eq!(client.finish(), b"");
        server.process.signal(Signal::USR1);
        server.process.error_with("accepted");
        assert_eq!(server.drain().summary(), [1, 1, 0, 0, 0]);
    }
}
