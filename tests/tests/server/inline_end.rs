//! The end of a server whose handlers run on the loop's own thread, while one of them waits for an
//! idle client. It comes within the time of the drain, whatever has asked for it. A signal goes to
//! the whole process, so each of its tests has a separate one.

use tests::prelude::*;

use crate::signals::signal_myself;

const DRAIN: Duration = Duration::from_millis(300);
/// Far more than such an end needs, and less than any other deadline.
const AT_ONCE: Duration = Duration::from_secs(4);

type Inline = TCPServer<Call, Function>;

/// Its handler echoes, and begins a drain if the client asks for one.
fn builder() -> Builder<Tcp, socketserver::Inline, Call, Function> {
    Inline::with(Function::new(|request, server| {
        loop {
            match &*request.recv(1024)? {
                b"" => return Ok(()),
                b"drain" => server.begin_drain(DRAIN),
                data => request.sendall(data)?,
            }
        }
    }))
}

/// Serves a client that stays, asks for the end in its midst, and looks how long that takes.
fn ends_in_time(server: Inline, clients: usize, end: impl FnOnce(&Inline, &mut Client)) {
    let server = Arc::new(server);
    let serving = serve(&server);
    let mut client = Client::echoed(server.server_address());
    let waiting = Client::streams(clients - 1, server.server_address());
    let began = Instant::now();
    end(&server, &mut client);
    ends_well(serving);
    let took = began.elapsed();
    assert!((DRAIN..AT_ONCE).contains(&took), "{took:?}");
    assert_eq!(client.rest(), b"");
    let stats = server.stats();
    assert_eq!((stats.active, stats.finished), (0, 0), "{stats:?}");
    assert!(stats.aborted >= 1, "{stats:?}");
    drop(waiting);
}

fn listening(lame_duck: Duration) -> Inline {
    let server = bind(builder().lame_duck(lame_duck));
    server.drain_on_signals(DRAIN).expect("signals");
    server
}

#[test]
fn signal_ends_idle_clients_of_the_backlog() {
    let Some(()) = alone() else { return };
    ends_in_time(listening(Duration::ZERO), 5, |server, _| {
        signal_myself(Signal::TERM);
        until("the handler can know", || server.server_ref().is_stopping());
    });
}

#[test]
fn signal_ends_a_lame_duck_with_an_idle_client() {
    let Some(()) = alone() else { return };
    ends_in_time(listening(DRAIN), 1, |_, _| signal_myself(Signal::TERM));
}

/// Also if signals are asked for only after the loop has begun.
#[test]
fn signal_ends_a_handle_request() {
    let Some(()) = alone() else { return };
    let server = Arc::new(bind(builder()));
    let serving = server.clone();
    let serving = thread::spawn(move || (0..2).for_each(|_| drop(serving.handle_request())));
    let _client = Client::echoed(server.server_address());
    server.drain_on_signals(DRAIN).expect("signals");
    signal_myself(Signal::TERM);
    in_time("the loop's end", move || serving.join()).expect("no panic");
    assert_eq!((server.stats().aborted, server.fileno()), (1, -1));
}

#[test]
fn signals_take_one_thread_and_no_more() {
    let Some(()) = alone() else { return };
    let before = count_of("task");
    let server = listening(Duration::ZERO);
    assert_eq!(count_of("task"), before);
    for _ in 0..20 {
        let mut client = Client::stream(server.server_address());
        client.send("hello");
        client.end();
        let _ = server.handle_request().expect("it serves");
        assert_eq!(count_of("task"), before + 1);
    }
    drop(server);
    until("it has gone", || count_of("task") == before);
}

#[test]
fn drain_ends_idle_clients_of_the_backlog() {
    ends_in_time(bind(builder()), 5, |server, _| _ = server.drain(DRAIN));
    // Without a loop, its caller serves the backlog.
    let server = bind(builder());
    let _clients = Client::streams(5, server.server_address());
    let drained = in_time("the drain", move || server.drain(DRAIN));
    assert!(drained.took < AT_ONCE, "{drained:?}");
}

#[test]
fn begin_drain_ends_an_idle_client() {
    ends_in_time(bind(builder()), 1, |server, _| server.server_ref().begin_drain(DRAIN));
}

#[test]
fn handler_that_begins_a_drain_is_ended_too() {
    ends_in_time(bind(builder()), 3, |_, client| client.send("drain"));
}
