//! What becomes of a failure in a child. (Which calls are the parent's and which the child's is
//! compared with Python in `side_by_side/life_cycle.rs`.)

use std::process::id;

use tests::prelude::*;

use crate::harness::list;
use crate::support::{assert_ended, end_of};

list!(TESTS: a_failure_in_the_child_is_its_status);

/// The status of a child whose request is refused, which its parent counts.
const REFUSED: i32 = 103;

/// What goes wrong, such as `setup fails` or `handle panics`, and the process where nothing does.
struct State {
    troubles: &'static str,
    parent: u32,
}

impl State {
    fn call(&self, name: &'static str) -> io::Result<()> {
        assert_ne!(id(), self.parent);
        if self.troubles.contains(&format!("{name} panics")) {
            // Unlike `panic!` this prints nothing.
            resume_unwind(Box::new(name));
        }
        if self.troubles.contains(&format!("{name} fails")) {
            return Err(io::Error::other(name));
        }
        Ok(())
    }
}

impl BaseServer for State {
    fn handle_error(&self, at: &Socket, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        at.sendall(error.to_string().as_bytes()).expect("the client is there");
        // To fail, it must panic.
        let _ = self.call("handle_error");
    }
}

#[derive(BaseRequestHandler)]
struct Handler {
    server: ServerRef<State>,
}

impl Handler {
    fn setup(&self) -> io::Result<()> {
        self.server.call("setup")
    }
    fn handle(&self) -> io::Result<()> {
        self.server.call("handle")
    }
    fn finish(&self) -> io::Result<()> {
        self.server.call("finish")
    }
}

fn a_failure_in_the_child_is_its_status() {
    for (troubles, error, status) in [
        ("", "", 0),
        ("prepare fails", "prepare", REFUSED),
        ("prepare panics", "panicked: prepare", 1),
        ("setup fails", "setup", 1),
        ("setup panics", "panicked: setup", 1),
        ("handle fails", "handle", 1),
        ("handle panics", "panicked: handle", 1),
        ("finish fails", "finish", 1),
        ("finish panics", "panicked: finish", 1),
        ("handle fails, finish fails", "finish", 1),
        ("handle panics, finish fails", "finish", 1),
        ("handle fails, handle_error panics", "handle", 1),
    ] {
        let parent = id();
        let server = ForkingTCPServer::<Handler, _>::with(State { troubles, parent });
        let prepare = State { troubles, parent };
        let server = bind(server.prepared(move |_: &Socket| prepare.call("prepare")));
        let mut client = Client::stream(server.server_address());
        assert_eq!(server.handle_request().expect("serve"), Served::Handled);
        let [child] = server.active_children()[..] else { panic!("one child: {server:?}") };
        assert_eq!(end_of(child).exit_status(), Some(status), "{troubles}");
        assert_eq!(client.rest(), error.as_bytes());
        server.server_close();
        assert_ended(&server.stats(), [0, 1, REFUSED, -1].map(|end| u64::from(status == end)));
    }
}
