//! What threads and green threads have in common: live requests wait side by side.

use socketserver::options::{DaemonThreads, Has, OnClose};
use tests::prelude::*;

/// A concurrency whose requests may outlive its server.
trait Leaves: Concurrent + Has<OnClose> + Has<DaemonThreads> {}

impl<C: Concurrent + Has<OnClose> + Has<DaemonThreads>> Leaves for C {}

fn silent_clients_block_no_others<C: Concurrent>() {
    let server = run(Server::<Tcp, C, Echo>::builder(), LOCAL);
    let mut clients: Vec<_> = Client::streams(50, &server.address());
    Client::echoed(&server.address());
    for round in 0..3 {
        for (number, client) in clients.iter_mut().enumerate().rev() {
            let question = format!("{number} {round}");
            assert_eq!(client.ask(&question), question.as_bytes());
        }
    }
    assert_eq!(server.stats().accepted, 51);
    assert!(server.stats().workers.all >= 50);
}

/// Complaint 16.
fn server_close_waits_unless_switched_off<C: Leaves>() {
    let builder = || Server::<Tcp, C, Echo>::builder().drain_timeout(Duration::from_millis(50));
    let waits = bind(builder());
    let mut client = Client::stream(waits.server_address());
    waits.handle_request().expect("serves");
    assert_eq!(waits.server_close().aborted, 1);
    assert_eq!(client.rest(), b"");

    close_waits_for_no_request(builder().block_on_close(false));
    close_waits_for_no_request(builder().daemon_threads(true));
    close_waits_for_no_request(builder().daemon_threads(true).around(Run::run));
}

#[track_caller]
fn close_waits_for_no_request<C: Concurrency>(builder: Builder<Tcp, C, Echo, ()>) {
    let leaves = bind(builder);
    let mut client = Client::stream(leaves.server_address());
    leaves.handle_request().expect("serves");
    assert_eq!(leaves.server_close().aborted, 0);
    let server = leaves.server_ref();
    drop(leaves);
    assert_eq!(client.ask("hello"), b"hello");
    assert_eq!(client.finish(), b"");
    until("it has finished", || server.stats().finished == 1);
}

/// Whose own time counts, whatever the options of the close.
fn a_drain_waits_where_a_close_does_not<C: Leaves>() {
    let server = Server::<Tcp, C, Echo>::builder().daemon_threads(true);
    let server = server.block_on_close(false).drain_timeout(Duration::from_millis(50));
    let server = Arc::new(bind(server));
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    let patient = server.clone();
    let patient = thread::spawn(move || Ok(patient.drain(DEADLINE / 2)));
    until("it is drained", || server.fileno() == -1);
    server.server_close();
    assert_eq!(client.ask("hello"), b"hello");
    assert_eq!(client.finish(), b"");
    assert_eq!(ends_well(patient).aborted, 0);
}

matrix!(
    concurrent: silent_clients_block_no_others, server_close_waits_unless_switched_off,
    a_drain_waits_where_a_close_does_not,
);
