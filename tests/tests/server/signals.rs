//! Signals that a server answers. They go to the whole process, so each test here has a separate
//! process or another signal.

use std::os::unix::process::ExitStatusExt;

use signal_hook::low_level::raise;
use socketserver::signal::{SIGUSR1, SIGUSR2, SIGWINCH};
use tests::prelude::*;

/// Sends it to this thread, which has handled it when this returns.
fn send(signal: i32) {
    raise(signal).expect("a signal");
}

#[test]
fn signals_during_an_answer_are_answered_once() {
    let (begun, begins) = bounded(10);
    let (go_on, goes_on) = bounded(10);
    let server = ThreadingTCPServer::<Echo>::bind(LOCAL).expect("bind");
    let answer = move |_: &_| {
        begun.send(()).expect("the test");
        goes_on.recv_timeout(DEADLINE).expect("the test");
    };
    server.on_signal(SIGUSR1, answer).expect("on_signal");
    // One that comes before the server serves is answered when it does.
    send(SIGUSR1);
    let server = Running::from(server.spawn().expect("spawn"));
    begins.recv_timeout(DEADLINE).expect("the first call");
    for _ in 0..1_000 {
        send(SIGUSR1);
    }
    go_on.send(()).expect("the hook");
    begins.recv_timeout(DEADLINE).expect("the second call");
    go_on.send(()).expect("the hook");
    // The loop looks for signals before it takes a request.
    Client::echoed(&server.address());
    assert!(begins.try_recv().is_err(), "a third call");
}

#[test]
fn a_signal_function_runs_again_after_a_panic() {
    let answers = Arc::new(AtomicU64::new(0));
    let counted = answers.clone();
    let server = TCPServer::<Echo>::bind(LOCAL).expect("bind");
    let answer = move |_: &_| {
        counted.fetch_add(1, SeqCst);
        std::panic::resume_unwind(Box::new("on purpose"));
    };
    server.on_signal(SIGUSR2, answer).expect("on_signal");
    let server = Running::from(server.spawn().expect("spawn"));
    for count in 1..=3 {
        send(SIGUSR2);
        until("it is answered", || answers.load(SeqCst) == count);
    }
    Client::echoed(&server.address());
    drop(server);
    // Unhandled, it would end the process.
    send(SIGUSR2);
    assert_eq!(answers.load(SeqCst), 3, "not after the server's end");
}

#[test]
fn handle_request_answers_signals() {
    let server = Arc::new(TCPServer::<Echo>::bind(LOCAL).expect("bind"));
    server.on_signal(SIGWINCH, |server| server.shutdown()).expect("on_signal");
    let waiting = server.clone();
    let waiting = thread::spawn(move || waiting.handle_request());
    send(SIGWINCH);
    assert_eq!(ends_well(waiting), Served::Stopped);
}

#[test]
fn a_signal_without_a_handler_is_an_error() {
    let server = TCPServer::<Echo>::bind(LOCAL).expect("bind");
    for (name, signal) in [("SIGKILL", 9), ("SIGSEGV", 11), ("none", 1_000)] {
        let error = server.on_signal(signal, |_| ()).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
    }
}

pub(crate) fn signal_myself(signal: Signal) {
    kill_process(getpid(), signal).expect("kill");
}

type Listening = TCPServer<Call, Function>;

/// Its handler sends the signal that ends it, and waits for that.
fn listening(drain: Duration) -> Listening {
    let server = bind(Listening::with(Function::new(|_, server| {
        assert!(!server.is_stopping());
        signal_myself(Signal::TERM);
        until("the handler knows", || server.is_stopping());
        Ok(())
    })));
    server.drain_on_signals(drain).expect("signals");
    server
}

/// Serves until a signal comes, which is right after it has begun.
fn serve_until_signalled(server: &Listening) {
    let _client = Client::stream(server.server_address());
    server.serve_forever().expect("a good end");
    assert_eq!((server.stats().accepted, server.fileno()), (1, -1));
}

/// With no time for it the drain serves no other client.
#[test]
fn a_backlog_does_not_delay_a_signal() {
    let Some(()) = alone() else { return };
    let server = listening(Duration::ZERO);
    let _clients = Client::streams(10, server.server_address());
    serve_until_signalled(&server);
}

#[test]
fn a_signal_drains_a_server_after_others_dropped() {
    let Some(()) = alone() else { return };
    let (before, server) = (listening(DEADLINE), listening(DEADLINE));
    drop(before);
    drop(listening(DEADLINE));
    serve_until_signalled(&server);
    // So does one that comes when all have gone, although they have seen a signal.
    drop(server);
    serve_until_signalled(&listening(DEADLINE));
}

/// At the same time: each has a silent client, whose time is the drain's.
#[test]
fn one_signal_drains_every_server() {
    const DRAIN: Duration = Duration::from_millis(500);
    let Some(()) = alone() else { return };
    let silent = || {
        let server = ThreadingTCPServer::<Echo>::bind(LOCAL).expect("bind");
        server.drain_on_signals(DRAIN).expect("signals");
        let client = Client::stream(server.server_address());
        (server, client)
    };
    let [(one, _one), (two, _two)] = [(); 2].map(|()| silent());
    let (server, began) = (listening(DEADLINE), Instant::now());
    let one = one.spawn().expect("spawn");
    let two = Arc::new(two);
    let serving = serve(&two);
    until("two clients are served", || one.stats().active + two.stats().active == 2);
    serve_until_signalled(&server);
    ends_well(serving);
    one.join().expect("a good end");
    assert_eq!(two.stats().aborted, 1);
    let took = began.elapsed();
    assert!((DRAIN..2 * DRAIN).contains(&took), "{took:?}");
}

#[test]
fn a_signal_ends_a_process_without_servers() {
    let Some(ended) = own_process() else {
        drop((listening(DEADLINE), listening(DEADLINE)));
        signal_myself(Signal::TERM);
        return until("the process has ended", || false);
    };
    assert_eq!(ended.status.signal(), Some(Signal::TERM.as_raw()), "{ended:?}");
}

#[test]
fn the_drain_timeout_can_be_changed() {
    let Some(()) = alone() else { return };
    let server = listening(Duration::from_secs(1_000));
    server.drain_on_signals(Duration::ZERO).expect("signals");
    let _client = Client::stream(server.server_address());
    serve_until_signalled(&server);
}
