//! The children: how many there are, and how they are waited for.

use std::process::id;

use tests::prelude::*;

use crate::harness::list;
use crate::support::{EndAfter, Journal, ask, assert_ended, end_after, end_of, is_childless};

list!(
    TESTS: max_children_is_never_exceeded, a_full_server_can_be_stopped,
    an_ended_child_makes_room_at_once, a_drain_serves_the_backlog,
    other_children_are_left_alone,
    active_children_returns_their_numbers, handle_request_waits_for_ended_children,
    a_killed_child_is_logged,
);

/// How many were live after each line of the journal.
fn live(journal: &Journal) -> Vec<i32> {
    let lines = journal.lines().into_iter();
    let changes = lines.map(|line| if line == "begins" { 1 } else { -1 });
    let live = changes.scan(0, |live, change| {
        *live += change;
        Some(*live)
    });
    live.collect()
}

struct Ten(Journal);

impl BaseServer for Ten {
    fn service_actions(&self, server: &ServerRef<Self>) {
        end_after(10, server);
    }
}

/// Ends when there are two of them, or no more will come.
#[derive(BaseRequestHandler)]
struct Pair {
    server: ServerRef<Ten>,
}

impl Pair {
    fn handle(&self) {
        let journal = &self.server.0;
        journal.note("begins");
        until("there are two, or all have come", || {
            live(journal).last() == Some(&2) || journal.count("begins") == 10
        });
        journal.note("ends");
    }
}

/// Complaint 20.
fn max_children_is_never_exceeded() {
    let folder = Folder::new();
    let state = Ten(Journal::new(&folder));
    let server = bind(ForkingTCPServer::<Pair, _>::with(state).max_children(2));
    let clients = Client::streams(10, server.server_address());
    server.serve_forever().expect("serve");
    for mut client in clients {
        assert_eq!(client.rest(), b"");
    }
    let live = live(&server.state().0);
    assert_eq!((live.iter().max(), live.last()), (Some(&2), Some(&0)));
    assert_eq!(server.stats().finished, 10);
}

#[derive(Default)]
struct StopWhenFull;

impl<R> BaseServer<R> for StopWhenFull {
    fn service_actions(&self, server: &ServerRef<Self>) {
        if server.stats().workers.all == 1 {
            server.shutdown();
        }
    }
}

/// Complaint 20.
fn a_full_server_can_be_stopped() {
    let server = ForkingTCPServer::<Echo, StopWhenFull>::builder();
    let server = bind(server.max_children(1));
    let mut first = Client::stream(server.server_address());
    let mut second = ask(server.server_address(), "second");
    server.serve_forever().expect("serve");
    // The child is alive, and the second client still waits.
    assert_eq!(first.ask("first"), b"first");
    assert_eq!(server.stats().accepted, 1);

    first.end();
    // The server may serve again, and takes the second when there is room.
    assert_eq!(server.handle_request().expect("serve"), Served::Handled);
    assert_eq!(second.rest(), b"second");
}

/// One at a time, until the word "over" ends the server. Nothing else wakes this server but its
/// children.
fn serves_each(texts: &[&str]) {
    let server = ForkingTCPServer::handling(|request: Socket, _| {
        let text = request.recv(100)?;
        if text == b"over" {
            kill_process(getppid().expect("a parent"), Signal::TERM)?;
        }
        request.sendall(&text)
    });
    let server = bind(server.max_children(1));
    server.drain_on_signals(DEADLINE).expect("signals");
    let clients: Vec<_> = texts.iter().map(|text| ask(server.server_address(), text)).collect();
    server.serve_forever().expect("serve");
    for (mut client, text) in clients.into_iter().zip(texts) {
        assert_eq!(client.rest(), text.as_bytes());
    }
    assert_ended(&server.stats(), [texts.len() as u64, 0, 0, 0]);
}

fn an_ended_child_makes_room_at_once() {
    serves_each(&[["hello"; 19].as_slice(), &["over"]].concat());
}

/// The first client ends the server while the others still wait for room.
fn a_drain_serves_the_backlog() {
    serves_each(&["over", "hello", "hello", "hello", "hello"]);
}

fn a_killed_child_is_logged() {
    let lines = keep_lines(log::LevelFilter::Warn);
    let end = |_: Socket, _| kill_process(getpid(), Signal::KILL).expect("a signal");
    let server = bind(ForkingTCPServer::handling(end));
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serve");
    assert_eq!(client.rest(), b"");
    assert_eq!(server.drain(DEADLINE).aborted, 1);
    let [(_, warning)] = &lines.about("")[..] else {
        panic!("one warning: {lines:?}");
    };
    assert!(warning.contains("by signal 9"), "{warning}");
}

/// Complaint 20.
fn other_children_are_left_alone() {
    // It has ended, and is not waited for.
    let stranger = || {
        let child = Command::new("sh").args(["-c", "exit 72"]).spawn().expect("a shell");
        end_of(i32::try_from(child.id()).expect("a number"));
        child
    };
    let mut strangers = vec![stranger(), stranger()];
    let server = bind(ForkingTCPServer::<Echo, EndAfter>::with(EndAfter(3)));
    let _clients = ["one", "two", "three"].map(|text| ask(server.server_address(), text));
    server.serve_forever().expect("serve");
    strangers.push(stranger());
    server.server_close();
    drop(server);
    for mut stranger in strangers {
        assert_eq!(stranger.wait().expect("its end").code(), Some(72));
    }
    assert!(is_childless());
}

fn active_children_returns_their_numbers() {
    // Sends its process's number, and waits for its client's end.
    let server = bind(ForkingTCPServer::handling(|request: Socket, _| {
        request.sendall(id().to_string().as_bytes())?;
        request.recv(1).map(drop)
    }));
    let mut numbers: Vec<i32> = Vec::new();
    assert_eq!(server.active_children(), numbers);
    let clients = [(); 3].map(|()| {
        let mut client = Client::stream(server.server_address());
        server.handle_request().expect("serve");
        let number = String::from_utf8(client.recv()).expect("a number");
        numbers.push(number.parse().expect("a number"));
        client
    });
    let mut active = server.active_children();
    active.sort_unstable();
    numbers.sort_unstable();
    assert_eq!(active, numbers);
    assert_eq!((server.stats().active, server.stats().workers.all), (3, 3));

    clients.iter().for_each(Client::end);
    assert_eq!(server.server_close().aborted, 0);
    assert!(server.active_children().is_empty());
    assert!(is_childless());
}

/// Complaint 20.
fn handle_request_waits_for_ended_children() {
    let server = bind(ForkingTCPServer::<Echo>::builder().timeout(Duration::ZERO));
    for _ in 0..5 {
        let mut client = ask(server.server_address(), "hello");
        assert_eq!(server.handle_request().expect("serve"), Served::Handled);
        assert_eq!(client.rest(), b"hello");
        // The one before has been waited for.
        let [child] = server.active_children()[..] else { panic!("one child: {server:?}") };
        assert_eq!(end_of(child).exit_status(), Some(0));
    }
    assert_eq!(server.stats().finished, 4);
    // So does a call for which no request comes.
    assert_eq!(server.handle_request().expect("serve"), Served::TimedOut);
    assert_ended(&server.stats(), [5, 0, 0, 0]);
}
