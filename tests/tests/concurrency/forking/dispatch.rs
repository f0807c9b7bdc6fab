//! The calls that a request meets, their processes and order, and the status of its child.

use std::process::id;

use Trouble::{Error, No, Panic};
use tests::prelude::*;

use crate::harness::list;
use crate::support::{Journal, end_of};

list!(
    TESTS: parent_and_child_share_the_calls_of_a_request, a_failure_in_the_child_is_handled_there,
    a_failure_in_the_parent_is_handled_there,
);

/// How a call goes wrong.
#[derive(Clone, Copy)]
enum Trouble {
    Error(&'static str),
    Panic(&'static str),
    No(&'static str),
}

/// Notes each call and its process, and makes trouble.
#[derive(Clone)]
struct Diary {
    journal: Journal,
    parent: u32,
    troubles: &'static [Trouble],
}

impl Diary {
    /// Notes a call. Returns what it should answer.
    fn call(&self, name: &'static str) -> io::Result<bool> {
        let process = if id() == self.parent {
            "parent"
        } else {
            "child"
        };
        self.journal.note(&format!("{process}: {name}"));
        for trouble in self.troubles {
            match *trouble {
                Error(call) if call == name => return Err(io::Error::other(name)),
                // Unlike `panic!` this prints nothing.
                Panic(call) if call == name => resume_unwind(Box::new(name)),
                No(call) if call == name => return Ok(false),
                _ => {}
            }
        }
        Ok(true)
    }

    /// Notes a call that makes no trouble.
    fn note(&self, name: &'static str) {
        self.call(name).expect("no trouble is planned here");
    }

    fn of(&self, process: &str) -> Vec<String> {
        let lines = self.journal.lines();
        lines
            .iter()
            .filter_map(|line| line.strip_prefix(process)?.strip_prefix(": "))
            .map(str::to_owned)
            .collect()
    }
}

/// A connection that notes when this process drops it.
#[derive(Clone)]
struct Noted(Arc<Held>);

struct Held {
    socket: Socket,
    diary: Diary,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.diary.note("close_request");
    }
}

struct Noting {
    tcp: Tcp,
    diary: Diary,
}

impl Transport for Noting {
    type Request = Noted;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        self.tcp.socket(address)
    }
    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.tcp.server_bind(socket, address)
    }
    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        self.tcp.adopt(socket)
    }
    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        self.tcp.server_activate(socket)
    }
    fn get_request(&self, listener: &Socket) -> io::Result<(Noted, Address)> {
        let (socket, client_address) = self.tcp.get_request(listener)?;
        self.diary.note("get_request");
        let diary = self.diary.clone();
        Ok((Noted(Arc::new(Held { socket, diary })), client_address))
    }
    fn prepare(&self, _request: &Noted) -> io::Result<()> {
        self.diary.call("prepare").map(drop)
    }
    fn shutdown_request(&self, request: &Noted, patience: Duration) {
        self.diary.note("shutdown_request");
        self.tcp.shutdown_request(&request.0.socket, patience);
    }
    fn abort(&self, _request: &Noted) {
        self.diary.note("cut");
    }
}

struct State(Diary);

impl BaseServer<Noted> for State {
    fn verify_request(&self, _: &Noted, _: &Address, _: &ServerRef<Self>) -> bool {
        self.0.call("verify_request").expect("a panic or an answer")
    }
    fn handle_error(&self, _: &Noted, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        self.0.journal.note(&format!("error: {error}"));
        // To fail, it must panic.
        let _ = self.0.call("handle_error");
    }
}

#[derive(BaseRequestHandler)]
struct Handler {
    request: Noted,
    server: ServerRef<State>,
}

impl Handler {
    fn setup(&self) -> io::Result<()> {
        self.server.0.call("setup").map(drop)
    }
    fn handle(&self) -> io::Result<()> {
        self.server.0.call("handle")?;
        self.request.0.socket.sendall(b"hello")
    }
    fn finish(&self) -> io::Result<()> {
        self.server.0.call("finish").map(drop)
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

fn serve(troubles: &'static [Trouble]) -> Seen {
    let folder = Folder::new();
    let diary = Diary {
        journal: Journal::new(&folder),
        parent: id(),
        troubles,
    };
    let noting = Noting {
        tcp: Tcp::new(),
        diary: diary.clone(),
    };
    let server = bind(Builder::<_, _, Handler, _>::new(
        noting,
        Forking::new(),
        State(diary.clone()),
    ));
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

/// Between these two a child makes the calls that a handler meets on any other server.
fn in_child(calls: &[&'static str]) -> Vec<&'static str> {
    [calls, &["shutdown_request", "close_request"]].concat()
}

/// The calls of a request in its parent, when a child serves it.
const PARENT: [&str; 3] = ["get_request", "verify_request", "close_request"];

/// The calls of a request in its child, up to a failure in `finish`.
const CHILD: [&str; 4] = ["prepare", "setup", "handle", "finish"];

fn parent_and_child_share_the_calls_of_a_request() {
    let seen = serve(&[]);
    // `close_request` in the parent ends no conversation: `shutdown_request` is the child's.
    assert_eq!(seen.parent, PARENT);
    assert_eq!(seen.child, in_child(&CHILD));
    assert_eq!((seen.status, &seen.answer[..]), (Some(0), &b"hello"[..]));
    assert_eq!((seen.stats.accepted, seen.stats.finished), (1, 1));
}

fn a_failure_in_the_child_is_handled_there() {
    let cases: [(&'static [Trouble], usize, &str); 9] = [
        (&[Error("prepare")], 1, "prepare"),
        (&[Error("setup")], 2, "setup"),
        (&[Panic("setup")], 2, "panicked: setup"),
        (&[Error("handle")], 4, "handle"),
        (&[Panic("handle")], 4, "panicked: handle"),
        (&[Error("finish")], 4, "finish"),
        (&[Panic("finish")], 4, "panicked: finish"),
        (&[Error("handle"), Error("finish")], 4, "finish"),
        (&[Error("handle"), Panic("handle_error")], 4, "handle"),
    ];
    for (troubles, calls, error) in cases {
        let seen = serve(troubles);
        let calls = [&CHILD[..calls], &["handle_error"]].concat();
        assert_eq!(seen.parent, PARENT);
        assert_eq!(seen.child, in_child(&calls), "{error}");
        assert_eq!(
            (&*seen.errors, seen.status),
            (&[error.to_owned()][..], Some(1))
        );
        assert_eq!((seen.stats.accepted, seen.stats.failed), (1, 1), "{error}");
    }
}

fn a_failure_in_the_parent_is_handled_there() {
    let ends = ["shutdown_request", "close_request"];
    let seen = serve(&[No("verify_request")]);
    assert_eq!(seen.parent, [&PARENT[..2], &ends].concat());
    assert_eq!(
        (seen.status, seen.child.len(), seen.errors.len()),
        (None, 0, 0)
    );
    assert_eq!((seen.answer.len(), seen.stats.refused), (0, 1));

    let seen = serve(&[Panic("verify_request")]);
    assert_eq!(
        seen.parent,
        [&PARENT[..2], &["handle_error"], &ends].concat()
    );
    assert_eq!(seen.errors, ["panicked: verify_request"]);
    assert_eq!(
        (seen.status, seen.child.len(), seen.answer.len()),
        (None, 0, 0)
    );
    assert_eq!((seen.stats.accepted, seen.stats.failed), (1, 1));
}
