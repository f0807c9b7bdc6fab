//! The file of a Unix socket: its mode, when it is replaced, and when it is removed.

use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net;

use rustix::fs::{FlockOperation, flock};
use tests::prelude::*;

use crate::bind::number;

/// A socket of the standard library at that path, as another program's would be.
pub(crate) fn another_at(kind: SocketKind, path: &Path) -> Socket {
    match kind {
        SocketKind::Stream => net::UnixListener::bind(path).expect("bind").into(),
        _ => net::UnixDatagram::bind(path).expect("bind").into(),
    }
}

pub(crate) fn can_be_connected_to(kind: SocketKind, path: &Path) -> bool {
    match kind {
        SocketKind::Stream => net::UnixStream::connect(path).is_ok(),
        _ => net::UnixDatagram::unbound().and_then(|client| client.connect(path)).is_ok(),
    }
}

/// Binds a server there that no client will ask.
fn bind<T: TestTransport, C: Column>(path: &Path) -> io::Result<impl Sized> {
    Server::<T, C, _, _>::handling(|_: T::Request, _: Address| ()).bind(path)
}

pub(crate) fn entries(folder: &Folder) -> Vec<std::ffi::OsString> {
    let entries = fs::read_dir(folder.path()).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name()).collect()
}

/// A server gets its file, which is there alone, and removes it at its end.
fn comes_and_goes<T: TestTransport, C: Column>(folder: &Folder) {
    let path = folder.join("server");
    let server = bind::<T, C>(&path).expect("bind");
    assert!(can_be_connected_to(T::KIND, &path));
    assert_eq!(entries(folder), ["server"]);
    drop(server);
    assert!(entries(folder).is_empty());
}

/// Complaint 23.
fn the_file_is_removed_with_the_server<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    (0..3).for_each(|_| comes_and_goes::<T, C>(&folder));
    let builder = Server::<T, C, _, _>::handling(|_: T::Request, _: Address| ());
    run(builder, folder.join("server")).drain(DEADLINE);
    assert!(entries(&folder).is_empty());
}

/// Complaint 23.
fn a_stale_file_is_replaced<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    let path = folder.join("server");
    for former in [SocketKind::Stream, SocketKind::Datagram] {
        drop(another_at(former, &path));
        assert!(path.exists(), "std leaves its file behind");
        comes_and_goes::<T, C>(&folder);
    }
}

/// Complaint 23.
fn a_live_socket_is_never_replaced<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    let path = folder.join("server");
    for other in [SocketKind::Stream, SocketKind::Datagram] {
        let live = another_at(other, &path);
        assert_eq!(error_kind(bind::<T, C>(&path)), ErrorKind::AddrInUse, "{other:?}");
        assert!(can_be_connected_to(other, &path));
        drop(live);
        fs::remove_file(&path).expect("its file");
    }
    let _live = bind::<T, C>(&path).expect("bind");
    for _ in 0..1_000 {
        assert_eq!(error_kind(bind::<T, C>(&path).map(drop)), ErrorKind::AddrInUse);
    }
    assert!(can_be_connected_to(T::KIND, &path));
}

fn a_file_without_a_socket_is_never_removed<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    fs::write(folder.join("file"), "precious").expect("a file");
    fs::create_dir(folder.join("folder")).expect("a folder");
    drop(another_at(T::KIND, &folder.join("stale")));
    symlink(folder.join("stale"), folder.join("link")).expect("a link");
    symlink(folder.join("nowhere"), folder.join("dangling")).expect("a link");
    for name in ["file", "folder", "link", "dangling"] {
        assert_eq!(error_kind(bind::<T, C>(&folder.join(name))), ErrorKind::AddrInUse, "{name}");
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
    let _other = another_at(T::KIND, &path);
    drop(server);
    assert!(can_be_connected_to(T::KIND, &path));

    let path = folder.join("moved");
    let server = bind::<T, C>(&path).expect("bind");
    fs::rename(&path, folder.join("elsewhere")).expect("rename");
    fs::write(&path, "a file").expect("write");
    drop(server);
    assert_eq!(fs::read(&path).expect("it is there"), b"a file");
}

