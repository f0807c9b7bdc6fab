//! A child's copy of its server: the state is a copy too, the listener is closed, the life is gone.

use tests::prelude::*;

use crate::harness::list;
use crate::support::{EndAfter, Journal};

list!(
    TESTS: a_child_changes_its_copy_of_the_state, a_child_cannot_stop_its_server,
    a_child_cannot_end_another_server, a_child_has_no_listener,
);

fn a_child_changes_its_copy_of_the_state() {
    let count = Arc::new(AtomicUsize::new(0));
    let copy = count.clone();
    let server = bind(ForkingTCPServer::handling(move |request: Socket, _| {
        let count = copy.fetch_add(1, Relaxed) + 1;
        request.sendall(count.to_string().as_bytes())
    }));
    for _ in 0..3 {
        let mut client = Client::stream(server.server_address());
        assert_eq!(server.handle_request().expect("serve"), Served::Handled);
        assert_eq!(client.rest(), b"1");
    }
    assert_eq!(count.load(Relaxed), 0);
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
        thread::spawn(move || server.shutdown()).join().expect("it does not panic");
        self.request.sendall(b"tried")
    }
}

/// Complaint 01.
fn a_child_cannot_stop_its_server() {
    let folder = Folder::new();
    let journal = Journal::new(&folder);
    let noted = journal.clone();
    log_by(LevelFilter::Warn, move |record| noted.note(&record.args().to_string()));
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

/// The child would abort the other's requests, whose connections it shares, and call its hooks.
fn a_child_cannot_end_another_server() {
    let other = Arc::new(bind(ForkingTCPServer::<Echo>::builder()));
    let mut client = Client::stream(other.server_address());
    other.handle_request().expect("serve");
    assert_eq!(client.ask("hello"), b"hello");
    let copy = other.clone();
    let server = bind(ForkingTCPServer::handling(move |request: Socket, _| {
        let drained = copy.server_close();
        request.sendall(if drained == Drained::default() { b"tried" } else { b"ended" })
    }));
    let mut closing = Client::stream(server.server_address());
    server.handle_request().expect("serve");
    assert_eq!(closing.rest(), b"tried");
    assert_eq!(client.ask("still there?"), b"still there?");
    client.end();
}

/// What this process's descriptors stand for.
fn descriptors() -> String {
    let folder = fs::read_dir("/proc/self/fd").expect("descriptors");
    let targets = folder.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets.map(|target| target.display().to_string() + "\n").collect()
}

fn a_child_has_no_listener() {
    fn closed<T: Streams>() {
        let folder = Folder::new();
        let tell = |request: Socket, _| request.sendall(descriptors().as_bytes());
        let server = Server::<T, Forking, _, _>::handling(tell).bind(T::address(&folder));
        let server = server.expect("bind");
        let listener = fs::read_link(format!("/proc/self/fd/{}", server.fileno()));
        let listener = listener.expect("the listener").display().to_string();
        assert!(descriptors().contains(&listener));
        let mut client = T::client(server.server_address());
        server.handle_request().expect("serve");
        let theirs = String::from_utf8(client.rest()).expect("a text");
        assert!(theirs.lines().count() > 3, "{theirs}");
        assert!(!theirs.contains(&listener), "{theirs}");
    }
    closed::<Tcp>();
    closed::<UnixStream>();
}
