//! The file of a Unix socket: its mode, when it is replaced, and when it is removed.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net;

use rustix::fs::{FlockOperation, flock};
use socketserver::options::Has;
use tests::prelude::*;

fn kind<T>() -> SocketKind {
    match std::any::type_name::<T>().rsplit("::").next() {
        Some("UnixStream") => SocketKind::Stream,
        _ => SocketKind::Datagram,
    }
}

/// A socket of the standard library at that path, as another program's would be.
fn another_at(kind: SocketKind, path: &Path) -> Socket {
    match kind {
        SocketKind::Stream => net::UnixListener::bind(path).expect("bind").into(),
        _ => net::UnixDatagram::bind(path).expect("bind").into(),
    }
}

fn can_be_connected_to(kind: SocketKind, path: &Path) -> bool {
    match kind {
        SocketKind::Stream => net::UnixStream::connect(path).is_ok(),
        _ => net::UnixDatagram::unbound().and_then(|client| client.connect(path)).is_ok(),
    }
}

/// Binds a server there that no client will ask.
fn bind<T: TestTransport, C: Column>(path: &Path) -> io::Result<impl Sized> {
    Server::<T, C, _, _>::handling(|_: T::Request, _: Address| ()).bind(path)
}

fn entries(folder: &Folder) -> Vec<std::ffi::OsString> {
    let entries = fs::read_dir(folder.path()).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name()).collect()
}

/// Complaint 23.
fn the_file_is_removed_with_the_server<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    let path = folder.join("server");
    for _ in 0..3 {
        let server = bind::<T, C>(&path).expect("bind");
        assert!(can_be_connected_to(kind::<T>(), &path));
        assert_eq!(entries(&folder), ["server"]);
        drop(server);
        assert!(entries(&folder).is_empty());
    }
    let server = run(Server::<T, C, _, _>::handling(|_: T::Request, _: Address| ()), path);
    server.drain(DEADLINE);
    assert!(entries(&folder).is_empty());
}

/// Complaint 23.
fn a_stale_file_is_replaced<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    let path = folder.join("server");
    for former in [SocketKind::Stream, SocketKind::Datagram] {
        drop(another_at(former, &path));
        assert!(path.exists(), "std leaves its file behind");
        let server = bind::<T, C>(&path).expect("bind");
        assert!(can_be_connected_to(kind::<T>(), &path));
        drop(server);
        assert!(entries(&folder).is_empty());
    }
}

/// Complaint 23.
fn a_live_socket_is_never_replaced<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    let path = folder.join("server");
    for other in [SocketKind::Stream, SocketKind::Datagram] {
        let live = another_at(other, &path);
        let error = bind::<T, C>(&path).map(drop).expect_err("another is there");
        assert_eq!(error.kind(), ErrorKind::AddrInUse, "{other:?}");
        assert!(can_be_connected_to(other, &path));
        drop(live);
        fs::remove_file(&path).expect("its file");
    }
    let _live = bind::<T, C>(&path).expect("bind");
    for _ in 0..1_000 {
        assert_eq!(error_kind(bind::<T, C>(&path).map(drop)), ErrorKind::AddrInUse);
    }
    assert!(can_be_connected_to(kind::<T>(), &path));
}

fn a_file_without_a_socket_is_never_removed<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    fs::write(folder.join("file"), "precious").expect("a file");
    fs::create_dir(folder.join("folder")).expect("a folder");
    drop(another_at(kind::<T>(), &folder.join("stale")));
    symlink(folder.join("stale"), folder.join("link")).expect("a link");
    symlink(folder.join("nowhere"), folder.join("dangling")).expect("a link");
    for name in ["file", "folder", "link", "dangling"] {
        let error = bind::<T, C>(&folder.join(name)).map(drop).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::AddrInUse, "{name}");
    }
    assert_eq!(fs::read(folder.join("file")).expect("it is there"), b"precious");
    assert_eq!(entries(&folder).len(), 5);
}

