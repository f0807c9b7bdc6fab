//! Too many clients, too few descriptors, threads and bytes.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, unbounded};
use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use rustix::process::{Resource, Rlimit, setrlimit};
use socketserver::{
    Address, BaseServer, Builder, HandlerError, Served, Server, ServerRef, Socket, Tcp, Threading,
    ThreadingTCPServer, ThreadingUnixStreamServer, UnixStream, create_connection,
};
use tests::{
    Client, DEADLINE, Echo, Folder, Place, Running, all_descriptors, in_own_process, in_time,
    lower, memory_of, run, until,
};

use crate::LOCAL;

/// Counts what is logged as a warning or worse.
struct Warnings(AtomicU64);

impl Log for Warnings {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &Record<'_>) {
        if record.level() <= Level::Warn {
            self.0.fetch_add(1, SeqCst);
        }
    }
    fn flush(&self) {}
}

/// The processor time of this process. It is opened while there are descriptors.
struct ProcessorTime(File);

impl ProcessorTime {
    fn now(&mut self) -> Duration {
        let mut text = String::new();
        self.0.rewind().expect("the beginning");
        self.0.read_to_string(&mut text).expect("its numbers");
        let (_, numbers) = text.rsplit_once(") ").expect("a name");
        let hundredths = numbers.split(' ').skip(11).take(2);
        let hundredths = hundredths.map(|number| number.parse::<u64>().expect("a number"));
        Duration::from_millis(10 * hundredths.sum::<u64>())
    }
}

#[test]
fn complaint_07_without_descriptors_the_loop_waits_and_says_so() {
    if !in_own_process() {
        return;
    }
    static WARNINGS: Warnings = Warnings(AtomicU64::new(0));
    log::set_logger(&WARNINGS).expect("the only one in this process");
    log::set_max_level(LevelFilter::Warn);
    let mut processor = ProcessorTime(File::open("/proc/self/stat").expect("Linux"));
    let server = run(ThreadingTCPServer::<Echo>::builder(), LOCAL);
    let mut early = Client::stream(&server.address());
    assert_eq!(early.ask("before"), b"before");

    let began = Instant::now();
    let mut taken = all_descriptors();
    // The client's end takes the last one.
    drop(taken.pop());
    let mut late = Client::stream(&server.address());
    until("the loop has tried", || server.stats().accept_errors > 0);
    let before = processor.now();
    thread::sleep(Duration::from_secs(1));
    let busy = processor.now() - before;
    assert!(busy < Duration::from_millis(200), "{busy:?}");
    // It waits 5 ms, then 10, and so on up to a second.
    let tried = server.stats().accept_errors;
    assert!(tried <= 9 + began.elapsed().as_secs(), "{tried} times");
    let warnings = WARNINGS.0.load(SeqCst);
    assert!(
        (1..=1 + began.elapsed().as_secs()).contains(&warnings),
        "{warnings} lines"
    );
    assert_eq!(early.ask("meanwhile"), b"meanwhile");

    drop(taken);
    assert_eq!(late.ask("after"), b"after");
}

#[test]
fn complaint_07_without_descriptors_a_drain_waits_too() {
    if !in_own_process() {
        return;
    }
    let server = run(ThreadingTCPServer::<Echo>::builder(), LOCAL);
    let watching = (*server).clone();
    let mut taken = all_descriptors();
    drop(taken.pop());
    let mut late = Client::stream(&server.address());
    until("the loop has tried", || server.stats().accept_errors > 0);
    let tried = server.stats().accept_errors;
    let draining = thread::spawn(move || server.drain(DEADLINE / 2));
    until("the drain has tried", || {
        watching.is_stopping() && watching.stats().accept_errors > tried
    });
    drop(taken);
    assert_eq!(late.ask("hello"), b"hello");
    assert_eq!(late.finish(), b"");
    let (drained, stats) = draining.join().expect("a good end");
    assert_eq!((drained.aborted, stats.finished), (0, 1));
}

/// Says "busy" to whoever it refuses, and may keep their connections.
struct Busy {
    keeps: bool,
    kept: Mutex<Vec<Socket>>,
}

impl BaseServer for Busy {
    fn refuse_request(&self, request: &Socket, _: &Address, _: &ServerRef<Self>) {
        request.sendall(b"busy").expect("room for a word");
        if self.keeps {
            self.kept.lock().push(request.clone());
        }
    }
}

