//! If another program removes the file of a Unix socket, `restore_file` makes it again.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use socketserver::options::Has;
use tests::prelude::*;

use crate::socket_file::{another_at, can_be_connected_to, entries};

fn restoring<T: Row + Has<options::File>, C: Column>() -> Builder<T, C, Echo, ()> {
    Server::<T, C, Echo>::builder().restore_file(true)
}

/// Old connections live on.
fn a_lost_file_is_made_again_if_wanted<T: Row + Has<options::File>, C: Column>() {
    let folder = Folder::new();
    let [path, lost] = ["server", "lost"].map(|name| folder.join(name));
    let lines = keep_lines(LevelFilter::Warn);
    let server = run(restoring::<T, C>().mode(0o600), path.clone());
    let other = run(Server::<T, C, Echo>::builder(), lost.clone());
    // What a client of the only thread does would delay an inline server.
    let is_inline = type_name::<C>().ends_with("Inline");
    let has_early = T::KIND == SocketKind::Stream && !is_inline;
    let mut early = has_early.then(|| T::client(&server.address()));
    for path in [&path, &lost] {
        fs::remove_file(path).expect("the server's file");
    }
    until("it is there again", || can_be_connected_to(T::KIND, &path));
    assert_eq!(T::client(&server.address()).ask("new"), b"new");
    if let Some(client) = &mut early {
        assert_eq!(client.ask("old"), b"old");
    }
    assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o777, 0o600);
    until("the other loss is noticed", || {
        lines.about(&format!("clients cannot find {}", lost.display())).len() == 1
    });
    assert!(!lost.exists());
    drop((early, server, other));
    assert!(entries(&folder).is_empty(), "the new file goes at the end");
}

matrix!(unix: a_lost_file_is_made_again_if_wanted);

#[test]
fn a_kept_socket_of_a_lost_file_ends_with_its_server() {
    let folder = Folder::new();
    let path = folder.join("server");
    let (sender, kept) = unbounded();
    let keep = move |request: Datagram, _: Address| sender.send(request.socket).expect("sent");
    let server = run(UnixDatagramServer::handling(keep).restore_file(true), path.clone());
    UnixDatagram::client(&server.address()).send("hello");
    let kept = kept.recv_timeout(DEADLINE).expect("a handler");
    fs::remove_file(&path).expect("the server's file");
    until("it is there again", || can_be_connected_to(SocketKind::Datagram, &path));
    assert!(kept.fileno() >= 0);
    drop(server);
    assert_eq!(kept.fileno(), -1);
}

/// Another program has made it in the meantime.
#[test]
fn a_live_file_in_its_place_is_left_alone() {
    let folder = Folder::new();
    let path = folder.join("server");
    let lines = keep_lines(LevelFilter::Warn);
    let server = run(restoring::<UnixStream, Inline>(), path.clone());
    fs::remove_file(&path).expect("the server's file");
    let other = another_at(SocketKind::Stream, &path);
    until("it was tried", || {
        lines.about(&format!("cannot listen on {}", path.display())).len() == 1
    });
    assert!(can_be_connected_to(SocketKind::Stream, &path));
    drop(other);
    until("the stale file is replaced", || can_be_connected_to(SocketKind::Stream, &path));
    drop(server);
}

/// How often a server has looked for its file, and tried to make it.
#[derive(Clone, Default)]
struct Counts(Arc<[AtomicUsize; 2]>);

impl Counts {
    fn looks(&self) -> usize {
        self.0[0].load(SeqCst)
    }

    fn attempts(&self) -> usize {
        self.0[1].load(SeqCst)
    }
}

impl TransportHooks<UnixStream> for Counts {
    fn is_lost(&self, inner: &UnixStream, socket: &Socket) -> bool {
        let is_lost = inner.is_lost(socket);
        self.0[0].fetch_add(1, SeqCst);
        is_lost
    }

    fn server_bind(&self, inner: &UnixStream, socket: &Socket, at: &Address) -> io::Result<()> {
        let bound = inner.server_bind(socket, at);
        self.0[1].fetch_add(1, SeqCst);
        bound
    }
}

/// A server with a file in a folder of that name.
fn counted(folder: &Path) -> (Running<()>, PathBuf, Counts) {
    let (counts, path) = (Counts::default(), folder.join("server"));
    fs::create_dir(folder).expect("a folder");
    let transport = Wrapped::new(UnixStream::new(), counts.clone());
    let server = Builder::<_, _, Echo, ()>::new(transport, Inline, ()).restore_file(true);
    (run(server.lame_duck(DEADLINE), path.clone()), path, counts)
}

#[test]
fn a_failed_restore_is_logged_once_per_reason() {
    let folder = Folder::new();
    let inner = folder.join("once-per-reason");
    let lines = keep_lines(LevelFilter::Warn);
    let (server, path, counts) = counted(&inner);
    let failures = || lines.about(&format!("cannot listen on {} again", path.display()));
    fs::remove_dir_all(&inner).expect("the folder");
    until("it was tried three times", || counts.attempts() > 3);
    assert_eq!(failures().len(), 1, "{:?}", failures());
    let text = &failures()[0].1;
    assert!(text.contains(&format!("cannot bind {}: No such file", path.display())), "{text}");

    fs::create_dir(&inner).expect("a folder");
    fs::write(&path, "precious").expect("a file");
    until("there is another reason", || failures().len() == 2);
    let losses = lines.about(&format!("clients cannot find {}", path.display()));
    assert_eq!(losses.len(), 1, "{losses:?}");
    fs::remove_file(&path).expect("the file");
    until("it is there again", || can_be_connected_to(SocketKind::Stream, &path));
    assert_eq!(failures().len(), 2);
    server.shutdown();
    drop(server);
    assert!(!path.exists());
}