/// Complaint 23.
fn a_file_of_another_is_left_alone<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    let path = folder.join("server");
    let server = bind::<T, C>(&path).expect("bind");
    fs::remove_file(&path).expect("the server's file");
    let _other = another_at(kind::<T>(), &path);
    drop(server);
    assert!(can_be_connected_to(kind::<T>(), &path));

    let path = folder.join("moved");
    let server = bind::<T, C>(&path).expect("bind");
    fs::rename(&path, folder.join("elsewhere")).expect("rename");
    fs::write(&path, "a file").expect("write");
    drop(server);
    assert_eq!(fs::read(&path).expect("it is there"), b"a file");
}

fn restoring<T: Row + Has<options::File>, C: Column>() -> Builder<T, C, Echo, ()> {
    Server::<T, C, Echo>::builder().restore_file(true)
}

/// The process may have gone to another folder meanwhile, and old connections live on.
fn a_lost_file_is_made_again_if_wanted<T: Row + Has<options::File>, C: Column>() {
    let folder = Folder::new();
    let [path, lost] = ["server", "lost"].map(|name| folder.join(name));
    let lines = keep_lines(LevelFilter::Warn);
    let server = run(restoring::<T, C>().mode(0o600), path.clone());
    let other = run(Server::<T, C, Echo>::builder(), lost.clone());
    let mut early = (kind::<T>() == SocketKind::Stream).then(|| T::client(&server.address()));
    for path in [&path, &lost] {
        fs::remove_file(path).expect("the server's file");
    }
    // What a client of the only thread does would delay an inline server.
    if std::any::type_name::<C>().ends_with("Inline") {
        early = None;
    }
    until("it is there again", || can_be_connected_to(kind::<T>(), &path));
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

/// Counts how often a file is made.
struct Counts(Arc<AtomicUsize>);

impl TransportHooks<UnixStream> for Counts {
    fn server_bind(
        &self,
        inner: &UnixStream,
        socket: &Socket,
        address: &Address,
    ) -> io::Result<()> {
        let bound = inner.server_bind(socket, address);
        self.0.fetch_add(1, SeqCst);
        bound
    }
}

#[test]
fn a_failed_restore_is_logged_once_per_reason() {
    let folder = Folder::new();
    let inner = folder.join("once-per-reason");
    fs::create_dir(&inner).expect("a folder");
    let path = inner.join("server");
    let lines = keep_lines(LevelFilter::Warn);
    let attempts = Arc::new(AtomicUsize::new(0));
    let transport = Wrapped::new(UnixStream::new(), Counts(attempts.clone()));
    let server = Builder::<_, _, Echo, ()>::new(transport, Inline, ()).restore_file(true);
    let server = run(server, path.clone());
    let failures = || lines.about(&format!("cannot listen on {} again", path.display()));
    fs::remove_dir_all(&inner).expect("the folder");
    until("it was tried three times", || attempts.load(SeqCst) > 3);
    assert_eq!(failures().len(), 1, "{:?}", failures());
    let text = &failures()[0].1;
    assert!(text.contains(&format!("cannot bind {}: No such file", path.display())), "{text}");

    fs::create_dir(&inner).expect("a folder");
    fs::write(&path, "precious").expect("a file");
    until("there is another reason", || failures().len() == 2);
    fs::remove_file(&path).expect("the file");
    until("it is there again", || can_be_connected_to(SocketKind::Stream, &path));
    assert_eq!(failures().len(), 2);
    drop(server);
    assert!(!path.exists());
}

/// A server that cannot remember its file would leave it, and not set its mode.
#[test]
fn bind_without_descriptors_leaves_no_file() {
    let Some(()) = alone() else { return };
    let folder = Folder::new();
    let path = folder.join("server");
    let mut descriptors = all_descriptors();
    let mut refused = 0;
    loop {
        let builder = UnixStreamServer::handling(|_: Socket, _| ());
        match builder.mode(0o666).bind(&path) {
            Ok(server) => {
                assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o777, 0o666);
                drop(server);
                assert!(!path.exists(), "after {refused} refusals");
                break;
            }
            Err(error) => {
                refused += 1;
                let system = error.raw_os_error().or_else(|| {
                    let source = std::error::Error::source(&error)?;
                    source.downcast_ref::<io::Error>()?.raw_os_error()
                });
                assert_eq!(system, Some(Errno::MFILE.raw_os_error()), "{error}");
                assert!(!path.exists(), "after {refused} refusals: {error}");
                descriptors.pop();
            }
        }
    }
    assert!(refused > 3, "{refused}");
}