/// A server that cannot remember its file would leave it, and not set its mode.
#[test]
fn bind_without_descriptors_leaves_no_file() {
    let Some(()) = alone() else { return };
    let folder = Folder::new();
    let path = folder.join("server");
    let mut descriptors = all_descriptors();
    let mut refused = 0;
    let bind = || UnixStreamServer::handling(|_: Socket, _| ()).mode(0o666).bind(&path);
    let server = loop {
        match bind() {
            Ok(server) => break server,
            Err(error) => {
                assert_eq!(number(&error), Some(Errno::MFILE.raw_os_error()), "{error}");
                assert!(!path.exists(), "after {refused} refusals: {error}");
            }
        }
        refused += 1;
        descriptors.pop();
    };
    assert_eq!(mode_of(&path), Some(0o666));
    drop(server);
    assert!(!path.exists(), "after {refused} refusals");
    assert!(refused > 3, "{refused}");
}

/// Between its `bind` and its `listen` a server refuses clients, as a stale file does.
#[test]
fn a_socket_that_will_listen_is_left_alone() {
    let folder = Folder::new();
    let path = folder.join("server");
    let starting = Socket::new(AddressFamily::Unix, SocketKind::Stream).expect("a socket");
    starting.bind(&*path).expect("bind");
    assert_eq!(error_kind(bind::<UnixStream, Inline>(&path)), ErrorKind::AddrInUse);
    starting.listen(1).expect("listen");
    assert!(can_be_connected_to(SocketKind::Stream, &path));
    drop(starting);
    bind::<UnixStream, Inline>(&path).map(drop).expect("a stale file");
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
            match kind {
                SocketKind::Stream => bind::<UnixStream, Inline>(&name).map(drop),
                _ => bind::<UnixDatagram, Inline>(&name).map(drop),
            }
            .expect("a stale file");
        }
        let live = another_at(SocketKind::Stream, &name);
        assert_eq!(error_kind(bind::<UnixStream, Inline>(&name)), ErrorKind::AddrInUse);
        drop(live);
        fs::remove_file(&name).expect("the file");
    }
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
    flock(lock, FlockOperation::NonBlockingLockExclusive).expect("the lock is free");
}

struct Failing;

impl TransportHooks<UnixStream> for Failing {
    fn server_bind(&self, inner: &UnixStream, one: &Socket, at: &Address) -> io::Result<()> {
        inner.server_bind(one, at)?;
        Err(ErrorKind::PermissionDenied.into())
    }
}

#[test]
fn a_hook_that_fails_after_bind_leaves_no_file() {
    let folder = Folder::new();
    let builder = UnixStreamServer::<Echo>::builder().wrap_transport(Failing);
    assert_eq!(error_kind(builder.bind(folder.join("server"))), ErrorKind::PermissionDenied);
    assert!(entries(&folder).is_empty());
}

/// Of twenty servers that start at once one serves, and no other takes its place.
fn one_racer_for_a_path_wins<T: TestTransport, C: Column>() {
    const RACERS: usize = 20;
    let folder = Folder::new();
    for round in 0..10 {
        let path = folder.join(&format!("server-{round}"));
        if round % 2 == 1 {
            drop(another_at(T::KIND, &path));
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
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "round {round}");
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
        }
        assert!(can_be_connected_to(T::KIND, &path), "round {round}");
    }
    assert!(entries(&folder).is_empty());
}

/// Every process that may read the folder can lock it.
fn a_locked_folder_blocks_no_server<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    let lock = fs::File::open(folder.path()).expect("a folder");
    flock(&lock, FlockOperation::LockExclusive).expect("a lock");
    drop(another_at(T::KIND, &folder.join("server")));
    comes_and_goes::<T, C>(&folder);
}

matrix!(
    unix: the_file_is_removed_with_the_server, a_locked_folder_blocks_no_server,
    a_stale_file_is_replaced, a_live_socket_is_never_replaced,
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
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let bound = in_time("bind", move || bind::<UnixStream, Inline>(&pipe.join("server")).map(drop));
    bound.expect_err("a pipe is no folder");
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
