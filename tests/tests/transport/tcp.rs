//! TCP: servers that accept a client once it has sent something.

use tests::prelude::*;

fn wait_for_input_leaves_silent_clients_waiting<C: Column>() {
    let server = run(Server::<Tcp, C, Echo>::builder().wait_for_input(DEADLINE * 10), LOCAL);
    let mut silent = Client::stream(&server.address());
    let mut second = Client::stream(&server.address());
    // An inline server would wait for the first if it had been accepted.
    assert_eq!(second.ask(b"hello"), b"hello");
    assert_eq!(server.stats().accepted, 1);
    drop(second);
    assert_eq!(silent.ask(b"here I am"), b"here I am");
}

fn wait_for_input_gives_up_after_a_while<C: Column>() {
    let builder = Server::<Tcp, C, Echo>::builder().wait_for_input(Duration::from_secs(1));
    let server = run(builder, LOCAL);
    let _silent = Client::stream(&server.address());
    until("it is accepted", || server.stats().accepted == 1);
}

/// The system counts in seconds, and waits for no input where it is to wait for zero.
#[test]
fn shortest_wait_for_input_is_a_second() {
    let builder = Server::<Tcp, Threading, Echo>::builder();
    let server = run(builder.wait_for_input(Duration::from_millis(1)), LOCAL);
    let leaves_waiting = || {
        let (began, before) = (Instant::now(), server.stats().accepted);
        let _silent = Client::stream(&server.address());
        Client::echoed(&server.address());
        server.stats().accepted == before + 1 && began.elapsed() < Duration::from_secs(1)
    };
    // A busy machine may be late.
    assert!((0..10).any(|_| leaves_waiting()));
}

matrix!(
    columns: wait_for_input_leaves_silent_clients_waiting, wait_for_input_gives_up_after_a_while,
);
