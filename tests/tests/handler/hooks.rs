//! The methods of `BaseServer`: when they are called, what they may do, and what they cannot break.

use tests::prelude::*;

const NEVER: Duration = Duration::from_secs(3600);

type Hook = dyn Fn(&str, &ServerRef<Hooks>) + Send + Sync;

/// Every method overridden by the same closure.
struct Hooks(Box<Hook>);

impl Hooks {
    fn call(&self, name: &str, server: &ServerRef<Hooks>) {
        (self.0)(name, server);
    }
}

impl<R> BaseServer<R> for Hooks {
    fn verify_request(&self, _: &R, _: &Address, server: &ServerRef<Self>) -> bool {
        self.call("verify_request", server);
        true
    }
    fn handle_error(&self, _: &R, _: &Address, _: &HandlerError, server: &ServerRef<Self>) {
        self.call("handle_error", server);
    }
    fn handle_timeout(&self, server: &ServerRef<Self>) {
        self.call("handle_timeout", server);
    }
    fn service_actions(&self, server: &ServerRef<Self>) {
        self.call("service_actions", server);
    }
    fn server_close(&self, server: &ServerRef<Self>) {
        self.call("server_close", server);
    }
}

fn hooks<C: Column>(
    hook: impl Fn(&str, &ServerRef<Hooks>) + Send + Sync + 'static,
) -> Builder<Tcp, C, Echo, Hooks> {
    Server::with(Hooks(Box::new(hook))).poll_interval(NEVER)
}

/// A hook that counts the calls of one name, and does something more.
fn counting<C: Column>(
    name: &'static str,
    then: impl Fn(&ServerRef<Hooks>) + Send + Sync + 'static,
) -> (Arc<Mutex<u32>>, Builder<Tcp, C, Echo, Hooks>) {
    let count = Arc::new(Mutex::new(0));
    let counted = count.clone();
    let builder = hooks::<C>(move |called, server| {
        if called == name {
            *counted.lock() += 1;
            then(server);
        }
    });
    (count, builder)
}

fn service_actions_runs_every_poll_interval<C: Column>() {
    let interval = Duration::from_millis(20);
    let (count, builder) = counting::<C>("service_actions", |_| ());
    let began = Instant::now();
    let server = run(builder.poll_interval(interval), LOCAL);
    until("ten calls", || *count.lock() >= 10);
    assert!(began.elapsed() >= interval * 10, "{:?}", began.elapsed());
    drop(server);
}

/// Even if there is always one more request.
#[test]
fn service_actions_runs_between_inline_requests() {
    let (count, builder) = counting::<Inline>("service_actions", |_| ());
    let (turns, seen) = (count.clone(), Arc::new(Mutex::new(Vec::new())));
    let noted = seen.clone();
    // A job runs on the loop, like the hook.
    let server = builder.poll_interval(Duration::MAX).around(move |run| {
        noted.lock().push(*turns.lock());
        run.run()
    });
    let server = bind(server);
    let clients = [(); 5].map(|()| Client::stream(server.server_address()));
    let server = Running::from(server.spawn().expect("spawn"));
    for client in clients {
        assert_eq!(client.finish(), b"");
    }
    let seen = seen.lock();
    assert!(seen.is_sorted_by(|one, next| one < next), "{seen:?}");
    drop(server);
}

fn service_actions_can_pause_until_the_next_start<C: Column>() {
    let (count, builder) =
        counting::<C>("service_actions", |server| server.without_service_actions());
    let builder = builder.poll_interval(Duration::from_millis(1));
    let server = Arc::new(builder.bind(LOCAL).expect("bind"));
    for start in 1..3 {
        let serving = serve(&server);
        until("the call", || *count.lock() == start);
        for _ in 0..5 {
            Client::echoed(server.server_address());
        }
        assert_eq!(*count.lock(), start);
        server.shutdown();
        ends_well(serving);
    }
}

/// The loop is found by its thread's name, and is the same in every column.
///
/// Complaint 02.
#[test]
fn an_idle_server_sleeps() {
    #[derive(BaseRequestHandler)]
    struct Idle {}
    impl Idle {
        fn handle(&self) {}
    }
    /// How many times the loop has gone to sleep.
    fn sleeps() -> Option<String> {
        let threads = fs::read_dir("/proc/self/task").expect("/proc");
        threads.flatten().find_map(|thread| {
            let status = fs::read_to_string(thread.path().join("status")).ok()?;
            let mut lines = status.lines();
            lines.next().filter(|name| name.ends_with("\tIdle server"))?;
            let switches = lines.find(|line| line.starts_with("voluntary_ctxt_switches"));
            switches.map(str::to_owned)
        })
    }
    let builder = ThreadingTCPServer::<Idle>::builder().poll_interval(Duration::from_millis(1));
    let server = run(builder, LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"");
    until("it has slept for a while", || {
        let before = sleeps().expect("the loop's thread");
        thread::sleep(Duration::from_millis(300));
        sleeps() == Some(before)
    });
}