/// Counts how often a server has looked for its file.
struct Looks(Arc<AtomicUsize>);

impl TransportHooks<UnixStream> for Looks {
    fn is_lost(&self, inner: &UnixStream, socket: &Socket) -> bool {
        let is_lost = inner.is_lost(socket);
        self.0.fetch_add(1, SeqCst);
        is_lost
    }
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
    fs::create_dir(&inner).expect("a folder");
    let path = inner.join("server");
    let lines = keep_lines(LevelFilter::Warn);
    let looks = Arc::new(AtomicUsize::new(0));
    let transport = Wrapped::new(UnixStream::new(), Looks(looks.clone()));
    let server = Builder::<_, _, Echo, ()>::new(transport, Inline, ()).restore_file(true);
    let server = run(server, path.clone());
    set_mode(&inner, 0);
    until("it has looked", || looks.load(SeqCst) >= 1);
    assert_eq!(lines.about(""), []);
    drop(server);
    assert_eq!(lines.about("cannot remove the socket's file").len(), 1, "{:?}", lines.about(""));
    set_mode(&inner, 0o700);
    assert!(path.exists());
}

/// The name fits, but the path to it through an open folder is too long.
#[test]
fn a_stale_file_of_a_long_name_is_replaced() {
    let Some(()) = alone() else { return };
    let folder = Folder::new();
    std::env::set_current_dir(folder.path()).expect("chdir");
    for length in [80, 95, 106] {
        let name = PathBuf::from("n".repeat(length));
        for kind in [SocketKind::Stream, SocketKind::Datagram] {
            drop(another_at(kind, &name));
            if kind == SocketKind::Stream {
                bind::<UnixStream, Inline>(&name).expect("a stale file");
            } else {
                bind::<UnixDatagram, Inline>(&name).expect("a stale file");
            }
        }
        let live = another_at(SocketKind::Stream, &name);
        assert_eq!(error_kind(bind::<UnixStream, Inline>(&name)), ErrorKind::AddrInUse);
        drop(live);
        fs::remove_file(&name).expect("the file");
    }
}

#[test]
fn the_place_of_a_file_survives_a_change_of_folders() {
    let Some(()) = alone() else { return };
    let folder = Folder::new();
    let inner = folder.join("inner");
    fs::create_dir(&inner).expect("a folder");
    std::env::set_current_dir(&inner).expect("chdir");
    let server = UnixStreamServer::<Echo>::builder().restore_file(true);
    let server = run(server, Path::new("server"));
    std::env::set_current_dir("/").expect("chdir");
    // Not even its name is the same.
    let moved = folder.join("moved");
    fs::rename(&inner, &moved).expect("rename");
    let path = moved.join("server");
    fs::remove_file(&path).expect("the server's file");
    let mut client = None;
    until("it is there again", || {
        client = net::UnixStream::connect(&path).ok();
        client.is_some()
    });
    drop((client, server));
    assert!(!path.exists());
}

/// The lock of its folder is free then.
#[test]
fn a_failed_bind_keeps_no_lock() {
    let folder = Folder::new();
    fs::write(folder.join("file"), "precious").expect("a file");
    let transport = UnixStream::new();
    let address = Address::Unix(folder.join("file"));
    let socket = transport.socket(&address).expect("a socket");
    transport.server_bind(&socket, &address).expect_err("a file");
    let lock = fs::File::open(folder.path()).expect("the folder");
    flock(lock, FlockOperation::NonBlockingLockExclusive).expect("nobody has it");
}

/// Of twenty servers that start at once one serves, and no other takes its place.
fn one_racer_for_a_path_wins<T: TestTransport, C: Column>() {
    const RACERS: usize = 20;
    let folder = Folder::new();
    for round in 0..10 {
        let path = folder.join(&format!("server-{round}"));
        if round % 2 == 1 {
            drop(another_at(kind::<T>(), &path));
        }
        let start = Barrier::new(RACERS);
        let results: Vec<_> = thread::scope(|scope| {
            let racer = || {
                start.wait();
                bind::<T, C>(&path)
            };
            let racers: Vec<_> = (0..RACERS).map(|_| scope.spawn(racer)).collect();
            racers.into_iter().map(|racer| racer.join().expect("a result")).collect()
        });
        let winners = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(winners, 1, "round {round}");
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
        }
        assert!(can_be_connected_to(kind::<T>(), &path), "round {round}");
    }
    assert!(entries(&folder).is_empty());
}

