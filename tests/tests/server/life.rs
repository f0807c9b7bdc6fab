//! A server's life: fresh, serving, stopping, stopped and perhaps serving again, closed.

use std::io::{self, Read, Write};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socketserver::{
    BaseRequestHandler, BaseServer, Concurrency, Request, RequestHandler, Served, Server,
    ServerRef, Socket, Tcp, Transport,
};
use tests::{Client, DEADLINE, Echo, Folder, Place, Running, apart, in_time, matrix, run, until};

fn serve<T, C, H, S>(server: &Arc<Server<T, C, H, S>>) -> JoinHandle<io::Result<()>>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    let server = server.clone();
    thread::spawn(move || server.serve_forever())
}

#[track_caller]
fn ends(serving: JoinHandle<io::Result<()>>) {
    let result = in_time("the loop's end", move || serving.join());
    result.expect("no panic").expect("a good end");
}

fn serves_again_after_a_shutdown<T: Place<Request: Into<Request>>, C: Concurrency + Default>() {
    let folder = Folder::new();
    let server = Server::<T, C, Echo>::bind(T::address(&folder)).expect("bind");
    let server = Arc::new(server);
    for _ in 0..3 {
        let serving = serve(&server);
        assert_eq!(T::client(server.server_address()).ask("hello"), b"hello");
        server.shutdown();
        ends(serving);
        assert!(server.fileno() >= 0, "the listener stays");
        // What is asked of a server that has stopped is not there any more when it serves again.
        server.shutdown();
    }
    assert_eq!(server.stats().accepted, 3);
}

fn a_stop_right_after_the_start_is_never_missed<
    T: Place<Request: Into<Request>>,
    C: Concurrency + Default,
>() {
    for _ in 0..30 {
        let folder = Folder::new();
        let server = Server::<T, C, Echo>::bind(T::address(&folder)).expect("bind");
        let handle = server.spawn().expect("spawn");
        let server: ServerRef<()> = (*handle).clone();
        in_time("shutdown", move || server.shutdown());
        in_time("join", move || handle.join()).expect("a good end");
    }
}

/// Does to its server what it is told; a connection is told by being there.
#[derive(BaseRequestHandler)]
struct Obeying {
    server: ServerRef<Order>,
}

struct Order(fn(&ServerRef<Order>));

impl<R> BaseServer<R> for Order {}

impl Obeying {
    fn handle(&self) {
        (self.server.0)(&self.server);
    }
}

fn a_handler_may_stop_its_server<T: Place, C: Concurrency + Default>() {
    let orders: [fn(&ServerRef<Order>); 2] = [
        |server| server.shutdown(),
        |server| server.begin_drain(DEADLINE),
    ];
    for order in orders {
        let folder = Folder::new();
        let server = Server::<T, C, Obeying, _>::with(Order(order)).bind(T::address(&folder));
        let server = server.expect("bind");
        let address = server.server_address().clone();
        let handle = server.spawn().expect("spawn");
        let mut client = T::client(&address);
        // The end of a connection may be faster.
        let _ = client.write(b"stop");
        in_time("join", move || handle.join()).expect("a good end");
    }
}

matrix!(all: serves_again_after_a_shutdown, a_stop_right_after_the_start_is_never_missed, a_handler_may_stop_its_server);

fn a_shutdown_before_the_first_loop_is_remembered_once<C: Concurrency + Default>() {
    for serves_forever in [true, false] {
        let server = Server::<Tcp, C, Echo>::builder().timeout(Duration::from_millis(1));
        let server = Arc::new(server.bind("127.0.0.1:0").expect("bind"));
        server.shutdown();
        server.shutdown();
        if serves_forever {
            ends(serve(&server));
        } else {
            assert_eq!(server.handle_request().expect("serves"), Served::Stopped);
        }
        assert_eq!(server.handle_request().expect("serves"), Served::TimedOut);
    }
}

fn a_closed_server_serves_no_more<C: Concurrency + Default>() {
    let server = Server::<Tcp, C, Echo>::bind(apart()).expect("bind");
    assert!(server.fileno() >= 0);
    assert!(!server.server_ref().is_stopping());
    let drained = server.server_close();
    assert_eq!((drained.finished, drained.aborted), (0, 0));
    assert_eq!(server.fileno(), -1);
    assert!(server.server_ref().is_stopping());
    assert_eq!(server.drain(DEADLINE), drained, "the first end's report");
    assert!(Client::try_stream(server.server_address()).is_err());
    server.shutdown();
    server.server_ref().begin_drain(DEADLINE);
    let closed = |error: io::Error| error.kind() == io::ErrorKind::NotConnected;
    assert!(server.serve_forever().is_err_and(closed));
    assert!(server.handle_request().is_err_and(closed));
    assert!(server.spawn().is_err_and(closed));
}

fn the_port_is_free_again_at_once<C: Concurrency + Default>() {
    let mut address = apart();
    for _ in 0..10 {
        let server = run(Server::<Tcp, C, Echo>::builder(), &address);
        address = server.address();
        // The server ends the conversation first, so its port is the one that waits.
        assert_eq!(Client::stream(&address).ask("hello"), b"hello");
    }
}

