//! A request's way through a server: which hooks it meets, in which order, on which thread.

use std::any::TypeId;

use tests::prelude::*;

/// What was called on which thread, and what goes wrong on the way of the first request, such as
/// `setup fails` or `handle panics`.
struct Diary {
    calls: Mutex<Vec<(&'static str, ThreadId)>>,
    troubles: Mutex<Vec<&'static str>>,
}

impl Diary {
    fn new(troubles: &[&'static str]) -> Arc<Self> {
        let (calls, troubles) = (Mutex::default(), Mutex::new(troubles.to_vec()));
        Arc::new(Diary { calls, troubles })
    }

    fn call(&self, name: &'static str) -> io::Result<()> {
        self.calls.lock().push((name, thread::current().id()));
        let mut troubles = self.troubles.lock();
        let mut first = |how| {
            let place = troubles.iter().position(|trouble| trouble.strip_prefix(name) == Some(how));
            place.map(|place| troubles.remove(place)).is_some()
        };
        if first(" panics") {
            // Unlike `panic!` this prints nothing.
            resume_unwind(Box::new(name));
        }
        if first(" fails") { Err(io::Error::other(name)) } else { Ok(()) }
    }

    fn count(&self, name: &str) -> usize {
        self.calls.lock().iter().filter(|(call, _)| *call == name).count()
    }

    /// The calls on the thread that took the first request, and those on others; forgets them.
    fn take(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let calls = std::mem::take(&mut *self.calls.lock());
        let taken = calls.iter().find(|(call, _)| *call == "get_request");
        let (_, loop_thread) = *taken.expect("a request was taken");
        let on = |is_loop: bool| {
            let there = calls.iter().filter(|call| (call.1 == loop_thread) == is_loop);
            there.map(|call| call.0).collect()
        };
        (on(true), on(false))
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

/// Serves one request with these troubles. The loop takes it, verifies it and calls `on_the_loop`;
/// `in_its_place` is called where the request runs. The next request must be served as ever.
fn meets<T: TestTransport, C: Column>(
    troubles: &[&'static str],
    on_the_loop: &[&'static str],
    in_its_place: &[&'static str],
) {
    let (folder, diary) = (Folder::new(), Diary::new(troubles));
    let written = diary.clone();
    let transport = watched(T::default(), move |name| written.call(name));
    let server = Builder::<_, _, Handler, _>::new(transport, C::default(), Watching(diary.clone()));
    let server = run(server.poll_interval(Duration::from_secs(3600)), T::address(&folder));

    one_request::<T, C>(&server, &diary, on_the_loop, in_its_place);
    let stats = server.stats();
    let ends = (stats.finished, stats.failed, stats.refused);
    let expected = match (troubles, in_its_place) {
        (["verify_request fails"], []) | (["prepare fails"], _) => (0, 0, 1),
        (["shutdown_request panics"] | [], _) => (1, 0, 0),
        _ => (0, 1, 0),
    };
    assert_eq!(ends, expected);
    if TypeId::of::<C>() == TypeId::of::<Inline>() {
        assert_eq!(stats.workers, Workers::default());
    }

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
    let mut client = T::client(&server.address());
    if !client.is_stream() {
        client.send("request");
    }
    until("the request has ended", || {
        ended(server.stats()) > before && diary.count("service_actions") > 0
    });
    if client.is_stream() {
        assert_eq!(client.rest(), b"", "a clean end, nothing else");
    }
    let on_the_loop = [&["get_request", "verify_request"], on_the_loop].concat();
    let (mut here, there) = diary.take();
    // A wake-up too many costs a turn.
    here.dedup();
    let inline = TypeId::of::<C>() == TypeId::of::<Inline>();
    let (with_it, elsewhere) =
        if inline { (in_its_place, &[][..]) } else { (&[][..], in_its_place) };
    assert_eq!(here, [&on_the_loop, with_it, &["service_actions"]].concat());
    assert_eq!(there, elsewhere);
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
const FAILED: [&str; 6] =
    ["prepare", "setup", "handle", "finish", "handle_error", "shutdown_request"];
const NOT_SET_UP: [&str; 4] = ["prepare", "setup", "handle_error", "shutdown_request"];
const NOT_PREPARED: [&str; 3] = ["prepare", "handle_error", "shutdown_request"];

lives! {
    parent_and_child_share_the_calls_of_a_request: [] => [], HANDLED;
    a_request_is_refused: ["verify_request fails"] => ["shutdown_request"], [];
    verify_request_panics: ["verify_request panics"] => ["handle_error", "shutdown_request"], [];
    prepare_fails: ["prepare fails"] => [], NOT_PREPARED;
    prepare_panics: ["prepare panics"] => [], NOT_PREPARED;
    setup_fails: ["setup fails"] => [], NOT_SET_UP;
    setup_panics: ["setup panics"] => [], NOT_SET_UP;
    handle_fails: ["handle fails"] => [], FAILED;
    handle_panics: ["handle panics"] => [], FAILED;
    finish_fails: ["finish fails"] => [], FAILED;
    finish_panics: ["finish panics"] => [], FAILED;
    handle_and_finish_fail: ["handle fails", "finish panics"] => [], FAILED;
    handle_error_panics: ["handle fails", "handle_error panics"] => [], FAILED;
    verify_request_and_handle_error_panic: ["verify_request panics", "handle_error panics"] =>
        ["handle_error", "shutdown_request"], [];
    shutdown_request_panics: ["shutdown_request panics"] => [], HANDLED;
    every_hook_panics:
        ["handle panics", "finish panics", "handle_error panics", "shutdown_request panics"] =>
        [], FAILED;
}