/// A server with a descriptor in reserve and a live client, who are alone in a process without any
/// other descriptor, but for the clients that wait in the queue.
fn with_a_reserve(waiting: usize, keeps: bool) -> (Running<Busy>, Client, Vec<Client>, Vec<File>) {
    let state = Busy {
        keeps,
        kept: Mutex::default(),
    };
    let server = ThreadingTCPServer::<Echo, _>::with(state).reserve_descriptor(true);
    let server = server.bind(LOCAL).expect("bind");
    let mut early = Client::stream(server.server_address());
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(early.ask("before"), b"before");
    let waiting = (0..waiting).map(|_| Client::stream(server.server_address()));
    let waiting = waiting.collect();
    let taken = all_descriptors();
    let server = Running::from(server.spawn().expect("spawn"));
    (server, early, waiting, taken)
}

#[test]
fn complaint_07_with_a_descriptor_in_reserve_clients_are_refused() {
    if !in_own_process() {
        return;
    }
    static WARNINGS: Warnings = Warnings(AtomicU64::new(0));
    log::set_logger(&WARNINGS).expect("the only one in this process");
    log::set_max_level(LevelFilter::Warn);
    let began = Instant::now();
    let (server, mut early, mut waiting, taken) = with_a_reserve(40, false);
    for client in &mut waiting {
        assert_eq!(client.rest(), b"busy");
    }
    until("all are counted", || server.stats().refused == 40);
    let warnings = WARNINGS.0.load(SeqCst);
    let seconds = began.elapsed().as_secs();
    assert!((1..=1 + seconds).contains(&warnings), "{warnings} lines");
    assert_eq!(early.ask("meanwhile"), b"meanwhile");
    // Nobody was left in the queue for want of a descriptor.
    assert_eq!(server.stats().accept_errors, 0);

    drop(taken);
    assert_eq!(Client::stream(&server.address()).ask("after"), b"after");
    assert_eq!(early.finish(), b"");
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.finished, stats.refused), (2, 40));
}

#[test]
fn complaint_07_who_loses_the_reserve_waits() {
    if !in_own_process() {
        return;
    }
    let (server, mut early, mut waiting, taken) = with_a_reserve(2, true);
    // The first one is refused, and keeps the descriptor for which the server has no other.
    assert_eq!(waiting[0].rest(), b"busy");
    until("the loop has tried again", || {
        server.stats().accept_errors > 0
    });
    assert_eq!(server.stats().refused, 1);
    assert_eq!(early.ask("meanwhile"), b"meanwhile");
    // What comes free is a place like any other.
    server.kept.lock().clear();
    assert_eq!(waiting[1].ask("after"), b"after");
    drop(taken);
    assert_eq!(Client::stream(&server.address()).ask("later"), b"later");
}

/// Leaves room for anything but one more stack, and returns the limit as it was.
fn no_more_threads() -> Rlimit {
    lower(
        Resource::As,
        memory_of(std::process::id(), "VmSize").expect("Linux") + (1 << 20),
    )
}

/// Passes on what comes to `handle_error`.
struct Failures(Sender<String>);

impl BaseServer for Failures {
    fn handle_error(&self, _: &Socket, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        self.0.send(error.to_string()).expect("the test listens");
    }
}

#[test]
fn complaint_09_a_thread_that_cannot_be_started_costs_one_request() {
    if !in_own_process() {
        return;
    }
    let (tell, told) = unbounded();
    let server = ThreadingTCPServer::<Echo, _>::with(Failures(tell)).drain_timeout(DEADLINE);
    let server = server.bind(LOCAL).expect("bind");
    let limit = no_more_threads();
    let mut refused = Client::stream(server.server_address());
    assert_eq!(server.handle_request().expect("serves"), Served::Refused);
    setrlimit(Resource::As, limit).expect("the old limit");
    assert_eq!(refused.rest(), b"");
    assert_eq!(told.len(), 1);
    let stats = server.stats();
    assert_eq!(
        (stats.failed, stats.active, stats.workers.all),
        (1, 0, 0),
        "{stats:?}"
    );
    assert_eq!(stats.workers.spawn_failures, 1);

    // When there is room again all is well, and nothing that failed is in the way at the end.
    let mut client = Client::stream(server.server_address());
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(client.ask("hello"), b"hello");
    assert_eq!(client.finish(), b"");
    assert_eq!(server.server_close().aborted, 0);
}

