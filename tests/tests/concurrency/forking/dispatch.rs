//! The calls that a request meets, their processes and order, and the status of its child.

use std::process::id;

use tests::prelude::*;

use crate::harness::list;
use crate::support::{Journal, end_of};

list!(
    TESTS: parent_and_child_share_the_calls_of_a_request, a_failure_in_the_child_is_handled_there,
    a_failure_in_the_parent_is_handled_there, a_refusal_in_the_child_is_counted_in_the_parent,
);

/// Notes each call and its process, and makes trouble, such as `setup fails` or `handle panics`.
#[derive(Clone)]
struct Diary {
    journal: Journal,
    parent: u32,
    troubles: &'static [&'static str],
}

impl Diary {
    fn call(&self, name: &'static str) -> io::Result<()> {
        let process = if id() == self.parent { "parent" } else { "child" };
        self.journal.note(&format!("{process}: {name}"));
        for trouble in self.troubles {
            match trouble.strip_prefix(name) {
                Some(" fails") => return Err(io::Error::other(name)),
                // Unlike `panic!` this prints nothing.
                Some(" panics") => resume_unwind(Box::new(name)),
                _ => {}
            }
        }
        Ok(())
    }

    fn of(&self, process: &str) -> Vec<String> {
        let lines = self.journal.lines().into_iter();
        let of_it = |line: String| Some(line.strip_prefix(process)?.strip_prefix(": ")?.to_owned());
        lines.filter_map(of_it).collect()
    }
}

struct State(Diary);

impl BaseServer for State {
    fn verify_request(&self, _: &Socket, _: &Address, _: &ServerRef<Self>) -> bool {
        self.0.call("verify_request").is_ok()
    }
    fn handle_error(&self, _: &Socket, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        self.0.journal.note(&format!("error: {error}"));
        // To fail, it must panic.
        let _ = self.0.call("handle_error");
    }
}

#[derive(BaseRequestHandler)]
struct Handler {
    request: Socket,
    server: ServerRef<State>,
}

impl Handler {
    fn setup(&self) -> io::Result<()> {
        self.server.0.call("setup")
    }
    fn handle(&self) -> io::Result<()> {
        self.server.0.call("handle")?;
        self.request.sendall(b"hello")
    }
    fn finish(&self) -> io::Result<()> {
        self.server.0.call("finish")
    }
}

/// What became of one request.
struct Seen {
    parent: Vec<String>,
    child: Vec<String>,
    /// What `handle_error` was called with.
    errors: Vec<String>,
    /// What the child ended with, if there was one.
    status: Option<i32>,
    answer: Vec<u8>,
    stats: Stats,
}

fn serve(troubles: &'static [&'static str]) -> Seen {
    let folder = Folder::new();
    let journal = Journal::new(&folder);
    let diary = Diary { journal, parent: id(), troubles };
    let noted = diary.clone();
    let transport = watched(Tcp::new(), move |name| noted.call(name));
    let state = State(diary.clone());
    let server = bind(Builder::<_, _, Handler, _>::new(transport, Forking::new(), state));
    let mut client = Client::stream(server.server_address());
    let served = server.handle_request().expect("serve");
    let status = server.active_children().first().map(|child| {
        let status = end_of(*child).exit_status();
        status.expect("it has ended by itself")
    });
    assert_eq!(served == Served::Handled, status.is_some());
    server.server_close();
    Seen {
        parent: diary.of("parent"),
        child: diary.of("child"),
        errors: diary.of("error"),
        status,
        answer: client.rest(),
        stats: server.stats(),
    }
}

/// The calls of a request in its parent, when a child serves it. `shutdown_request` is the child's.
const PARENT: [&str; 2] = ["get_request", "verify_request"];

/// The calls of a request in its child, up to a failure in `finish`.
const CHILD: [&str; 4] = ["prepare", "setup", "handle", "finish"];

fn parent_and_child_share_the_calls_of_a_request() {
    let seen = serve(&[]);
    assert_eq!(seen.parent, PARENT);
    assert_eq!(seen.child, [&CHILD[..], &["shutdown_request"]].concat());
    assert_eq!((seen.status, &seen.answer[..]), (Some(0), &b"hello"[..]));
    assert_eq!((seen.stats.accepted, seen.stats.finished), (1, 1));
}

fn a_failure_in_the_child_is_handled_there() {
    let cases: [(&'static [&'static str], usize, &str); 9] = [
        (&["prepare panics"], 1, "panicked: prepare"),
        (&["setup fails"], 2, "setup"),
        (&["setup panics"], 2, "panicked: setup"),
        (&["handle fails"], 4, "handle"),
        (&["handle panics"], 4, "panicked: handle"),
        (&["finish fails"], 4, "finish"),
        (&["finish panics"], 4, "panicked: finish"),
        (&["handle fails", "finish fails"], 4, "finish"),
        (&["handle fails", "handle_error panics"], 4, "handle"),
    ];
    for (troubles, calls, error) in cases {
        let seen = serve(troubles);
        let calls = [&CHILD[..calls], &["handle_error", "shutdown_request"]].concat();
        assert_eq!((seen.parent, seen.child), (texts(&PARENT), texts(&calls)), "{error}");
        assert_eq!((seen.errors, seen.status), (texts(&[error]), Some(1)));
        assert_eq!((seen.stats.accepted, seen.stats.failed), (1, 1), "{error}");
    }
}

fn a_refusal_in_the_child_is_counted_in_the_parent() {
    let seen = serve(&["prepare fails"]);
    assert_eq!(seen.parent, PARENT);
    assert_eq!(seen.child, ["prepare", "handle_error", "shutdown_request"]);
    assert_eq!((seen.errors, seen.status), (texts(&["prepare"]), Some(103)));
    assert_eq!((seen.stats.accepted, seen.stats.refused, seen.stats.failed), (1, 1, 0));
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

fn a_failure_in_the_parent_is_handled_there() {
    let no_child = |seen: &Seen| {
        assert_eq!((seen.status, seen.child.len(), seen.answer.len()), (None, 0, 0));
    };
    let seen = serve(&["verify_request fails"]);
    no_child(&seen);
    assert_eq!(seen.parent, [&PARENT[..], &["shutdown_request"]].concat());
    assert_eq!((seen.errors.len(), seen.stats.refused), (0, 1));

    let seen = serve(&["verify_request panics"]);
    no_child(&seen);
    assert_eq!(seen.parent, [&PARENT[..], &["handle_error", "shutdown_request"]].concat());
    assert_eq!(seen.errors, ["panicked: verify_request"]);
    assert_eq!((seen.stats.accepted, seen.stats.failed), (1, 1));
}
