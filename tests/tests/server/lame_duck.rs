//! Lame ducks: servers that are about to drain, and serve every client until then.

use tests::prelude::*;

const FOR_EVER: Duration = Duration::from_secs(3_600);

fn a_lame_duck_serves_every_client<T: Streams, C: Column>() {
    let health = Function::new(|request, server| {
        let health = (server.is_leaving(), server.is_stopping());
        request.sendall(format!("{health:?}").as_bytes())
    });
    let (_folder, server) = placed(Server::<T, C, Call, _>::with(health).lame_duck(FOR_EVER));
    let (address, leaving) = (server.address(), (*server).clone());
    assert_eq!(T::client(&address).rest(), b"(false, false)");
    until("it is counted", || server.stats().finished == 1);
    let draining = thread::spawn(move || server.drain(DEADLINE / 2));
    until("it is a lame duck", || leaving.is_leaving());
    for _ in 0..10 {
        // A second drain does not hasten the first.
        leaving.begin_drain(DEADLINE);
        assert_eq!(T::client(&address).rest(), b"(true, false)");
    }
    // A shutdown does not wait, and the drain that was asked for before is done.
    let stopping = leaving.clone();
    in_time("the loop's end", move || stopping.shutdown());
    let (drained, stats) = draining.join().expect("a good end");
    assert_eq!((drained.aborted, stats.finished), (0, 11));
    assert!(leaving.is_stopping());
    assert!(Client::try_stream(&address).is_err(), "the server has gone");
}

fn a_lame_duck_drains_after_its_time<T: Row, C: Column>() {
    let time = Duration::from_millis(300);
    for waits in [true, false] {
        let folder = Folder::new();
        let server = Server::<T, C, Echo>::builder().lame_duck(time);
        let server = Arc::new(server.bind(T::address(&folder)).expect("bind"));
        let serving = serve(&server);
        assert_eq!(T::client(server.server_address()).ask("hello"), b"hello");
        let began = Instant::now();
        if waits {
            server.drain(DEADLINE);
        } else {
            server.server_ref().begin_drain(DEADLINE);
            until("it has ended", || server.fileno() == -1);
        }
        assert!(began.elapsed() >= time, "{:?}", began.elapsed());
        ends_well(serving);
    }
}

/// Complaint 06: a close ends the loop.
fn only_a_draining_loop_is_a_lame_duck<T: Row, C: Column>() {
    let folder = Folder::new();
    let bind = || {
        let server = Server::<T, C, Echo>::builder().lame_duck(FOR_EVER);
        Arc::new(server.bind(T::address(&folder)).expect("bind"))
    };
    // A server that waits for one request does not know whether it will wait for another.
    let server = bind();
    let waiting = server.clone();
    let waiting = thread::spawn(move || waiting.handle_request());
    let stopping = server.clone();
    in_time("a drain of one", move || stopping.drain(FOR_EVER));
    let served = waiting.join().expect("no panic");
    assert!(matches!(served, Ok(Served::Stopped) | Err(_)), "{served:?}");
    drop(server);
    // A close does not wait.
    let server = bind();
    let serving = serve(&server);
    assert_eq!(T::client(server.server_address()).ask("hello"), b"hello");
    let closing = server.clone();
    in_time("a close", move || closing.server_close());
    ends_well(serving);
    assert_eq!((server.fileno(), server.stats().accept_errors), (-1, 0));
}

matrix!(streams: a_lame_duck_serves_every_client);
matrix!(all: a_lame_duck_drains_after_its_time, only_a_draining_loop_is_a_lame_duck);
