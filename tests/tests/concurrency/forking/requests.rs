//! A request in its child, and its end.

use std::process::{abort, exit, id};

use tests::prelude::*;

use crate::harness::list;
use crate::support::{EndAfter, Journal, ask, is_childless};

list!(
    TESTS: every_transport_echoes, a_crash_costs_only_its_own_request,
    a_reply_arrives_whole_despite_unread_input, a_wrapped_job_runs_in_the_child,
);

fn echoes<T: Row>() {
    let folder = Folder::new();
    let server = Server::<T, Forking, Echo, EndAfter>::with(EndAfter(3));
    let server = server.bind(T::address(&folder)).expect("bind");
    let clients: Vec<Client> = ["one", "two", "three"]
        .map(|text| {
            let mut client = T::client(server.server_address());
            client.send(text);
            client.end();
            client
        })
        .into();
    server.serve_forever().expect("serve");
    for (mut client, text) in clients.into_iter().zip(["one", "two", "three"]) {
        assert_eq!(client.recv(), text.as_bytes());
    }
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.finished), (3, 3), "{stats:?}");
    server.server_close();
    assert_eq!(server.fileno(), -1);
    assert!(is_childless());
}

fn every_transport_echoes() {
    echoes::<Tcp>();
    echoes::<Udp>();
    echoes::<UnixStream>();
    echoes::<UnixDatagram>();
}

/// Ends its process as its client says.
#[derive(BaseRequestHandler)]
struct Ending {
    request: Socket,
}

impl Ending {
    fn handle(&self) -> io::Result<()> {
        match &self.request.recv(100)?[..] {
            b"abort" => abort(),
            b"kill" => Ok(kill_process(getpid(), Signal::KILL)?),
            b"exit 0" => exit(0),
            b"exit 3" => exit(3),
            b"become true" => Err(Command::new("true").exec()),
            b"become false" => Err(Command::new("false").exec()),
            text => self.request.sendall(text),
        }
    }
}

fn a_crash_costs_only_its_own_request() {
    let endings = [
        "hello",
        "abort",
        "exit 0",
        "kill",
        "become true",
        "become false",
        "exit 3",
        "still there?",
    ];
    let server = bind(ForkingTCPServer::<Ending, EndAfter>::with(EndAfter(
        endings.len() as u64,
    )));
    let clients = endings.map(|ending| {
        let mut client = Client::stream(server.server_address());
        client.send(ending);
        client
    });
    server.serve_forever().expect("serve");
    for (mut client, ending) in clients.into_iter().zip(endings) {
        let answered = matches!(ending, "hello" | "still there?");
        let answer = if answered { ending } else { "" };
        assert_eq!(client.rest(), answer.as_bytes(), "{ending}");
    }
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.active), (8, 0), "{stats:?}");
    assert_eq!(
        (stats.finished, stats.failed, stats.aborted),
        (4, 2, 2),
        "{stats:?}"
    );
}

/// Reads one byte of many, and sends more than the system holds for its client.
#[derive(BaseRequestHandler)]
struct Reply {
    request: Socket,
}

impl Reply {
    fn handle(&self) -> io::Result<()> {
        self.request.recv(1)?;
        self.request.sendall(&[b'x'; 400_000])
    }
}

/// The child waits until its client has read the reply; the parent's copy of the connection is
/// closed long before.
fn a_reply_arrives_whole_despite_unread_input() {
    let server = ForkingTCPServer::<Reply>::bind(LOCAL).expect("bind");
    for _ in 0..50 {
        let mut client = Client::stream(server.server_address());
        client.send([b'x'; 50_000]);
        server.handle_request().expect("serve");
        assert_eq!(client.rest().len(), 400_000);
    }
}

fn a_wrapped_job_runs_in_the_child() {
    let folder = Folder::new();
    let journal = Journal::new(&folder);
    let (written, parent) = (journal.clone(), id());
    let server = ForkingTCPServer::<Echo, EndAfter>::with(EndAfter(1)).around(move |run| {
        assert_ne!(id(), parent);
        written.note("before");
        let end = run.run();
        written.note(&format!("after: {end:?}"));
        end
    });
    let server = bind(server);
    let mut client = ask(server.server_address(), "hello");
    server.serve_forever().expect("serve");
    assert_eq!(client.rest(), b"hello");
    assert_eq!(journal.lines(), ["before", "after: Finished"]);
    let stats = server.stats();
    assert_eq!((stats.finished, stats.workers), (1, Workers::default()));
}
