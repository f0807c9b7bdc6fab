//! Datagrams from end to end: UDP, and what Unix datagrams share with it.

use tests::prelude::*;

fn echo(request: Datagram, client_address: Address) -> io::Result<()> {
    assert!(!request.truncated());
    assert_eq!(request.socket.sendto(&request.data, client_address)?, request.data.len());
    Ok(())
}

/// Complaint 21.
fn every_size_is_one_request<T: Datagrams, C: Column>() {
    let (_folder, server) = placed(Server::<T, C, _, _>::handling(echo));
    let mut client = T::client(&server.address());
    let sizes = [0, 1, 0, 2, 1_472, 1_473, 8_191, 8_192, 8_193, 65_507];
    for size in sizes {
        let data: Vec<u8> = (0..size).map(|place| place as u8).collect();
        assert_eq!(client.write(&data).expect("send"), size);
        assert!(client.recv() == data, "{size} bytes");
    }
    assert_eq!(server.ends(), [10, 0, 0, 0]);
}

/// Complaint 34.
fn answers_go_to_the_client_that_asked<T: Datagrams, C: Column>() {
    let (_folder, server) = placed(Server::<T, C, _, _>::handling(echo));
    crowd(20, 20, |number| {
        let mut client = T::client(&server.address());
        for round in 0..50 {
            let question = format!("{number} {round}");
            assert_eq!(client.ask(&question), question.as_bytes());
        }
    });
    assert_eq!(server.ends(), [1_000, 0, 0, 0]);
}

matrix!(datagrams: every_size_is_one_request, answers_go_to_the_client_that_asked);

/// Sizes of datagrams that a server sees of these, and whether they were truncated.
fn seen<T: Datagrams>(transport: T, sizes: &[usize]) -> Vec<(usize, bool)> {
    #[derive(BaseRequestHandler)]
    struct Look {
        request: Datagram,
    }
    impl Look {
        fn handle(&self) -> io::Result<()> {
            let (length, cut) = (self.request.data.len(), self.request.truncated());
            self.request.reply(format!("{length} {cut}"))
        }
    }
    let (_folder, server) = placed(Builder::<T, Inline, Look, ()>::new(transport, Inline, ()));
    let mut client = T::client(&server.address());
    let seen = sizes.iter().map(|&size| {
        let answer = String::from_utf8(client.ask(vec![b'x'; size])).expect("text");
        let (length, cut) = answer.split_once(' ').expect("two words");
        (length.parse().expect("a number"), cut == "true")
    });
    seen.collect()
}

/// Complaint 21.
#[test]
fn truncated_datagrams_are_marked() {
    let sizes = [9, 10, 11, 1_000, 10];
    let cut = [(9, false), (10, false), (10, true), (10, true), (10, false)];
    assert_eq!(seen(Udp::new().max_packet_size(10), &sizes), cut);
    assert_eq!(seen(UnixDatagram::new().max_packet_size(10), &sizes), cut);
    assert_eq!(seen(Udp::new().max_packet_size(0), &[1]), [(0, true)]);
    let whole = [(65_535, false), (65_535, true)];
    assert_eq!(seen(UnixDatagram::new(), &[65_535, 65_536]), whole);
}

/// The socket is the server's.
fn an_aborted_request_leaves_the_socket_whole<C: Concurrent>() {
    // An abort does not end the wait for a lock.
    let gate = Arc::new(green::Mutex::new(()));
    let (shut, deaf) = (gate.lock(), gate.clone());
    let builder = Server::<Udp, C, _, _>::handling(move |request: Datagram, client_address| {
        if *request.data == *b"wait" {
            drop(deaf.lock());
        }
        echo(request, client_address)
    });
    // With no time at all a request is overdue when the loop looks next.
    let server = run(builder.deadline(Duration::ZERO), LOCAL);
    let mut waiting = Client::datagram(&server.address());
    waiting.send(b"wait");
    until("it waits", || server.stats().active == 1);
    // The loop looks between two batches, and no batch has as many as these.
    let mut others = Client::datagram(&server.address());
    for _ in 0..100 {
        assert_eq!(others.ask(b"hello"), b"hello");
    }
    drop(shut);
    assert_eq!(waiting.recv(), b"wait");
    until("all have ended", || server.stats().active == 0);
    assert!(server.stats().aborted >= 1);
}

matrix!(concurrent: an_aborted_request_leaves_the_socket_whole);
