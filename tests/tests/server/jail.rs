//! A program that is locked into an empty folder after `bind`, where there is no `/proc` and no
//! `/dev/null`. Each test has a process of its own, whose root folder it is. (For forking servers
//! see `concurrency/forking/jail.rs`.)

use rustix::process::chroot;
use tests::prelude::*;

fn lock_up(folder: &Folder) {
    chroot(folder.path()).expect("chroot");
    std::env::set_current_dir("/").expect("chdir");
    std::fs::metadata("/proc").expect_err("there is nothing");
}

#[test]
fn servers_serve_in_a_jail() {
    let Some(ended) = elsewhere("jail::servers_serve_in_a_jail") else {
        if !getuid().is_root() {
            return;
        }
        fn bound<C: Concurrency + Default>() -> impl FnOnce() {
            let echo = |request: Socket, _| request.sendall(&request.recv(100)?);
            let server = bind(Server::<Tcp, C, _, _>::handling(echo));
            move || {
                let running = server.spawn().expect("spawn");
                let mut client = Client::stream(running.server_address());
                assert_eq!(client.ask("hello"), b"hello");
            }
        }
        let folder = Folder::new();
        let servers: [Box<dyn FnOnce()>; 3] = [
            Box::new(bound::<Inline>()),
            Box::new(bound::<Threading>()),
            Box::new(bound::<Green>()),
        ];
        lock_up(&folder);
        for serve in servers {
            serve();
        }
        return;
    };
    ended.passed();
}

/// The limit on threads is known from the time of `bind`, when it could be read.
#[test]
fn more_than_a_thousand_threads_run_in_a_jail() {
    let Some(ended) = elsewhere("jail::more_than_a_thousand_threads_run_in_a_jail") else {
        if !getuid().is_root() {
            return;
        }
        let lines = keep_lines(log::LevelFilter::Debug);
        let server = bind(ThreadingTCPServer::handling(|_: Socket, _| ()));
        lock_up(&Folder::new());
        drop(server.spawn().expect("spawn"));
        let limits = lines.about("threads in all pools");
        assert_eq!(limits.len(), 1, "{lines:#?}");
        assert!(
            !limits[0].1.contains("no limit that could be read"),
            "{limits:?}"
        );
        return;
    };
    ended.passed();
}

#[test]
fn reserve_descriptor_is_kept_again_in_a_jail() {
    let Some(ended) = elsewhere("jail::reserve_descriptor_is_kept_again_in_a_jail") else {
        if !getuid().is_root() {
            return;
        }
        let echo = |request: Socket, _| request.sendall(&request.recv(100)?);
        let server = run(
            ThreadingTCPServer::handling(echo).reserve_descriptor(true),
            LOCAL,
        );
        lock_up(&Folder::new());
        let few = Rlimit {
            current: Some(100),
            ..getrlimit(Resource::Nofile)
        };
        setrlimit(Resource::Nofile, few).expect("a lower limit");
        let clients = [(); 4]
            .map(|()| Socket::new(AddressFamily::Inet, SocketKind::Stream).expect("a descriptor"));
        let one = clients[0]
            .as_fd()
            .try_clone_to_owned()
            .expect("a descriptor");
        let hogs: Vec<OwnedFd> = std::iter::from_fn(|| one.try_clone().ok()).collect();
        for client in &clients {
            client.settimeout(Some(tests::DEADLINE)).expect("an option");
            client.connect(server.address()).expect("connect");
            let answer = client.recv(10);
            assert!(
                answer.as_ref().is_ok_and(Vec::is_empty)
                    || answer
                        .is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset),
                "it is refused at once"
            );
        }
        drop(hogs);
        until("all are counted", || server.stats().refused == 4);
        return;
    };
    ended.passed();
}
