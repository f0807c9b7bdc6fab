//! A program that is locked into an empty folder after `bind`, where there is no `/proc` and no
//! `/dev/null`. Each test has a separate process, whose root folder it is. (For forking servers
//! see `concurrency/forking/jail.rs`.)

use rustix::process::chroot;
use tests::prelude::*;

/// In the process of the test, which is locked up by root alone.
#[track_caller]
fn may_be_locked_up() -> Option<()> {
    alone().filter(|()| getuid().is_root())
}

fn lock_up() {
    chroot(Folder::new().path()).expect("chroot");
    std::env::set_current_dir("/").expect("chdir");
    fs::metadata("/proc").expect_err("there is nothing");
}

#[test]
fn servers_serve_in_a_jail() {
    let Some(()) = may_be_locked_up() else { return };
    fn bound<C: Column>() -> Box<dyn FnOnce()> {
        let server = bind(Server::<Tcp, C, _, _>::handling(echo_once));
        Box::new(|| {
            let running = server.spawn().expect("spawn");
            Client::echoed(running.server_address());
        })
    }
    let servers = [bound::<Inline>(), bound::<Threading>(), bound::<Green>()];
    lock_up();
    servers.into_iter().for_each(|serve| serve());
}

/// The limit on threads is known from the time of `bind`, when it could be read.
#[test]
fn more_than_a_thousand_threads_run_in_a_jail() {
    let Some(()) = may_be_locked_up() else { return };
    let lines = keep_lines(LevelFilter::Debug);
    let server = bind(ThreadingTCPServer::<Echo>::builder());
    lock_up();
    drop(server.spawn().expect("spawn"));
    let limits = lines.about("threads in all pools");
    assert_eq!(limits.len(), 1, "{lines:#?}");
    assert!(!limits[0].1.contains("no limit that could be read"), "{limits:?}");
}

#[test]
fn reserve_descriptor_is_kept_again_in_a_jail() {
    let Some(()) = may_be_locked_up() else { return };
    let server = run(ThreadingTCPServer::<Echo>::builder().reserve_descriptor(true), LOCAL);
    lock_up();
    lower(Resource::Nofile, 100);
    let clients = [(); 4]
        .map(|()| Socket::new(AddressFamily::Inet, SocketKind::Stream).expect("a descriptor"));
    let one = clients[0].as_fd().try_clone_to_owned().expect("a descriptor");
    let hogs: Vec<OwnedFd> = std::iter::from_fn(|| one.try_clone().ok()).collect();
    for client in &clients {
        client.settimeout(Some(DEADLINE)).expect("an option");
        client.connect(server.address()).expect("connect");
        // It is refused at once.
        match client.recv(10) {
            Ok(answer) => assert_eq!(answer, b""),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
    drop(hogs);
    until("all are counted", || server.stats().refused == 4);
}
