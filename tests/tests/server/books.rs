//! The books of live requests: their state, their deadlines, their counters.

use tests::prelude::*;

/// Complaint 34.
fn handlers_share_the_state<C: Concurrent>() {
    let count = Arc::new(Mutex::new(0));
    let counted = count.clone();
    let server = Server::<Tcp, C, _, _>::handling(move |request: Socket, _| -> io::Result<()> {
        while !request.recv(1)?.is_empty() {
            *counted.lock() += 1;
        }
        Ok(())
    });
    let server = run(server, LOCAL);
    let mut clients = Client::streams(8, &server.address());
    for _ in 0..100 {
        clients.iter_mut().for_each(|client| client.send("x"));
    }
    for client in clients {
        assert_eq!(client.finish(), b"");
    }
    assert_eq!(*count.lock(), 800);
}

/// No operation of the dripping client's handler takes long, only all of them together.
///
/// Complaint 28.
fn the_deadline_aborts_slow_clients_alone<C: Concurrent>() {
    let deadline = Duration::from_millis(300);
    let server = run(Server::<Tcp, C, Echo>::builder().deadline(deadline), LOCAL);
    let began = Instant::now();
    let mut silent = Client::stream(&server.address());
    let mut dripping = Client::stream(&server.address());
    let dripping = thread::spawn(move || {
        let answered = |client: &mut Client| client.read(&mut [0]).is_ok_and(|read| read > 0);
        while dripping.write_all(b"x").is_ok() && answered(&mut dripping) {
            thread::sleep(Duration::from_millis(5));
        }
    });
    while !dripping.is_finished() {
        assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
        assert!(began.elapsed() < DEADLINE);
    }
    dripping.join().expect("no panic");
    assert_eq!(silent.rest(), b"");
    assert!(began.elapsed() >= deadline, "{:?}", began.elapsed());
    until("both are counted", || server.stats().aborted == 2);
}

matrix!(concurrent: handlers_share_the_state, the_deadline_aborts_slow_clients_alone);
