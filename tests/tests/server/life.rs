//! A server's life: fresh, serving, stopped and perhaps serving again, closed.

use std::sync::Weak;

use tests::prelude::*;

const SOON: Duration = Duration::from_millis(20);

/// Complaint 04: what asks a stopped server to stop is not there any more when it serves again.
/// Complaint 32: between two loops clients wait, until a close.
fn serves_again_after_a_shutdown<T: Row, C: Column>() {
    let folder = Folder::new();
    let server = Server::<T, C, Echo>::bind(T::address(&folder)).expect("bind");
    let server = Arc::new(server);
    for accepted in 0..3 {
        let mut client = T::client(server.server_address());
        client.send("hello");
        assert_eq!(server.stats().accepted, accepted);
        let serving = serve(&server);
        assert_eq!(client.recv(), b"hello");
        client.end();
        server.shutdown();
        ends_well(serving);
        assert!(server.fileno() >= 0, "the listener stays");
        server.shutdown();
    }
    server.server_close();
    assert!(Client::try_stream(server.server_address()).is_err(), "nothing is there");
}

matrix!(all: serves_again_after_a_shutdown);

/// Complaint 01.
fn a_handler_may_stop_its_server<C: Column>() {
    let stops: [fn(&ServerRef<Function>); 2] =
        [|server| server.shutdown(), |server| server.begin_drain(DEADLINE)];
    for stop in stops {
        let (back, is_back) = bounded(1);
        let server = bind(Server::<Tcp, C, Call, _>::with(Function::new(move |_, server| {
            stop(server);
            back.send(()).map_err(io::Error::other)
        })));
        let handle = server.spawn().expect("spawn");
        let _client = Client::stream(handle.server_address());
        in_time("join", move || handle.join()).expect("a good end");
        is_back.recv_timeout(DEADLINE).expect("the handler is back");
    }
}

/// Complaint 03.
fn an_early_stop_is_remembered_once<C: Column>() {
    let server =
        || Arc::new(bind(Server::<Tcp, C, Echo>::builder().timeout(Duration::from_millis(1))));
    for serves_forever in [true, false] {
        let server = server();
        server.shutdown();
        server.shutdown();
        if serves_forever {
            ends_well(serve(&server));
        } else {
            assert_eq!(server.handle_request().expect("serves"), Served::Stopped);
        }
        assert_eq!(server.handle_request().expect("serves"), Served::TimedOut);
    }
    let server = server();
    server.server_ref().begin_drain(DEADLINE);
    ends_well(serve(&server));
    assert_eq!(server.fileno(), -1);
}

/// Whether the stop comes during a request or after it.
fn handle_requests_end_at_a_stop<C: Concurrent>() {
    for drains in [true, false] {
        let server = bind(Server::<Tcp, C, Call, _>::with(Function::new(move |_, server| {
            if drains {
                server.begin_drain(DEADLINE)
            } else {
                server.shutdown()
            }
            Ok(())
        })));
        let _client = Client::stream(server.server_address());
        while server.handle_request().expect("serves") != Served::Stopped {}
        assert_eq!(server.stats().accepted, 1);
    }
    let lines = keep_lines(LevelFilter::Debug);
    let server = Server::<Tcp, C, Echo>::builder().timeout(Duration::ZERO);
    let server = server.bind(apart()).expect("bind");
    let logged = || lines.about(&format!("the loop of {}", server.server_address())).len();
    assert_eq!(server.handle_request().expect("serves"), Served::TimedOut);
    assert_eq!(logged(), 0, "it is one turn of the program's loop");
    server.drain(DEADLINE);
    assert_eq!(server.handle_request().expect("serves"), Served::Stopped);
    assert_eq!(logged(), 1);
    assert_eq!(error_kind(server.handle_request()), ErrorKind::NotConnected);
}

fn a_closed_server_serves_no_more<C: Column>() {
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
    let closed = |error: io::Error| error.kind() == ErrorKind::NotConnected;
    assert!(server.serve_forever().is_err_and(closed));
    assert!(server.handle_request().is_err_and(closed));
    assert!(server.spawn().is_err_and(closed));
}

fn the_longest_durations_are_accepted<C: Column>() {
    let server = Server::<Tcp, C, Echo>::builder()
        .timeout(Duration::MAX)
        .poll_interval(Duration::MAX)
        .deadline(Duration::MAX)
        .drain_timeout(Duration::MAX)
        .linger(Duration::MAX);
    let server = run(server, LOCAL);
    Client::echoed(&server.address());
    let (_, stats) = server.drain(Duration::MAX);
    assert_eq!((stats.aborted, stats.finished), (0, 1));
}

matrix!(
    columns: a_handler_may_stop_its_server, an_early_stop_is_remembered_once, a_closed_server_serves_no_more,
    the_longest_durations_are_accepted,
);

/// Complaint 05.
fn only_one_loop_runs_at_a_time<C: Concurrent>() {
    let server = Arc::new(Server::<Tcp, C, Echo>::bind(LOCAL).expect("bind"));
    let serving = serve(&server);
    let mut client = Client::echoed(server.server_address());
    let busy = |error: io::Error| error.kind() == ErrorKind::ResourceBusy;
    assert!(server.serve_forever().is_err_and(busy));
    assert!(server.handle_request().is_err_and(busy));
    assert_eq!(client.ask("still there"), b"still there");
    server.shutdown();
    ends_well(serving);
}

