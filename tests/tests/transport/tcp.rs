//! Streams from end to end: TCP, and what Unix streams share with it.

use tests::prelude::*;

fn text(length: usize) -> Vec<u8> {
    let mut text = b"the quick brown fox ".repeat(length / 20 + 1);
    text.truncate(length);
    text
}

fn every_byte_comes_back<T: Streams, C: Column>() {
    let (_folder, server) = placed(Server::<T, C, Echo>::builder());
    for length in [0, 1, 2, 1_023, 1_024, 1_025, 8_191, 8_192, 8_193, 65_537] {
        let mut client = T::client(&server.address());
        assert_eq!(client.ask(text(length)), text(length));
        assert_eq!(client.finish(), b"");
    }
    let mut client = T::client(&server.address());
    for _ in 0..30 {
        assert!(client.ask(text(100_000)) == text(100_000));
    }
}

matrix!(streams: every_byte_comes_back);

fn wait_for_input_leaves_silent_clients_waiting<C: Column>() {
    let builder = Server::<Tcp, C, Echo>::builder().wait_for_input(DEADLINE * 10);
    let server = run(builder, LOCAL);
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

matrix!(columns: wait_for_input_leaves_silent_clients_waiting, wait_for_input_gives_up_after_a_while);
