//! What the loop does when a request cannot be accepted: whose fault it is, and how long to wait.

use std::io::Seek;

use tests::prelude::*;

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

/// Takes all descriptors but one, which a client gets that the server cannot accept.
fn without_descriptors(server: &Running<()>) -> (Vec<File>, Client) {
    let mut taken = all_descriptors();
    drop(taken.pop());
    let late = Client::stream(&server.address());
    until("the loop has tried", || server.stats().accept_errors > 0);
    (taken, late)
}

/// At most one warning a second, and at least one.
#[track_caller]
fn assert_warned_since(began: Instant) {
    let warnings = keep_lines(LevelFilter::Warn).about("").len() as u64;
    let allowed = 1..=1 + began.elapsed().as_secs();
    assert!(allowed.contains(&warnings), "{warnings} lines");
}

/// Complaint 07.
#[test]
fn without_descriptors_the_loop_waits_and_warns() {
    let Some(()) = alone() else { return };
    keep_lines(LevelFilter::Warn);
    let mut processor = ProcessorTime(File::open("/proc/self/stat").expect("Linux"));
    let server = run(ThreadingTCPServer::<Echo>::builder(), LOCAL);
    let mut early = Client::stream(&server.address());
    assert_eq!(early.ask("before"), b"before");

    let began = Instant::now();
    let (taken, mut late) = without_descriptors(&server);
    let before = processor.now();
    thread::sleep(Duration::from_secs(1));
    let busy = processor.now() - before;
    assert!(busy < Duration::from_millis(200), "{busy:?}");
    // It waits 5 ms, then 10, and so on up to a second.
    let tried = server.stats().accept_errors;
    assert!(tried <= 9 + began.elapsed().as_secs(), "{tried} times");
    assert_warned_since(began);
    assert_eq!(early.ask("meanwhile"), b"meanwhile");

    drop(taken);
    assert_eq!(late.ask("after"), b"after");
}

/// Complaint 07.
#[test]
fn without_descriptors_a_drain_waits_too() {
    let Some(()) = alone() else { return };
    let server = run(ThreadingTCPServer::<Echo>::builder(), LOCAL);
    let watching = (*server).clone();
    let (taken, mut late) = without_descriptors(&server);
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

/// Says "busy" to each client that it refuses, and may keep their connections.
struct Keeping(bool, Mutex<Vec<Socket>>);

impl BaseServer for Keeping {
    fn refuse_request(&self, request: &Socket, _: &Address, _: &ServerRef<Self>) {
        request.sendall(b"busy").expect("room for a word");
        if self.0 {
            self.1.lock().push(request.clone());
        }
    }
}

/// A server with a descriptor in reserve, its live client, the clients in its backlog, and all
/// other descriptors of the process.
fn with_a_reserve(
    waiting: usize,
    keeps: bool,
) -> (Running<Keeping>, Client, Vec<Client>, Vec<File>) {
    let server = ThreadingTCPServer::<Echo, _>::with(Keeping(keeps, Mutex::default()));
    let server = bind(server.reserve_descriptor(true));
    let mut early = Client::stream(server.server_address());
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(early.ask("before"), b"before");
    let waiting = Client::streams(waiting, server.server_address());
    let taken = all_descriptors();
    let server = Running::from(server.spawn().expect("spawn"));
    (server, early, waiting, taken)
}

/// Complaint 07.
#[test]
fn a_reserved_descriptor_refuses_the_backlog() {
    let Some(()) = alone() else { return };
    keep_lines(LevelFilter::Warn);
    let began = Instant::now();
    let (server, mut early, mut waiting, taken) = with_a_reserve(40, false);
    for client in &mut waiting {
        assert_eq!(client.rest(), b"busy");
    }
    until("all are counted", || server.stats().refused == 40);
    assert_warned_since(began);
    assert_eq!(early.ask("meanwhile"), b"meanwhile");
    // No client was left in the backlog for want of a descriptor.
    assert_eq!(server.stats().accept_errors, 0);

    drop(taken);
    assert_eq!(Client::stream(&server.address()).ask("after"), b"after");
    assert_eq!(early.finish(), b"");
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.finished, stats.refused), (2, 40));
}

/// Complaint 07.
#[test]
fn a_server_that_loses_its_reserve_waits() {
    let Some(()) = alone() else { return };
    let (server, mut early, mut waiting, taken) = with_a_reserve(2, true);
    // The hook keeps the first connection, and with it the only descriptor.
    assert_eq!(waiting[0].rest(), b"busy");
    until("the loop has tried again", || server.stats().accept_errors > 0);
    assert_eq!(server.stats().refused, 1);
    assert_eq!(early.ask("meanwhile"), b"meanwhile");
    // A descriptor that comes free serves like any other.
    server.1.lock().clear();
    assert_eq!(waiting[1].ask("after"), b"after");
    drop(taken);
    assert_eq!(Client::stream(&server.address()).ask("later"), b"later");
}
