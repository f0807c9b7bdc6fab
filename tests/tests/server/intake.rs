//! A request's way through a server: which hooks it meets, in which order, on which thread.

use std::any::TypeId;

use Trouble::{Error, Panic};
use tests::prelude::*;

/// How one call goes wrong.
#[derive(Clone, Copy)]
enum Trouble {
    Error(&'static str),
    Panic(&'static str),
}

/// What was called on which thread, and what goes wrong on the way of the first request.
struct Diary {
    calls: Mutex<Vec<(&'static str, ThreadId)>>,
    troubles: Mutex<Vec<Trouble>>,
}

impl Diary {
    fn new(troubles: &[Trouble]) -> Arc<Self> {
        Arc::new(Diary {
            calls: Mutex::default(),
            troubles: Mutex::new(troubles.to_vec()),
        })
    }

    fn call(&self, name: &'static str) -> io::Result<()> {
        self.calls.lock().push((name, thread::current().id()));
        let mut troubles = self.troubles.lock();
        let mine = troubles.iter().position(|trouble| match trouble {
            Error(hook) | Panic(hook) => *hook == name,
        });
        match mine.map(|place| troubles.remove(place)) {
            None => Ok(()),
            Some(Error(_)) => Err(io::Error::other(name)),
            // Unlike `panic!` this prints nothing.
            Some(Panic(_)) => resume_unwind(Box::new(name)),
        }
    }

    fn count(&self, name: &str) -> usize {
        let calls = self.calls.lock();
        calls.iter().filter(|(call, _)| *call == name).count()
    }

    /// The calls on the thread that took the first request, and those on others; forgets them.
    fn take(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let calls = std::mem::take(&mut *self.calls.lock());
        let taken = calls.iter().find(|(call, _)| *call == "get_request");
        let (_, loop_thread) = *taken.expect("a request was taken");
        let (here, there): (Vec<_>, Vec<_>) = calls
            .into_iter()
            .partition(|(_, thread)| *thread == loop_thread);
        let names =
            |calls: Vec<(&'static str, ThreadId)>| calls.iter().map(|call| call.0).collect();
        (names(here), names(there))
    }
}

struct Watching(Arc<Diary>);

impl<R> BaseServer<R> for Watching {
    fn verify_request(&self, _: &R, _: &Address, _: &ServerRef<Self>) -> bool {
        self.0.call("verify_request").is_ok()
    }
    fn handle_error(&self, _: &R, _: &Address, _: &HandlerError, _: &ServerRef<Self>) {
        let _ = self.0.call("handle_error");
    }
    fn handle_timeout(&self, _: &ServerRef<Self>) {
        let _ = self.0.call("handle_timeout");
    }
    fn service_actions(&self, _: &ServerRef<Self>) {
        let _ = self.0.call("service_actions");
    }
}

#[derive(BaseRequestHandler)]
struct Handler {
    server: ServerRef<Watching>,
}

impl Handler {
    fn setup(&self) -> io::Result<()> {
        self.server.0.call("setup")
    }
    fn handle(&self) -> io::Result<()> {
        self.server.0.call("handle")
    }
    fn finish(&self) -> io::Result<()> {
        self.server.0.call("finish")
    }
}

fn builder<T: Transport + Default, C: Concurrency>(
    diary: &Arc<Diary>,
    concurrency: C,
) -> Builder<Watched<T>, C, Handler, Watching> {
    let written = diary.clone();
    let transport = watched(T::default(), move |name| written.call(name));
    Builder::new(transport, concurrency, Watching(diary.clone()))
        .poll_interval(Duration::from_secs(3600))
}

/// A client whose request is there: for a stream, connecting is the request.
fn request<T: TestTransport>(address: &Address) -> Client {
    let mut client = T::client(address);
    if matches!(client, Client::Udp(_) | Client::UnixDatagram(..)) {
        client.send("request");
    }
    client
}

/// Serves one request with these troubles. The loop takes it, verifies it and calls `on_the_loop`;
/// `in_its_place` is called where the request runs. The next request must be served as ever.
fn meets<T: TestTransport, C: Column>(
    troubles: &[Trouble],
    on_the_loop: &[&'static str],
    in_its_place: &[&'static str],
) {
    let (folder, diary) = (Folder::new(), Diary::new(troubles));
    let server = run(builder::<T, C>(&diary, C::default()), T::address(&folder));

    one_request::<T, C>(&server, &diary, on_the_loop, in_its_place);
    let stats = server.stats();
    let ends = (stats.finished, stats.failed, stats.refused);
    let expected = match (troubles, in_its_place) {
        ([Error("verify_request")], []) => (0, 0, 1),
        ([Panic("shutdown_request")] | [], _) => (1, 0, 0),
        _ => (0, 1, 0),
    };
    assert_eq!(ends, expected);

    one_request::<T, C>(&server, &diary, &[], &HANDLED);
    assert_eq!(server.stats().finished, expected.0 + 1);
}

fn one_request<T: TestTransport, C: Concurrency>(
    server: &Running<Watching>,
    diary: &Diary,
    on_the_loop: &[&'static str],
    in_its_place: &[&'static str],
) {
    let ended = |stats: Stats| stats.accepted - stats.active;
    let before = ended(server.stats());
    let mut client = request::<T>(&server.address());
    until("the request has ended", || {
        ended(server.stats()) > before && diary.count("service_actions") > 0
    });
    if matches!(client, Client::Tcp(_) | Client::UnixStream(_)) {
        assert_eq!(client.rest(), b"", "a clean end, nothing else");
    }
    let on_the_loop = [&["get_request", "verify_request"], on_the_loop].concat();
    let (here, there) = diary.take();
    if TypeId::of::<C>() == TypeId::of::<Inline>() {
        assert_eq!(
            here,
            [&on_the_loop, in_its_place, &["service_actions"]].concat()
        );
        assert!(there.is_empty(), "{there:?}");
    } else {
        assert_eq!(here, [&on_the_loop[..], &["service_actions"]].concat());
        assert_eq!(there, in_its_place);
    }
}

macro_rules! lives {
    ($($name:ident: [$($trouble:expr),*] => $on_the_loop:expr, $in_its_place:expr;)+) => {
        $(fn $name<T: TestTransport, C: Column>() {
            meets::<T, C>(&[$($trouble),*], &$on_the_loop, &$in_its_place);
        })+
        matrix!(all: $($name),+);
    };
}

const HANDLED: [&str; 5] = ["prepare", "setup", "handle", "finish", "shutdown_request"];
const FAILED: [&str; 6] = [
    "prepare",
    "setup",
    "handle",
    "finish",
    "handle_error",
    "shutdown_request",
];
const NOT_SET_UP: [&str; 4] = ["prepare", "setup", "handle_error", "shutdown_request"];
const NOT_PREPARED: [&str; 3] = ["prepare", "handle_error", "shutdown_request"];

lives! {
    parent_and_child_share_the_calls_of_a_request: [] => [], HANDLED;
    a_request_is_refused: [Error("verify_request")] => ["shutdown_request"], [];
    verify_request_panics: [Panic("verify_request")] => ["handle_error", "shutdown_request"], [];
    prepare_fails: [Error("prepare")] => [], NOT_PREPARED;
    prepare_panics: [Panic("prepare")] => [], NOT_PREPARED;
    setup_fails: [Error("setup")] => [], NOT_SET_UP;
    setup_panics: [Panic("setup")] => [], NOT_SET_UP;
    handle_fails: [Error("handle")] => [], FAILED;
    handle_panics: [Panic("handle")] => [], FAILED;
    finish_fails: [Error("finish")] => [], FAILED;
    finish_panics: [Panic("finish")] => [], FAILED;
    handle_and_finish_fail: [Error("handle"), Panic("finish")] => [], FAILED;
    handle_error_panics: [Error("handle"), Panic("handle_error")] => [], FAILED;
    verify_request_and_handle_error_panic: [Panic("verify_request"), Panic("handle_error")] =>
        ["handle_error", "shutdown_request"], [];
    shutdown_request_panics: [Panic("shutdown_request")] => [], HANDLED;
    every_hook_panics:
        [Panic("handle"), Panic("finish"), Panic("handle_error"), Panic("shutdown_request")] =>
        [], FAILED;
}

/// A concurrency that has no room.
struct Refusing;

impl Concurrency for Refusing {
    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        let error = io::Error::other("no worker is free");
        Err(Rejected { job, error })
    }
}

#[test]
fn a_rejected_job_fails_on_the_loop() {
    let diary = Diary::new(&[]);
    let server = bind(builder::<Tcp, _>(&diary, Refusing));
    for _ in 0..2 {
        let mut client = Client::stream(server.server_address());
        assert_eq!(server.handle_request().expect("serves"), Served::Refused);
        assert_eq!(client.rest(), b"");
        let calls = [
            "get_request",
            "verify_request",
            "handle_error",
            "shutdown_request",
        ];
        assert_eq!(diary.take(), (calls.to_vec(), vec![]));
    }
    assert_eq!(server.stats().finished, 0);
}

fn handle_request_calls_no_service_actions<T: TestTransport, C: Column>() {
    let (folder, diary) = (Folder::new(), Diary::new(&[]));
    let server = builder::<T, C>(&diary, C::default()).timeout(Duration::from_millis(10));
    let server = server.bind(T::address(&folder)).expect("bind");
    let _client = request::<T>(server.server_address());
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(server.handle_request().expect("serves"), Served::TimedOut);
    server.server_close();
    let (mut here, there) = diary.take();
    here.extend(there);
    let calls = [&["get_request", "verify_request"], &HANDLED[..]].concat();
    let timeout = here.iter().position(|call| *call == "handle_timeout");
    here.remove(timeout.expect("handle_timeout"));
    assert_eq!(here, calls);
}

matrix!(all: handle_request_calls_no_service_actions);

const SOON: Duration = Duration::from_millis(200);

/// Complaint 18.
fn a_silent_handshake_blocks_no_other_client<C: Concurrent>() {
    let (state, failures) = Failures::new();
    let builder = Server::<Tcp, C, Echo, _>::with(state).prepared(|request: &Socket| {
        request.settimeout(Some(SOON))?;
        assert_eq!(request.recv(1)?, b"!");
        request.sendall(b"!")?;
        request.settimeout(None)
    });
    let server = run(builder, LOCAL);
    let silent: Vec<_> = Client::streams(20, &server.address());
    let mut client = Client::stream(&server.address());
    assert_eq!(client.ask("!"), b"!");
    assert_eq!(client.ask("hello"), b"hello");
    for mut client in silent {
        assert_eq!(client.rest(), b"");
    }
    for _ in 0..20 {
        let (_, kind) = failures.recv_timeout(DEADLINE).expect("handle_error");
        assert_eq!(kind, Some(io::ErrorKind::TimedOut));
    }
    assert_eq!(client.ask("still there"), b"still there");
}

matrix!(concurrent: a_silent_handshake_blocks_no_other_client);
