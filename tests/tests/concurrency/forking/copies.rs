//! A child's copy of its server: the state is a copy too, the listener is closed, the life is gone.

use std::process::id;

use tests::prelude::*;

use crate::harness::list;
use crate::support::{EndAfter, Journal};

list!(
    TESTS: a_child_changes_its_copy_of_the_state, a_child_cannot_stop_its_server,
    a_child_has_no_listener,
);

/// Counts in the server's state, and sends the count.
#[derive(BaseRequestHandler)]
struct Count {
    request: Socket,
    server: ServerRef<Counter>,
}

#[derive(Default)]
struct Counter(AtomicUsize);

impl BaseServer for Counter {}

impl Count {
    fn handle(&self) -> io::Result<()> {
        let count = self.server.0.fetch_add(1, Relaxed) + 1;
        self.request.sendall(count.to_string().as_bytes())
    }
}

fn a_child_changes_its_copy_of_the_state() {
    let server = ForkingTCPServer::<Count, Counter>::bind(LOCAL).expect("bind");
    for _ in 0..3 {
        let mut client = Client::stream(server.server_address());
        assert_eq!(server.handle_request().expect("serve"), Served::Handled);
        assert_eq!(client.rest(), b"1");
    }
    assert_eq!(server.state().0.load(Relaxed), 0);
}

/// Tries to stop its server, in every way.
#[derive(BaseRequestHandler)]
struct Mutineer {
    request: Socket,
    server: ServerRef<EndAfter>,
}

impl Mutineer {
    fn handle(&self) -> io::Result<()> {
        self.server.shutdown();
        self.server.begin_drain(Duration::ZERO);
        // Elsewhere it would wait for the loop, which is not here.
        let server = self.server.clone();
        thread::spawn(move || server.shutdown())
            .join()
            .expect("it does not panic");
        self.request.sendall(b"tried")
    }
}

impl log::Log for Journal {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.note(&record.args().to_string());
    }

    fn flush(&self) {}
}

/// Complaint 01.
fn a_child_cannot_stop_its_server() {
    let folder = Folder::new();
    let journal = Journal::new(&folder);
    log::set_boxed_logger(Box::new(journal.clone())).expect("the only logger");
    log::set_max_level(log::LevelFilter::Warn);

    let server = ForkingTCPServer::<Mutineer, EndAfter>::with(EndAfter(3));
    let server = bind(server.max_children(1));
    let clients: Vec<Client> = Client::streams(3, server.server_address());
    server.serve_forever().expect("serve");
    for mut client in clients {
        assert_eq!(client.rest(), b"tried");
    }
    assert_eq!(server.stats().finished, 3);
    assert_eq!(
        journal.lines(),
        vec!["cannot stop a server from a child that it forked: the parent goes on serving"; 9]
    );
}

/// Sends a list of its descriptors.
#[derive(BaseRequestHandler)]
struct Descriptors {
    request: Socket,
}

impl Descriptors {
    fn handle(&self) -> io::Result<()> {
        let descriptors = descriptors_of(id());
        self.request.sendall(descriptors.join("\n").as_bytes())
    }
}

/// What a process's descriptors stand for.
fn descriptors_of(process: u32) -> Vec<String> {
    let folder = fs::read_dir(format!("/proc/{process}/fd")).expect("descriptors");
    folder
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .map(|target| target.display().to_string())
        .collect()
}

fn a_child_has_no_listener() {
    fn closed<T: Streams>() {
        let folder = Folder::new();
        let server = Server::<T, Forking, Descriptors>::bind(T::address(&folder)).expect("bind");
        let listener = fs::read_link(format!("/proc/self/fd/{}", server.fileno()));
        let listener = listener.expect("the listener").display().to_string();
        assert!(descriptors_of(id()).contains(&listener));
        let mut client = T::client(server.server_address());
        server.handle_request().expect("serve");
        let text = String::from_utf8(client.rest()).expect("a text");
        let descriptors: Vec<&str> = text.lines().collect();
        assert!(descriptors.len() > 3, "{descriptors:?}");
        assert!(!descriptors.contains(&listener.as_str()), "{descriptors:?}");
    }
    closed::<Tcp>();
    closed::<UnixStream>();
}
