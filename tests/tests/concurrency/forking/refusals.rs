//! No child: beside other threads, and when the system has no process to give.

use std::os::unix::fs::PermissionsExt;

use tests::prelude::*;

use crate::harness::{alone, list};
use crate::support::{ask, assert_ended, end_after};

list!(
    TESTS: a_server_beside_threads_refuses_to_serve, a_later_thread_costs_the_requests_beside_it,
    a_joined_thread_does_not_count, a_failed_fork_costs_one_request,
);

struct Idle {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

impl Idle {
    fn new() -> Self {
        let (end, ended) = bounded(0);
        // An error is the sender's end.
        let thread = thread::spawn(move || _ = ended.recv());
        Idle { end, thread }
    }

    /// Ends it, and waits until the system knows too.
    fn end(self) {
        drop(self.end);
        self.thread.join().expect("it does not panic");
        until("there is one thread", || count_of("task") == 1);
    }
}

fn a_server_beside_threads_refuses_to_serve() {
    fn assert_clear(error: &io::Error) {
        assert_eq!(error.kind(), ErrorKind::Other);
        assert_eq!(
            error.to_string(),
            "a process with 2 threads cannot fork safely: serve on the main thread and start no other"
        );
    }
    let server = bind(ForkingTCPServer::<Echo>::builder());
    let mut client = ask(server.server_address(), "hello");
    let thread = Idle::new();
    assert_clear(&server.serve_forever().expect_err("there is a thread"));
    assert_clear(&server.handle_request().expect_err("there is a thread"));
    thread.end();
    // The attempt has cost nothing.
    assert_eq!(server.handle_request().expect("serve"), Served::Handled);
    assert_eq!(client.rest(), b"hello");

    // Here the second thread is the loop's own. The backlog is reset.
    let mut client = ask(server.server_address(), "hello");
    assert_clear(&server.spawn().expect_err("there is a thread"));
    assert_eq!(error_kind(client.read(&mut [0])), ErrorKind::ConnectionReset);
}

/// Answers the client whose request fails.
struct Sorry<F> {
    /// Called with the number of each request.
    before: F,
    error: OnceLock<String>,
}

impl<F: Fn(u64) + Send + Sync + 'static> BaseServer for Sorry<F> {
    fn verify_request(&self, _: &Socket, _: &Address, server: &ServerRef<Self>) -> bool {
        (self.before)(server.stats().accepted);
        true
    }
    fn handle_error(&self, at: &Socket, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        at.sendall(b"sorry").expect("the client is there");
        self.error.set(error.to_string()).expect("one error");
    }
    fn service_actions(&self, server: &ServerRef<Self>) {
        end_after(3, server);
    }
}

/// Of three requests the second fails, because of what `before` does. Returns its error.
fn the_second_fails(before: impl Fn(u64) + Send + Sync + 'static) -> String {
    let error = OnceLock::new();
    let server = bind(ForkingTCPServer::<Echo, _>::with(Sorry { before, error }));
    let clients = ["one", "two", "three"].map(|text| ask(server.server_address(), text));
    server.serve_forever().expect("serve");
    let answers = clients.map(|mut client| client.rest());
    assert_eq!(answers, [b"one".as_slice(), b"sorry", b"three"]);
    assert_ended(&server.stats(), [2, 1, 0, 0]);
    server.state().error.get().expect("an error").clone()
}

fn a_later_thread_costs_the_requests_beside_it() {
    let thread = Mutex::new(None);
    let error = the_second_fails(move |number| match number {
        2 => *thread.lock() = Some(Idle::new()),
        3 => thread.lock().take().expect("the thread").end(),
        _ => {}
    });
    assert!(error.contains("2 threads cannot fork safely"), "{error}");
}

/// The system may list a thread a little longer than `join` waits for it.
fn a_joined_thread_does_not_count() {
    let server = bind(ForkingTCPServer::<Echo>::builder().timeout(Duration::ZERO));
    for _ in 0..2_000 {
        thread::spawn(|| ()).join().expect("it does not panic");
        assert_eq!(server.handle_request().expect("serve"), Served::TimedOut);
    }
}

/// Complaint 09.
fn a_failed_fork_costs_one_request() {
    if getuid().is_root() {
        // No limit holds for root.
        return again_without_rights("refusals::a_failed_fork_costs_one_request");
    }
    the_second_fails(|number| {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nproc);
        let current = if number == 2 { Some(0) } else { maximum };
        setrlimit(Resource::Nproc, Rlimit { current, maximum }).expect("setrlimit");
    });
}

/// Runs a test as a user without rights, from a copy of this program that this user can reach.
fn again_without_rights(test: &str) {
    const NOBODY: u32 = 65_534;
    let folder = Folder::new();
    let program = folder.join("forking");
    fs::copy(alone(test).get_program(), &program).expect("a copy");
    for path in [folder.path(), &program] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    let mut command = Command::new(&program);
    command.args(alone(test).get_args());
    let status = command.uid(NOBODY).gid(NOBODY).status();
    assert!(status.expect("the test's process").success());
}