#[test]
fn complaint_09_who_lacks_a_thread_gets_it_when_there_is_room() {
    if !in_own_process() {
        return;
    }
    let server = run(ThreadingTCPServer::<Echo>::builder(), LOCAL);
    let mut busy = Client::stream(&server.address());
    assert_eq!(busy.ask("hello"), b"hello");
    let limit = no_more_threads();
    let mut waiting = Client::stream(&server.address());
    until("a thread is missing", || {
        server.stats().workers.spawn_failures == 1
    });
    setrlimit(Resource::As, limit).expect("the old limit");
    assert_eq!(waiting.ask("hello"), b"hello");
    assert_eq!(busy.ask("still there"), b"still there");
}

#[test]
fn complaint_10_requests_leave_no_memory_behind() {
    if !in_own_process() {
        return;
    }
    let folder = Folder::new();
    let server = ThreadingUnixStreamServer::<Echo>::builder();
    // Threads come and go all the time, but there are never many.
    let server = server.keep_alive(Duration::ZERO).max_threads(2);
    let server = run(server, folder.join("server"));
    let serve = |requests| {
        for _ in 0..requests {
            assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
        }
    };
    serve(500);
    let before = memory_of(std::process::id(), "VmRSS").expect("Linux");
    serve(3_000);
    // A forgotten thread would cost 8 KiB or more.
    let each = memory_of(std::process::id(), "VmRSS")
        .expect("Linux")
        .saturating_sub(before)
        / 3_000;
    assert!(each < 100, "{each} bytes");
}

/// Says that it is full, where it could also let clients wait.
struct Full;

impl BaseServer for Full {
    fn verify_request(&self, request: &Socket, _: &Address, server: &ServerRef<Self>) -> bool {
        let welcome = server.stats().active <= 4;
        if !welcome {
            request.sendall(b"full").expect("room for a word");
        }
        welcome
    }
}

#[test]
fn complaint_11_a_full_server_may_say_so() {
    let server = run(ThreadingTCPServer::<Echo, _>::with(Full), LOCAL);
    let client = || Client::stream(&server.address());
    let mut members = [client(), client(), client(), client()];
    for member in &mut members {
        assert_eq!(member.ask("hello"), b"hello");
    }
    let storm: Vec<_> = (0..200).map(|_| client()).collect();
    for mut refused in storm {
        assert_eq!(refused.rest(), b"full");
    }
    until("all are counted", || server.stats().refused == 200);
    assert_eq!(server.stats().workers.all, 4);

    let [first, ..] = members;
    assert_eq!(first.finish(), b"");
    until("one has left", || server.stats().active == 3);
    assert_eq!(client().ask("hello"), b"hello");
}

/// A hundred at once, while nobody takes them.
fn a_burst_fits_into_the_queue<T: Place<Request = Socket>>() {
    let folder = Folder::new();
    let server = Server::<T, Threading, Echo>::bind(T::address(&folder)).expect("bind");
    let address = server.server_address().clone();
    let clients = in_time("a hundred connections", move || {
        (0..100).map(|_| T::client(&address)).collect::<Vec<_>>()
    });
    let _running = Running::from(server.spawn().expect("spawn"));
    for mut client in clients {
        assert_eq!(client.ask("hello"), b"hello");
    }
}

#[test]
fn complaint_12_a_burst_fits_into_the_queue() {
    a_burst_fits_into_the_queue::<Tcp>();
    a_burst_fits_into_the_queue::<UnixStream>();
}

/// `transport` has a queue of one, into which Linux lets two.
fn a_full_queue_makes_clients_wait<T: Place<Request = Socket>>(transport: T) {
    let folder = Folder::new();
    let server = Builder::<_, _, Echo, ()>::new(transport, Threading::new(), ());
    let server = server.bind(T::address(&folder)).expect("bind");
    let address = server.server_address().clone();
    let mut clients = vec![T::client(&address), T::client(&address)];
    let impatient = create_connection(&address, Some(Duration::from_millis(100)));
    let error = impatient.expect_err("the queue is full");
    assert_eq!(error.kind(), ErrorKind::TimedOut, "it was not refused");

    let patient = thread::spawn(move || T::client(&address));
    let _running = Running::from(server.spawn().expect("spawn"));
    clients.push(in_time("its turn", move || patient.join()).expect("a connection"));
    for mut client in clients {
        assert_eq!(client.ask("hello"), b"hello");
    }
}

#[test]
fn complaint_30_a_full_queue_makes_clients_wait() {
    a_full_queue_makes_clients_wait(Tcp::new().request_queue_size(1));
    a_full_queue_makes_clients_wait(UnixStream::new().request_queue_size(1));
}
