//! Short requests stay on the worker that receives them. The promises of the server hold there
//! too.

use std::hint::spin_loop;

use tests::prelude::*;

/// Knows the threads on which requests are verified, and a place where handlers wait.
struct Watching {
    verified_on: Mutex<Option<ThreadId>>,
    /// Reports that a handler waits, or computes, and on which thread.
    waits: Sender<ThreadId>,
    /// A message here ends the wait of a handler, which parks if it is on a green thread.
    go_on: green::Receiver<()>,
    /// Handlers that wait to compute do so until this is set.
    has_computed: AtomicBool,
    failures: AtomicU64,
}

/// The test's part of that place.
struct Gate {
    waits: Receiver<ThreadId>,
    go_on: green::Sender<()>,
}

impl Gate {
    #[track_caller]
    fn until_a_handler_waits(&self) -> ThreadId {
        self.waits.recv_timeout(DEADLINE).expect("a handler waits")
    }

    fn let_go_on(&self, handlers: usize) {
        (0..handlers).for_each(|_| self.go_on.send(()).expect("a handler waits"));
    }
}

impl BaseServer<Datagram> for Watching {
    fn verify_request(&self, _: &Datagram, _: &Address, _: &ServerRef<Self>) -> bool {
        *self.verified_on.lock() = Some(thread::current().id());
        true
    }

    fn handle_error(&self, _: &Datagram, _: &Address, _: &HandlerError, _: &ServerRef<Self>) {
        self.failures.fetch_add(1, SeqCst);
    }
}

#[derive(BaseRequestHandler)]
struct Ask {
    request: Datagram,
    server: ServerRef<Watching>,
}

impl Ask {
    /// Whether the last request was verified on this thread.
    fn has_verified(&self) -> bool {
        *self.server.verified_on.lock() == Some(thread::current().id())
    }

    /// Waits until the test goes on.
    fn wait(&self) {
        self.server.waits.send(thread::current().id()).expect("the test listens");
        self.server.go_on.recv().expect("the test goes on");
    }

    fn handle(&mut self) -> io::Result<()> {
        let has_verified = self.has_verified();
        match &*self.request.data {
            b"wait" => self.wait(),
            b"compute" => {
                self.wait();
                // Beside the leader.
                if self.has_verified() {
                    self.server.waits.send(thread::current().id()).expect("the test listens");
                    while !self.server.has_computed.load(SeqCst) {
                        spin_loop();
                    }
                }
            }
            b"shutdown" => self.server.shutdown(),
            b"panic" => resume_unwind(Box::new("asked to")),
            _ => {}
        }
        self.request.reply(if has_verified { "same thread" } else { "another" })
    }
}

type Builds<C> = Builder<Udp, C, Ask, Watching>;

fn builder<C: Concurrent>() -> (Builds<C>, Gate) {
    let ((waits, waiting), (go, go_on)) = (unbounded(), green::channel(usize::MAX));
    let state = Watching {
        verified_on: Mutex::default(),
        waits,
        go_on,
        has_computed: AtomicBool::new(false),
        failures: AtomicU64::new(0),
    };
    (Server::<Udp, C, Ask, _>::with(state), Gate { waits: waiting, go_on: go })
}

/// Asks until a worker leads, in two answers in a row: in the first its thread may have been one
/// that had verified another request.
#[track_caller]
fn until_a_worker_leads(client: &mut Client) {
    let mut asks_led = || client.ask("?") == b"same thread";
    until("a worker leads", || asks_led() && asks_led());
}

/// A server with a leader, and the leader's client. `change` sets a limit.
fn led<C: Concurrent>(change: fn(Builds<C>) -> Builds<C>) -> (Running<Watching>, Client, Gate) {
    let (builder, gate) = builder::<C>();
    let server = run(change(builder), LOCAL);
    let mut client = Client::datagram(&server.address());
    until_a_worker_leads(&mut client);
    (server, client, gate)
}

/// The same while the leader's handler waits.
fn led_by_a_waiting_handler<C: Concurrent>(
    change: fn(Builds<C>) -> Builds<C>,
) -> (Running<Watching>, Client, Gate) {
    let (server, mut client, gate) = led::<C>(change);
    client.send("wait");
    gate.until_a_handler_waits();
    (server, client, gate)
}

