//! What threads and green threads have in common: live requests wait side by side.

use tests::prelude::*;

fn silent_clients_block_no_others<C: Concurrent>() {
    let server = run(Server::<Tcp, C, Echo>::builder(), LOCAL);
    let mut clients: Vec<_> = Client::streams(50, &server.address());
    assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
    for round in 0..3 {
        for (number, client) in clients.iter_mut().enumerate().rev() {
            let question = format!("{number} {round}");
            assert_eq!(client.ask(&question), question.as_bytes());
        }
    }
    assert_eq!(server.stats().accepted, 51);
    assert!(server.stats().workers.all >= 50);
}

matrix!(concurrent: silent_clients_block_no_others);