fn many_may_stop_it_at_once<C: Concurrency + Default>() {
    for _ in 0..20 {
        let server = Arc::new(Server::<Tcp, C, Echo>::bind("127.0.0.1:0").expect("bind"));
        let serving = serve(&server);
        Client::stream(server.server_address()).ask("hello");
        in_time("twenty shutdowns", {
            let (server, start) = (server.clone(), Arc::new(Barrier::new(20)));
            move || {
                thread::scope(|scope| {
                    for _ in 0..20 {
                        scope.spawn(|| {
                            start.wait();
                            server.shutdown();
                            server.shutdown();
                        });
                    }
                });
            }
        });
        ends(serving);
    }
}

fn live_requests_may_finish<T: Place<Request = Socket>, C: Concurrency + Default>() {
    let folder = Folder::new();
    let server: Running<()> = run(Server::<T, C, Echo>::builder(), T::address(&folder));
    let (address, watching) = (server.address(), (*server).clone());
    let mut client = T::client(&address);
    assert_eq!(client.ask("before"), b"before");
    let draining = thread::spawn(move || server.drain(DEADLINE / 2));
    until("the drain has begun", || watching.is_stopping());
    assert_eq!(client.ask("meanwhile"), b"meanwhile");
    assert_eq!(client.finish(), b"");
    let (drained, stats) = draining.join().expect("a good end");
    assert_eq!((drained.aborted, drained.abandoned), (0, 0));
    assert_eq!((stats.finished, stats.aborted), (1, 0));
    assert!(Client::try_stream(&address).is_err(), "nobody is there");
}

fn the_deadline_cuts<T: Place<Request = Socket>, C: Concurrency + Default>() {
    let folder = Folder::new();
    let server: Running<()> = run(Server::<T, C, Echo>::builder(), T::address(&folder));
    let mut client = T::client(&server.address());
    assert_eq!(client.ask("hello"), b"hello");
    let began = Instant::now();
    let (drained, stats) = server.drain(Duration::from_millis(50));
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(client.rest(), b"", "it sees the end of the stream");
    assert_eq!(
        (drained.finished, drained.abandoned, stats.aborted),
        (0, 0, 1)
    );
}

matrix!(streams: live_requests_may_finish, the_deadline_cuts);

fn who_waits_in_the_queue_is_served<T: Place<Request: Into<Request>>, C: Concurrency + Default>() {
    for served_before in [false, true] {
        let folder = Folder::new();
        let server = Server::<T, C, Echo>::bind(T::address(&folder)).expect("bind");
        let server = Arc::new(server);
        if served_before {
            server.shutdown();
            ends(serve(&server));
        }
        let mut clients: Vec<_> = (0..5).map(|_| T::client(server.server_address())).collect();
        for client in &mut clients {
            client.send("hello");
            client.end();
        }
        let drained = in_time("drain", {
            let server = server.clone();
            move || server.drain(DEADLINE)
        });
        assert_eq!((drained.aborted, server.stats().finished), (0, 5));
        for mut client in clients {
            assert_eq!(client.recv(), b"hello");
        }
        assert_eq!(server.fileno(), -1);
    }
}

matrix!(all: who_waits_in_the_queue_is_served);

/// Tells whether its server is about to leave, and whether it is stopping.
#[derive(BaseRequestHandler)]
struct Health {
    request: Socket,
    server: ServerRef<()>,
}

impl Health {
    fn handle(&self) -> io::Result<()> {
        let health = (self.server.is_leaving(), self.server.is_stopping());
        self.request.sendall(format!("{health:?}").as_bytes())
    }
}

const FOR_EVER: Duration = Duration::from_secs(3_600);

fn a_lame_duck_serves_everybody<T: Place<Request = Socket>, C: Concurrency + Default>() {
    let folder = Folder::new();
    let server = Server::<T, C, Health>::builder().lame_duck(FOR_EVER);
    let server: Running<()> = run(server, T::address(&folder));
    let (address, leaving) = (server.address(), (*server).clone());
    assert_eq!(T::client(&address).rest(), b"(false, false)");
    until("it is counted", || server.stats().finished == 1);
    let draining = thread::spawn(move || server.drain(DEADLINE / 2));
    until("it is a lame duck", || leaving.is_leaving());
    for _ in 0..10 {
        // Whoever asks for a drain again does not hasten it.
        leaving.begin_drain(DEADLINE);
        assert_eq!(T::client(&address).rest(), b"(true, false)");
    }
    // A shutdown does not wait, and what was asked for before is done.
    let stopping = leaving.clone();
    in_time("the loop's end", move || stopping.shutdown());
    let (drained, stats) = draining.join().expect("a good end");
    assert_eq!((drained.aborted, stats.finished), (0, 11));
    assert!(leaving.is_stopping());
    assert!(Client::try_stream(&address).is_err(), "nobody is there");
}

fn a_lame_duck_drains_when_its_time_is_over<T, C>()
where
    T: Place<Request: Into<Request>>,
    C: Concurrency + Default,
{
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
        ends(serving);
    }
}