#[test]
fn short_requests_change_no_threads() {
    let (server, _client, _gate) = led::<Threading>(|builder| builder);
    let workers = server.stats().workers;
    until("the leader is free", || server.stats().workers.idle == server.stats().workers.all);
    assert!(workers.all > 0, "{workers:?}");
    let (drained, stats) = server.drain(DEADLINE);
    assert_eq!((drained.aborted, stats.accepted), (0, stats.finished));
}

fn a_waiting_handler_delays_no_other_request<C: Concurrent>() {
    let (server, mut waiting, gate) = led_by_a_waiting_handler::<C>(|builder| builder);
    let mut other = Client::datagram(&server.address());
    for _ in 0..200 {
        other.ask("?");
    }
    // Other handlers may wait meanwhile, too.
    let mut more: Vec<_> = (0..20).map(|_| Client::datagram(&server.address())).collect();
    for client in &mut more {
        client.send("wait");
        gate.until_a_handler_waits();
    }
    assert_eq!(server.stats().active, 21);
    gate.let_go_on(21);
    for client in more.iter_mut().chain([&mut waiting]) {
        client.recv();
    }
    until_a_worker_leads(&mut other);
}

/// A green thread that leads cannot wake while another one computes on its scheduler. Alone in a
/// process, because the schedulers are the process's.
#[test]
fn computing_beside_a_waiting_leader_delays_no_request() {
    let Some(()) = alone() else { return };
    if cores() == 1 {
        return eprintln!("skipped: there is one core");
    }
    let (builder, gate) = builder::<Green>();
    let server = run(builder, LOCAL);
    // The leader may be anywhere, so on each scheduler there is a handler that will compute.
    let (mut computing, mut threads) = (Vec::new(), HashSet::new());
    while threads.len() < cores() {
        let mut client = Client::datagram(&server.address());
        client.send("compute");
        threads.insert(gate.until_a_handler_waits());
        computing.push(client);
    }
    let mut other = Client::datagram(&server.address());
    until_a_worker_leads(&mut other);
    gate.let_go_on(computing.len());
    gate.until_a_handler_waits();

    let mut more: Vec<_> = (0..3).map(|_| Client::datagram(&server.address())).collect();
    for _ in 0..100 {
        more.iter_mut().for_each(|client| _ = client.ask("?"));
    }
    server.has_computed.store(true, SeqCst);
    computing.iter_mut().for_each(|client| _ = client.recv());
    until_a_worker_leads(&mut other);
}

fn shutdown_does_not_wait_for_the_leaders_handler<C: Concurrent>() {
    let (builder, gate) = builder::<C>();
    let server = Arc::new(bind(builder));
    let serving = serve(&server);
    let mut client = Client::datagram(server.server_address());
    until_a_worker_leads(&mut client);
    client.send("wait");
    gate.until_a_handler_waits();
    server.shutdown();
    ends_well(serving);
    assert_eq!(server.stats().active, 1);
    gate.let_go_on(1);
    assert_eq!(client.recv(), b"same thread");
    // No other request was taken: this one waits for the next loop.
    client.send("?");
    let serving = serve(&server);
    assert_eq!(client.recv(), b"another");
    server.shutdown();
    ends_well(serving);
}

fn a_drain_waits_for_the_leaders_handler<C: Concurrent>() {
    let (server, mut client, gate) = led_by_a_waiting_handler::<C>(|builder| builder);
    let draining = thread::spawn(move || server.drain(DEADLINE));
    gate.let_go_on(1);
    let (drained, stats) = in_time("the drain", || draining.join()).expect("no panic");
    assert_eq!((drained.aborted, stats.accepted), (0, stats.finished));
    assert_eq!(client.recv(), b"same thread");
}

fn a_handler_on_the_leader_may_stop_the_server<C: Concurrent>() {
    let (builder, _gate) = builder::<C>();
    let server = Arc::new(bind(builder));
    let serving = serve(&server);
    let mut client = Client::datagram(server.server_address());
    until_a_worker_leads(&mut client);
    assert_eq!(client.ask("shutdown"), b"same thread");
    ends_well(serving);
}

