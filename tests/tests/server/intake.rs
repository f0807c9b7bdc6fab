//! What a request meets on its way: which hooks, in which order, on which thread.

use std::any::TypeId;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::io::Errno;
use socketserver::{
    Address, BaseRequestHandler, BaseServer, Builder, Concurrency, HandlerError, Inline, Job,
    Rejected, Served, ServerRef, Tcp, Transport,
};
use tests::{Client, Echo, Folder, Place, Running, Watched, in_time, matrix, run, until};

/// How one call goes wrong.
#[derive(Clone, Copy)]
enum Trouble {
    Error(&'static str),
    Panic(&'static str),
}

use Trouble::{Error, Panic};

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
    let transport = Watched::new(T::default(), move |name| written.call(name));
    Builder::new(transport, concurrency, Watching(diary.clone()))
        .poll_interval(Duration::from_secs(3600))
}

/// A client whose request is there. For a stream, connecting is the request.
fn request<T: Place>(address: &Address) -> Client {
    let mut client = T::client(address);
    if matches!(client, Client::Udp(_) | Client::UnixDatagram(..)) {
        client.send("request");
    }
    client
}

/// One request on which `troubles` come: what the loop calls after it has taken it and asked whether it is welcome, and
/// what is called where it runs. Then one without troubles, which must be served as ever.
fn meets<T: Place, C: Concurrency + Default>(
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

fn one_request<T: Place, C: Concurrency>(
    server: &Running<Watching>,
    diary: &Diary,
    on_the_loop: &[&'static str],
    in_its_place: &[&'static str],
) {
    let ended = |stats: socketserver::Stats| stats.accepted - stats.active;
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
        $(fn $name<T: Place, C: Concurrency + Default>() {
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
    goes_well: [] => [], HANDLED;
    is_not_verified: [Error("verify_request")] => ["shutdown_request"], [];
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
    everything_panics:
        [Panic("handle"), Panic("finish"), Panic("handle_error"), Panic("shutdown_request")] => [], FAILED;
}

/// A concurrency that never has room.
struct Refusing;

impl Concurrency for Refusing {
    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        let error = io::Error::other("nobody is free");
        Err(Rejected { job, error })
    }
}

#[test]
fn what_nobody_can_run_is_an_error_on_the_loop() {
    let diary = Diary::new(&[]);
    let server = builder::<Tcp, _>(&diary, Refusing);
    let server = server.bind("127.0.0.1:0").expect("bind");
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

fn alone_has_no_service_actions<T: Place, C: Concurrency + Default>() {
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

matrix!(all: alone_has_no_service_actions);

/// A server that takes connections, some of which fail as they are taken.
fn failing_to_take(errors: &Arc<Mutex<Vec<io::Error>>>) -> Builder<Watched<Tcp>, Inline, Echo, ()> {
    let errors = errors.clone();
    let transport = Watched::new(Tcp::new(), move |name| match name {
        "get_request" => errors.lock().pop().map_or(Ok(()), Err),
        _ => Ok(()),
    });
    Builder::new(transport, Inline, ())
}

#[test]
fn what_goes_wrong_with_one_connection_does_not_end_the_loop() {
    let errors = Arc::default();
    let server = run(failing_to_take(&errors), "127.0.0.1:0");
    let of_a_connection = [
        Errno::CONNABORTED,
        Errno::PROTO,
        Errno::NETDOWN,
        Errno::NOPROTOOPT,
        Errno::HOSTDOWN,
        Errno::HOSTUNREACH,
        Errno::OPNOTSUPP,
        Errno::NETUNREACH,
        Errno::TIMEDOUT,
        Errno::PERM,
    ];
    let of_the_machine = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    let counted = of_a_connection.iter().chain(&of_the_machine);
    for error in counted.clone().chain(&[Errno::AGAIN, Errno::INTR]) {
        errors.lock().push((*error).into());
        assert_eq!(Client::stream(&server.address()).finish(), b"", "{error}");
        assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
    }
    let stats = server.stats();
    assert_eq!(
        (stats.accept_errors, stats.failed),
        (counted.count() as u64, 0)
    );
}

#[test]
fn a_listener_that_will_never_work_again_ends_the_loop() {
    for error in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK, Errno::FAULT] {
        let errors = Arc::new(Mutex::new(vec![error.into()]));
        let server = failing_to_take(&errors).bind("127.0.0.1:0").expect("bind");
        let _client = Client::stream(server.server_address());
        let ended = in_time("the loop's end", move || server.serve_forever());
        let number = ended.expect_err("an error").raw_os_error();
        assert_eq!(number, Some(error.raw_os_error()));
    }
}

#[test]
fn nobody_is_left_waiting_for_a_spawned_server_whose_loop_has_failed() {
    let errors = Arc::new(Mutex::new(vec![Errno::BADF.into()]));
    let server = failing_to_take(&errors).bind("127.0.0.1:0").expect("bind");
    let [mut taken, mut waiting] = [(); 2].map(|()| Client::stream(server.server_address()));
    let serving = server.spawn().expect("spawn");
    assert_eq!(taken.rest(), b"");
    let reset = waiting.read(&mut [0]).expect_err("nobody serves");
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    let ended = in_time("the loop's end", move || serving.join());
    let number = ended.expect_err("an error").raw_os_error();
    assert_eq!(number, Some(Errno::BADF.raw_os_error()));
}

/// A concurrency that panics.
struct Panicking;

impl Concurrency for Panicking {
    fn process_request(&self, _: Job) -> Result<(), Rejected> {
        resume_unwind(Box::new("process_request"))
    }
}

#[test]
fn a_panic_in_an_axis_of_ones_own_leaves_a_server_that_can_be_stopped() {
    let diary = Diary::new(&[Panic("get_request")]);
    in_time("the end of both", move || {
        let stops = |handle: socketserver::ServerHandle<Watching>| {
            assert_eq!(Client::stream(handle.server_address()).rest(), b"");
            let server = (*handle).clone();
            server.shutdown();
            // Whether the loop has survived or not is not the question here.
            let _ = catch_unwind(AssertUnwindSafe(|| handle.join()));
        };
        let server = builder::<Tcp, _>(&diary, Inline)
            .bind("127.0.0.1:0")
            .expect("bind");
        stops(server.spawn().expect("spawn"));
        let server = builder::<Tcp, _>(&diary, Panicking)
            .bind("127.0.0.1:0")
            .expect("bind");
        stops(server.spawn().expect("spawn"));
    });
}

/// A concurrency that never begins what it was given, and from when it is told panics as it looks
/// after that.
struct Holding {
    jobs: Mutex<Vec<Job>>,
    turns: Arc<AtomicUsize>,
    panics: Arc<AtomicBool>,
}

impl Concurrency for Holding {
    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        self.jobs.lock().push(job);
        Ok(())
    }
    fn service_actions(&self) -> Option<Instant> {
        if self.panics.load(SeqCst) {
            resume_unwind(Box::new("service_actions"));
        }
        self.turns.fetch_add(self.jobs.lock().len(), SeqCst);
        None
    }
    fn server_close(&self, _: Option<Instant>) {
        self.jobs.lock().clear();
        resume_unwind(Box::new("server_close"));
    }
}

#[test]
fn a_panic_as_the_loop_ends_leaves_a_server_that_can_be_stopped() {
    let (turns, panics) = (Arc::default(), Arc::default());
    let holding = Holding {
        jobs: Mutex::default(),
        turns: Arc::clone(&turns),
        panics: Arc::clone(&panics),
    };
    let server = builder::<Tcp, _>(&Diary::new(&[]), holding).drain_timeout(Duration::ZERO);
    let server = server.bind("127.0.0.1:0").expect("bind").spawn();
    let server = server.expect("spawn");
    let mut client = Client::stream(server.server_address());
    until("the loop has taken it and waits", || turns.load(SeqCst) > 0);
    panics.store(true, SeqCst);
    let stopping = (*server).clone();
    in_time("shutdown", move || stopping.shutdown());
    in_time("the end", move || drop(server));
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_panic_as_the_queue_is_emptied_leaves_a_server_that_can_be_stopped() {
    let server = builder::<Tcp, _>(&Diary::new(&[]), Panicking).bind("127.0.0.1:0");
    let server = server.expect("bind");
    let mut client = Client::stream(server.server_address());
    in_time("the end", move || {
        let _ = catch_unwind(AssertUnwindSafe(|| server.drain(Duration::from_millis(50))));
        server.shutdown();
    });
    assert_eq!(client.rest(), b"");
}