/// When it has made its file again, waits until it may go on.
struct Pausing {
    again: AtomicBool,
    pauses: Sender<()>,
    goes_on: Receiver<()>,
}

impl TransportHooks<UnixStream> for Pausing {
    fn server_bind(&self, inner: &UnixStream, socket: &Socket, at: &Address) -> io::Result<()> {
        inner.server_bind(socket, at)?;
        if self.again.swap(true, SeqCst) {
            self.pauses.send(()).map_err(io::Error::other)?;
            self.goes_on.recv_timeout(DEADLINE).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

/// Looks for the file at the end of each of the loop's turns.
struct Looking(PathBuf, Sender<bool>);

impl BaseServer for Looking {
    fn service_actions(&self, _: &ServerRef<Self>) {
        self.1.send(self.0.exists()).expect("the test");
    }
}

/// The loop does not listen for the rest of its turn either.
#[test]
fn a_close_during_a_restore_leaves_nothing_behind() {
    let folder = Folder::new();
    let ((pauses, paused), (go_on, goes_on)) = (bounded(1), bounded(1));
    let pausing = Pausing { again: AtomicBool::new(false), pauses, goes_on };
    let transport = Wrapped::new(UnixStream::new(), pausing);
    let (looks, seen) = unbounded();
    let looking = Looking(folder.join("server"), looks);
    let server = Builder::<_, _, Echo, _>::new(transport, Inline, looking).restore_file(true);
    // A close gives up a loop that is stuck.
    let server = server.drain_timeout(Duration::ZERO).bind(folder.join("server"));
    let server = Arc::new(server.expect("bind"));
    let serving = serve(&server);
    fs::remove_file(folder.join("server")).expect("the server's file");
    paused.recv_timeout(DEADLINE).expect("a second file");
    let closing = server.clone();
    let closing = thread::spawn(move || Ok(closing.server_close()));
    until("the listener is closed", || server.fileno() == -1);
    go_on.send(()).expect("the hook");
    ends_well(serving);
    ends_well(closing);
    assert_eq!(seen.try_iter().last(), Some(false));
    assert_eq!(server.fileno(), -1);
    assert!(entries(&folder).is_empty());
}

#[test]
fn a_leaving_server_makes_no_file_again() {
    let folder = Folder::new();
    let (server, path, counts) = counted(&folder.join("leaving"));
    server.begin_drain(DEADLINE);
    until("it is a lame duck", || server.is_leaving());
    fs::remove_file(&path).expect("the server's file");
    let before = counts.looks();
    until("it has looked twice", || counts.looks() >= before + 2);
    assert!(!path.exists());
    assert_eq!(counts.attempts(), 1);
    server.shutdown();
}

/// A server that has given up its privileges may not look into its folder any more.
#[test]
fn a_file_out_of_sight_is_not_lost() {
    const NOBODY: u32 = 65_534;
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
    };
    let folder = Folder::new();
    if !is_elsewhere() {
        let test = elsewhere_command();
        let program = folder.join("program");
        fs::copy(test.get_program(), &program).expect("a copy");
        set_mode(folder.path(), 0o755);
        let mut command = Command::new(&program);
        command.args(test.get_args()).env("ELSEWHERE", "without rights");
        if getuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = Process::start(&mut command).ended().passed();
        assert!(output.contains("1 passed"), "{output}");
        return;
    }
    let inner = folder.join("out-of-sight");
    let lines = keep_lines(LevelFilter::Warn);
    let (server, path, counts) = counted(&inner);
    set_mode(&inner, 0);
    until("it has looked", || counts.looks() >= 1);
    assert_eq!(lines.about(""), []);
    server.shutdown();
    drop(server);
    assert_eq!(lines.about("cannot remove the socket's file").len(), 1, "{:?}", lines.about(""));
    set_mode(&inner, 0o700);
    assert!(path.exists());
}

#[test]
fn the_place_of_a_file_survives_a_change_of_folders() {
    let Some(()) = alone() else { return };
    let folder = Folder::new();
    let inner = folder.join("inner");
    fs::create_dir(&inner).expect("a folder");
    std::env::set_current_dir(&inner).expect("chdir");
    let server = run(restoring::<UnixStream, Threading>(), Path::new("server"));
    std::env::set_current_dir("/").expect("chdir");
    // Not even its name is the same.
    let moved = folder.join("moved");
    fs::rename(&inner, &moved).expect("rename");
    let path = moved.join("server");
    fs::remove_file(&path).expect("the server's file");
    until("it is there again", || can_be_connected_to(SocketKind::Stream, &path));
    drop(server);
    assert!(!path.exists());
}