#[test]
fn the_only_thread_may_lead() {
    let (server, mut waiting, gate) =
        led_by_a_waiting_handler::<Threading>(|builder| builder.max_threads(1));
    let mut other = Client::datagram(&server.address());
    other.send("?");
    until("the server is full", || server.stats().workers.idle == 0);
    gate.let_go_on(1);
    waiting.recv();
    other.recv();
    until_a_worker_leads(&mut other);
    assert_eq!(server.stats().workers.all, 1);
}

fn limits_hold_while_a_worker_leads<C: Concurrent>() {
    let (server, mut waiting, gate) =
        led_by_a_waiting_handler::<C>(|builder| builder.max_connections(1));
    let mut other = Client::datagram(&server.address());
    other.send("?");
    assert_eq!(server.stats().active, 1);
    gate.let_go_on(1);
    waiting.recv();
    other.recv();
    until_a_worker_leads(&mut other);
}

fn a_panic_on_the_leader_costs_one_request<C: Concurrent>() {
    let (server, mut client, _gate) = led::<C>(|builder| builder);
    client.send("panic");
    client.ask("?");
    assert_eq!((server.stats().failed, server.failures.load(SeqCst)), (1, 1));
}

/// One concurrency around another, which counts its jobs.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicU64>);

impl ConcurrencyHooks for Counted {
    fn process_request(&self, inner: &dyn Concurrency, job: Job) -> Result<(), Rejected> {
        self.0.fetch_add(1, SeqCst);
        inner.process_request(job)
    }
}

fn hooks_see_each_request_of_a_leader<C: Concurrent>() {
    let ((builder, _gate), counted) = (builder::<C>(), Counted::default());
    let server = run(builder.wrap_concurrency(counted.clone()), LOCAL);
    let mut client = Client::datagram(&server.address());
    until_a_worker_leads(&mut client);
    client.ask("?");
    assert_eq!(server.stats().accepted, counted.0.load(SeqCst));
}

#[test]
fn led_requests_leave_no_green_thread_behind() {
    let (server, mut client, _gate) = led::<Green>(|builder| builder);
    for _ in 0..100 {
        client.ask("?");
    }
    until("none is counted any more", || server.stats().workers.all == 0);
}

/// After so many a green thread watches its socket only when it waits the next time.
fn a_leader_waits_after_many_requests_in_a_row<C: Concurrent>() {
    let (server, mut client, _gate) = led::<C>(|builder| builder);
    for _ in 0..3 {
        (0..50).for_each(|_| client.send("?"));
        for _ in 0..600 {
            client.recv();
            client.send("?");
        }
        (0..50).for_each(|_| _ = client.recv());
        // It waits for this one, or will soon.
        until_a_worker_leads(&mut client);
    }
    let stats = server.drain(DEADLINE).1;
    assert_eq!(stats.accepted, stats.finished);
}

/// Another client keeps the leader busy at the socket whose file has gone.
fn a_leader_moves_to_the_restored_file<C: Concurrent>() {
    let folder = Folder::new();
    let [path, old] = ["server", "old"].map(|name| folder.join(name));
    let (builder, _gate) = builder::<C>();
    let builder = builder.map_transport(|_| UnixDatagram::new().restore_file(true));
    let server = run(builder, path.clone());
    let client = || <UnixDatagram as TestTransport>::client(&server.address());
    until_a_worker_leads(&mut client());

    let talker = std::os::unix::net::UnixDatagram::bind(old).expect("bind");
    talker.connect(&path).expect("connect");
    // The last question may be lost with the old socket. Then the next one cannot be sent.
    talker.set_read_timeout(Some(DEADLINE / 100)).expect("a timeout");
    let talking = thread::spawn(move || {
        while talker.send(b"?").is_ok() {
            let _ = talker.recv(&mut [0; 20]);
        }
    });
    fs::remove_file(&path).expect("the server's file");
    until("it is there again", || path.exists());
    until_a_worker_leads(&mut client());
    in_time("the end of the old socket", || talking.join()).expect("no panic");
}

matrix!(
    concurrent: a_waiting_handler_delays_no_other_request,
    shutdown_does_not_wait_for_the_leaders_handler, a_drain_waits_for_the_leaders_handler,
    a_handler_on_the_leader_may_stop_the_server, limits_hold_while_a_worker_leads,
    a_panic_on_the_leader_costs_one_request, hooks_see_each_request_of_a_leader,
    a_leader_moves_to_the_restored_file, a_leader_waits_after_many_requests_in_a_row,
);