/// Every process that may read the folder can lock it.
fn a_locked_folder_blocks_no_server<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    let lock = fs::File::open(folder.path()).expect("a folder");
    flock(&lock, FlockOperation::LockExclusive).expect("a lock");
    let path = folder.join("server");
    drop(another_at(kind::<T>(), &path));
    let server = bind::<T, C>(&path).expect("bind");
    assert!(can_be_connected_to(kind::<T>(), &path));
    drop(server);
    assert!(entries(&folder).is_empty());
}

matrix!(
    unix: a_lost_file_is_made_again_if_wanted, the_file_is_removed_with_the_server,
    a_locked_folder_blocks_no_server, a_stale_file_is_replaced, a_live_socket_is_never_replaced,
    a_file_without_a_socket_is_never_removed, a_file_of_another_is_left_alone,
    one_racer_for_a_path_wins,
);

fn mode_of(path: &Path) -> Option<u32> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some(metadata.mode() & 0o7777)
}

/// The bits that this process removes from every mode.
fn umask() -> u32 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    u32::from_str_radix(line.expect("a umask").trim(), 8).expect("an octal number")
}

/// Every mode that the file has while servers are bound and closed, again and again.
fn seen_modes<S>(path: &Path, bind: impl Fn() -> io::Result<S>) -> BTreeSet<u32> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !done.load(Ordering::Relaxed) {
                seen.extend(mode_of(path));
            }
            seen
        });
        let mut seen = BTreeSet::new();
        for _ in 0..300 {
            let _server = bind().expect("bind");
            seen.extend(mode_of(path));
        }
        done.store(true, Ordering::Relaxed);
        seen.extend(watcher.join().expect("it only looks"));
        seen
    })
}

/// Complaint 23.
#[test]
fn the_file_never_has_a_wider_mode() {
    let folder = Folder::new();
    let path = folder.join("server");
    let narrow = BTreeSet::from([0o600]);
    let stream = || UnixStreamServer::handling(|_: Socket, _| ());
    let datagram = || UnixDatagramServer::handling(|_: Datagram, _| ());
    assert_eq!(seen_modes(&path, || stream().mode(0o600).bind(&path)), narrow);
    assert_eq!(seen_modes(&path, || datagram().mode(0o600).bind(&path)), narrow);
    // The umask counts on the way; without a mode it alone does.
    let masked = BTreeSet::from([0o777 & !umask()]);
    let mut seen = seen_modes(&path, || stream().mode(0o777).bind(&path));
    assert!(seen.remove(&0o777), "{seen:?}");
    assert!(seen.is_subset(&masked), "{seen:?}");
    assert_eq!(seen_modes(&path, || stream().bind(&path)), masked);
    assert_eq!(seen_modes(&path, || datagram().bind(&path)), masked);
}

#[test]
fn an_abstract_name_has_no_mode() {
    let server = UnixDatagramServer::handling(|_: Datagram, _| ());
    assert_eq!(error_kind(server.mode(0o600).bind("@mode").map(drop)), ErrorKind::InvalidInput);
    // The system binds it to such a name.
    let server = UnixStreamServer::handling(|_: Socket, _| ());
    let error = server.mode(0o600).bind(Path::new("")).map(drop).expect_err("an empty path");
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
}

/// Nothing reads or writes the pipe, so opening it would block.
#[test]
fn a_pipe_in_place_of_the_folder_blocks_no_server() {
    let folder = Folder::new();
    let pipe = folder.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let bind = move || {
        let server = UnixStreamServer::handling(|_: Socket, _| ());
        server.bind(pipe.join("server")).map(drop)
    };
    tests::in_time("bind", bind).expect_err("a pipe is no folder");
}

/// Complaint 23.
#[test]
fn the_file_is_removed_without_descriptors() {
    let Some(()) = alone() else { return };
    let folder = Folder::new();
    let path = folder.join("server");
    let server = bind::<UnixDatagram, Inline>(&path).expect("bind");
    let taken = all_descriptors();
    drop(server);
    assert!(!path.exists());
    drop(taken);
}
