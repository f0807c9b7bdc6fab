//! A request in its child, and its end.

use std::process::{abort, exit, id};

use tests::prelude::*;

use crate::harness::list;
use crate::support::{EndAfter, Journal, ask, assert_ended};

list!(
    TESTS: a_crash_costs_only_its_own_request, a_wrapped_job_runs_in_the_child,
    a_given_connection_is_served_by_a_child,
);

fn a_given_connection_is_served_by_a_child() {
    let (connection, client) = tcp_pair();
    let mut client = Client::Tcp(client);
    client.send("hello");
    client.end();
    let server = ForkingTCPServer::<Echo>::builder().from_socket(connection);
    let server = server.expect("from_socket");
    server.serve_forever().expect("a good end");
    assert_eq!(client.rest(), b"hello");
    assert_ended(&server.stats(), [1, 0, 0, 0]);
}

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
    let endings = "hello/abort/exit 0/kill/become true/become false/exit 3/still there?".split('/');
    let server = bind(ForkingTCPServer::<Ending, _>::with(EndAfter(8)));
    let clients = endings.map(|ending| (ask(server.server_address(), ending), ending));
    let clients: Vec<_> = clients.collect();
    server.serve_forever().expect("serve");
    for (mut client, ending) in clients {
        let answered = matches!(ending, "hello" | "still there?");
        let answer = if answered { ending } else { "" };
        assert_eq!(client.rest(), answer.as_bytes(), "{ending}");
    }
    assert_ended(&server.stats(), [4, 2, 0, 2]);
}

fn a_wrapped_job_runs_in_the_child() {
    let folder = Folder::new();
    let journal = Journal::new(&folder);
    let (written, parent) = (journal.clone(), id());
    let server = ForkingTCPServer::<Echo, _>::with(EndAfter(1)).around(move |run| {
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