/// Its handler closes it when its client has spoken.
fn a_handler_may_close_its_server<C: Concurrent>() {
    for loop_runs in [true, false] {
        let place = Arc::new(OnceLock::<Weak<Server<Tcp, C, Call, Function>>>::new());
        let closing = place.clone();
        let state = Function::new(move |request, _| {
            request.recv(1)?;
            let server = closing.get().and_then(Weak::upgrade).expect("the test holds it");
            assert_eq!(server.server_close(), Drained::default(), "it only asks");
            request.sendall(b"closed")
        });
        let server = Arc::new(bind(Server::<Tcp, C, Call, _>::with(state)));
        assert!(place.set(Arc::downgrade(&server)).is_ok());
        let mut client = Client::stream(server.server_address());
        let serving = loop_runs.then(|| serve(&server));
        if !loop_runs {
            server.handle_request().expect("serves");
        }
        client.send("x");
        assert_eq!(client.rest(), b"closed");
        serving.map(ends_well);
        until("it has ended", || server.stats().finished == 1);
        assert_eq!((server.fileno(), server.server_close().aborted), (-1, 0));
    }
}

matrix!(
    concurrent: handle_requests_end_at_a_stop, only_one_loop_runs_at_a_time,
    a_handler_may_close_its_server,
);

/// Keeps its jobs until the test takes them.
#[derive(Clone, Default)]
struct Keeping(Arc<Mutex<Vec<Job>>>);

impl Concurrency for Keeping {
    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        self.0.lock().push(job);
        Ok(())
    }
}

/// Whether `shutdown` returned before it gave up waiting, which takes it a second.
fn waits_for_a_job_to_start() -> bool {
    let jobs = Keeping::default();
    let server = run(Builder::<_, _, Echo, ()>::new(Tcp::new(), jobs.clone(), ()), LOCAL);
    let mut client = Client::stream(&server.address());
    until("there is a job", || !jobs.0.lock().is_empty());
    let (began, started) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let starts = started.clone();
    let job = thread::spawn(move || {
        thread::sleep(10 * SOON);
        starts.store(true, SeqCst);
        jobs.0.lock().pop().expect("a job").run();
    });
    server.shutdown();
    let in_time = began.elapsed() < Duration::from_secs(1);
    assert!(started.load(SeqCst) || !in_time);
    assert_eq!(client.ask("hello"), b"hello");
    assert_eq!(client.finish(), b"");
    job.join().expect("no panic");
    in_time
}

/// No handler starts after `shutdown` has returned, and it waits for none that has started.
#[test]
fn shutdown_waits_for_handlers_to_start() {
    // A busy machine may be late.
    assert!((0..10).any(|_| waits_for_a_job_to_start()));
}

#[derive(Default)]
struct Calls {
    service_actions: AtomicU64,
    handle_timeout: AtomicU64,
}

impl BaseServer for Calls {
    fn service_actions(&self, _: &ServerRef<Self>) {
        self.service_actions.fetch_add(1, SeqCst);
    }
    fn handle_timeout(&self, _: &ServerRef<Self>) {
        self.handle_timeout.fetch_add(1, SeqCst);
    }
}

/// Complaint 27.
#[test]
fn timeout_is_for_handle_request_alone() {
    let moment = Duration::from_millis(1);
    let server = ThreadingTCPServer::<Echo, Calls>::builder().timeout(moment);
    let server = bind(server.poll_interval(moment));
    // A client that is silent for longer neither keeps `handle_request` nor is aborted.
    let mut client = Client::stream(server.server_address());
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(server.handle_request().expect("serves"), Served::TimedOut);
    assert_eq!(server.state().handle_timeout.load(SeqCst), 1);
    // `serve_forever` has an interval instead.
    let server = Running::from(server.spawn().expect("spawn"));
    until("fifty intervals are over", || server.service_actions.load(SeqCst) > 50);
    assert_eq!(server.handle_timeout.load(SeqCst), 1);
    assert_eq!(client.ask("still there"), b"still there");
    assert_eq!(client.finish(), b"");
}

/// In every combination and at the same time.
///
/// Complaint 33.
fn concurrent_stops_all_return<T: Streams, C: Column>() {
    const SIDE_BY_SIDE: usize = 4;
    type Deed<T, C> = fn(&Server<T, C, Echo>);
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
    let try_set = |set: usize| {
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
        let closing = server.clone();
        in_time(&format!("set {set:#b}"), move || {
            closing.server_close();
            let ends = doing.into_iter().map(|deed| deed.join());
            ends.for_each(|end| end.expect("no panic"));
        });
        let (fileno, stats) = (server.fileno(), server.stats());
        assert_eq!((fileno, stats.active), (-1, 0), "set {set:#b}: {stats:?}");
    };
    // They mostly wait: for clients that come as the server closes, above all.
    let try_some = |first| (first..1 << deeds.len()).step_by(SIDE_BY_SIDE).for_each(&try_set);
    thread::scope(|scope| {
        for first in 0..SIDE_BY_SIDE {
            scope.spawn(move || try_some(first));
        }
    });
}

matrix!(streams: concurrent_stops_all_return);