fn nobody_else_waits_for_a_lame_duck<T: Place<Request: Into<Request>>, C: Concurrency + Default>() {
    let folder = Folder::new();
    let bind = || {
        let server = Server::<T, C, Echo>::builder().lame_duck(FOR_EVER);
        Arc::new(server.bind(T::address(&folder)).expect("bind"))
    };
    // Without a loop nobody would be served meanwhile.
    let server = bind();
    in_time("a drain without a loop", move || server.drain(FOR_EVER));
    // A server that waits for one request does not know whether it will wait for another.
    let server = bind();
    let waiting = server.clone();
    let waiting = thread::spawn(move || waiting.handle_request());
    let stopping = server.clone();
    in_time("a drain of one", move || stopping.drain(FOR_EVER));
    let served = waiting.join().expect("no panic");
    assert!(matches!(served, Ok(Served::Stopped) | Err(_)), "{served:?}");
    drop(server);
    // The end of the variable's life is the end.
    let server = bind();
    let serving = serve(&server);
    assert_eq!(T::client(server.server_address()).ask("hello"), b"hello");
    let closing = server.clone();
    in_time("a close", move || closing.server_close());
    ends(serving);
}

matrix!(streams: a_lame_duck_serves_everybody);
matrix!(all: a_lame_duck_drains_when_its_time_is_over, nobody_else_waits_for_a_lame_duck);

fn a_time_may_be_as_good_as_for_ever<C: Concurrency + Default>() {
    let server = Server::<Tcp, C, Echo>::builder()
        .timeout(Duration::MAX)
        .poll_interval(Duration::MAX)
        .deadline(Duration::MAX)
        .drain_timeout(Duration::MAX)
        .linger(Duration::MAX);
    let server = run(server, "127.0.0.1:0");
    assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
    let (drained, stats) = server.drain(Duration::MAX);
    assert_eq!((drained.aborted, stats.finished), (0, 1));
}

fn a_drain_that_comes_as_a_loop_ends_waits_for_the_next<C: Concurrency + Default>() {
    for _ in 0..500 {
        let server = Server::<Tcp, C, Echo>::builder().timeout(Duration::ZERO);
        let server = server.bind("127.0.0.1:0").expect("bind");
        let draining = server.server_ref();
        let draining = [(); 4].map(|()| {
            let draining = draining.clone();
            thread::spawn(move || {
                while !draining.is_stopping() {
                    draining.begin_drain(Duration::ZERO);
                }
            })
        });
        let ended = loop {
            if let Err(error) = server.handle_request() {
                break error.kind();
            }
        };
        for draining in draining {
            draining.join().expect("no panic");
        }
        assert_eq!(ended, io::ErrorKind::NotConnected);
    }
}

/// Every set of these at the same time: whichever comes first, all of them return and the books add up.
fn whatever_comes_at_once_all_of_it_returns<
    T: Place<Request = Socket>,
    C: Concurrency + Default,
>() {
    type Deed<T, C> = fn(&Server<T, C, Echo>);
    const SOON: Duration = Duration::from_millis(20);
    let deeds: [Deed<T, C>; 7] = [
        |server| drop(server.serve_forever()),
        |server| drop(server.handle_request()),
        |server| {
            if let Ok(mut client) = Client::impatient(server.server_address()) {
                // A closing server may have reset it.
                let _ = client.write_all(b"hello");
                let _ = client.read(&mut [0; 5]);
            }
        },
        |server| server.shutdown(),
        |server| server.server_ref().begin_drain(SOON),
        |server| _ = server.drain(SOON),
        |server| _ = server.server_close(),
    ];
    for set in 0..1 << deeds.len() {
        let folder = Folder::new();
        let server = Server::<T, C, Echo>::builder().drain_timeout(SOON);
        let server = Arc::new(server.bind(T::address(&folder)).expect("bind"));
        let chosen = || (0..deeds.len()).filter(|deed| set >> deed & 1 == 1);
        let start = Arc::new(Barrier::new(chosen().count() + 1));
        let doing = chosen().map(|deed| {
            let (server, start, deed) = (server.clone(), start.clone(), deeds[deed]);
            thread::spawn(move || {
                start.wait();
                deed(&server);
            })
        });
        let doing: Vec<_> = doing.collect();
        start.wait();
        in_time(&format!("set {set:#b}"), {
            let server = server.clone();
            move || {
                server.server_close();
                doing
                    .into_iter()
                    .for_each(|deed| deed.join().expect("no panic"));
            }
        });
        let stats = server.stats();
        assert_eq!(
            (server.fileno(), stats.active),
            (-1, 0),
            "set {set:#b}: {stats:?}"
        );
    }
}

matrix!(streams: whatever_comes_at_once_all_of_it_returns);

matrix!(
    columns: a_shutdown_before_the_first_loop_is_remembered_once,
    a_closed_server_serves_no_more,
    the_port_is_free_again_at_once,
    many_may_stop_it_at_once,
    a_time_may_be_as_good_as_for_ever,
    a_drain_that_comes_as_a_loop_ends_waits_for_the_next,
);