/// Complaint 02.
fn a_stop_does_not_await_the_poll_interval<C: Column>() {
    let server = run(hooks::<C>(|_, _| ()), LOCAL);
    Client::echoed(&server.address());
    let stopping = (*server).clone();
    within(Duration::from_secs(2), || in_time("shutdown", move || stopping.shutdown()));
}

/// Complaint 01.
fn any_hook_may_stop_the_server<C: Column>() {
    for name in ["verify_request", "service_actions", "handle_timeout", "server_close"] {
        let (count, builder) = counting::<C>(name, |server| {
            server.shutdown();
            server.begin_drain(Duration::ZERO);
        });
        let server = Arc::new(bind(builder.timeout(Duration::from_millis(1))));
        let serving = server.clone();
        let serving = thread::spawn(move || match name {
            "handle_timeout" => serving.handle_request().map(drop),
            "server_close" => {
                serving.server_close();
                Ok(())
            }
            _ => serving.serve_forever(),
        });
        if matches!(name, "verify_request" | "service_actions") {
            drop(Client::stream(server.server_address()));
        }
        ends_well(serving);
        assert_eq!(*count.lock(), 1, "{name}");
    }
}

/// `intake` has the hooks of a request.
///
/// Complaint 26.
fn a_panic_in_a_hook_costs_one_call<C: Column>() {
    let panics = |name: &str, _: &_| assert_eq!(name, "verify_request", "on purpose");
    let builder = hooks::<C>(panics).timeout(Duration::from_millis(1));
    let server = bind(builder);
    assert_eq!(server.handle_request().expect("serves"), Served::TimedOut);
    let server = Running::from(server.spawn().expect("spawn"));
    for _ in 0..5 {
        // Each is followed by a call of `service_actions`.
        Client::echoed(&server.address());
    }
}

/// The places that a state counts, as a limit that servers share would.
#[derive(Default)]
struct Places {
    taken: AtomicUsize,
    given_back: AtomicUsize,
    closed: AtomicUsize,
}

impl BaseServer for Places {
    fn verify_request(&self, _: &Socket, _: &Address, _: &ServerRef<Self>) -> bool {
        self.taken.fetch_add(1, Relaxed);
        true
    }
    fn request_closed(&self, _: &Socket, _: &Address, server: &ServerRef<Self>) {
        assert_eq!(server.stats().active, 1, "it counts as ended after this");
        self.given_back.fetch_add(1, Relaxed);
    }
    fn server_closed(&self, server: &ServerRef<Self>) {
        assert_eq!(server.stats().active, 0);
        self.closed.fetch_add(1, Relaxed);
    }
}

#[derive(BaseRequestHandler)]
struct Unlucky {
    request: Socket,
}

impl Unlucky {
    fn setup(&self) -> io::Result<()> {
        match self.request.recv(1)?.as_slice() {
            b"s" => Err(io::Error::other("in setup")),
            b"p" => panic!("in setup"),
            _ => Ok(()),
        }
    }
    fn handle(&self) -> io::Result<()> {
        self.request.sendall(b"hello")
    }
}

fn each_admitted_request_is_closed_once<C: Column>() {
    let server = bind(Server::<Tcp, C, Unlucky, Places>::builder());
    let state = server.server_ref();
    let server = Running::from(server.spawn().expect("spawn"));
    for word in ["a", "s", "p"] {
        let mut client = Client::stream(&server.address());
        client.send(word);
        client.rest();
        // The connection ends first.
        until("the request has ended", || server.stats().active == 0);
    }
    assert_eq!(server.ends(), [1, 2, 0, 0]);
    let counts = [&state.taken, &state.given_back, &state.closed];
    assert_eq!(counts.map(|count| count.load(Relaxed)), [3, 3, 1]);
}

/// Rejects every job.
struct Rejecting;

impl ConcurrencyHooks for Rejecting {
    fn process_request(&self, _: &dyn Concurrency, job: Job) -> Result<(), Rejected> {
        Err(Rejected { job, error: io::Error::other("no worker") })
    }
}

#[test]
fn a_rejected_request_is_closed_once() {
    let builder = ThreadingTCPServer::<Unlucky, Places>::builder();
    let server = bind(builder.wrap_concurrency(Rejecting));
    let state = server.server_ref();
    let server = Running::from(server.spawn().expect("spawn"));
    assert_eq!(Client::stream(&server.address()).rest(), b"");
    assert_eq!(server.ends(), [0, 1, 0, 0]);
    let counts = [&state.taken, &state.given_back, &state.closed];
    assert_eq!(counts.map(|count| count.load(Relaxed)), [1, 1, 1]);
}

matrix!(
    columns: each_admitted_request_is_closed_once, service_actions_runs_every_poll_interval,
    service_actions_can_pause_until_the_next_start, a_stop_does_not_await_the_poll_interval,
    any_hook_may_stop_the_server, a_panic_in_a_hook_costs_one_call,
);
