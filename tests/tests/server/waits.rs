//! The ends of a handler's waits. An abort ends a wait for another peer than the client. A drain
//! ends the wait for the client's next request at once.

use std::os::unix::net::UnixListener;

use tests::prelude::*;

/// Peers that keep a handler waiting.
struct Peers {
    _silent: TcpListener,
    silent: Address,
    /// Its backlog is full.
    _full: (UnixListener, Vec<socket2::Socket>),
    full: Address,
    other: Socket,
    _folder: Folder,
}

impl Peers {
    fn new() -> Self {
        let folder = Folder::new();
        let silent = TcpListener::bind(LOCAL).expect("bind");
        let path = folder.join("full");
        let full = UnixListener::bind(&path).expect("bind");
        let address = socket2::SockAddr::unix(&path).expect("a path");
        rustix::net::listen(&full, 0).expect("listen");
        let client = || {
            let client = socket2::Socket::new(Domain::UNIX, Type::STREAM, None).expect("a socket");
            client.set_nonblocking(true).expect("an option");
            client.connect(&address).is_ok().then_some(client)
        };
        let waiting = std::iter::from_fn(client).collect();
        Peers {
            silent: silent.local_addr().expect("a name").into(),
            _silent: silent,
            _full: (full, waiting),
            full: Address::Unix(path),
            other: Socket::new(AddressFamily::Inet, SocketKind::Datagram).expect("a socket"),
            _folder: folder,
        }
    }

    fn upstream(&self) -> io::Result<Socket> {
        create_connection(&self.silent, None)
    }
}

type Wait = fn(&Peers, &Socket) -> io::Result<()>;

/// Each of these waits for ever.
const WAITS: [(&str, Wait); 17] = [
    ("a silent upstream", |peers, _| peers.upstream()?.recv(1).map(drop)),
    ("an upstream that does not read", |peers, _| peers.upstream()?.sendall(&vec![0; 64 << 20])),
    ("an upstream with a timeout", |peers, _| {
        let upstream = peers.upstream()?;
        upstream.settimeout(Some(Duration::from_secs(60)))?;
        upstream.recv(1).map(drop)
    }),
    ("a full backlog", |peers, _| create_connection(&peers.full, None).map(drop)),
    ("a datagram", |_, _| {
        let socket = Socket::new(AddressFamily::Inet, SocketKind::Datagram)?;
        socket.bind(LOCAL)?;
        loop {
            socket.recvfrom(1)?;
        }
    }),
    ("a datagram of a pair", |_, _| {
        let (one, _other) = socketpair(SocketKind::Datagram)?;
        one.recv(1).map(drop)
    }),
    ("a client of the handler", |_, _| {
        let listener = Socket::new(AddressFamily::Inet, SocketKind::Stream)?;
        listener.bind(LOCAL)?;
        listener.listen(1)?;
        listener.accept().map(drop)
    }),
    ("a server of the handler", |_, _| TCPServer::<Echo>::bind(LOCAL)?.serve_forever()),
    ("one of two", |peers, request| {
        let upstream = peers.upstream()?;
        loop {
            let ready = select(&[&upstream], &[], &[], None)?;
            assert!(ready.reads(&upstream));
            if upstream.recv(1)?.is_empty() {
                return request.recv(1).map(drop);
            }
        }
    }),
    ("a relay", |peers, request| relay(request, &peers.upstream()?).map(drop)),
    ("two upstreams in a scope", |peers, _| {
        let wait = || peers.upstream()?.recv(1).map(drop);
        green::scope(|scope| {
            let other = scope.spawn(wait);
            let one = wait();
            assert!(other.join().expect("no panic").is_err());
            one
        })
    }),
    ("a pipe", |_, _| {
        let (reader, _writer) = io::pipe()?;
        select(&[&reader], &[], &[], None).map(drop)
    }),
    ("a pipe, again and again", |_, _| {
        let (reader, _writer) = io::pipe()?;
        loop {
            select(&[&reader], &[], &[], Some(Duration::from_millis(1)))?;
        }
    }),
    ("urgent data", |_, request| select(&[], &[], &[request], None).map(drop)),
    ("a connection of another", |peers, _| {
        // Made outside of the request, and so not its own.
        select(&[&peers.other], &[], &[], None).map(drop)
    }),
    ("a message", |_, _| {
        let (_sender, receiver) = green::channel::<()>(1);
        receiver.recv().map_err(|_| ErrorKind::ConnectionAborted.into())
    }),
    ("room for a message", |_, _| {
        let (sender, _receiver) = green::channel(1);
        while sender.send(()).is_ok() {}
        Err(ErrorKind::ConnectionAborted.into())
    }),
];

fn drain_ends_every_wait_of_a_request<C: Column>() {
    let peers = Arc::new(Peers::new());
    for (name, wait) in WAITS {
        let (begun, waits) = unbounded();
        let (ended, end) = unbounded();
        let peers = peers.clone();
        let handler = move |request: Socket, _: Address| {
            begun.send(()).expect("the test waits");
            ended.send(wait(&peers, &request)).expect("the test waits");
        };
        let server = run(Server::<Tcp, C, _, _>::handling(handler), LOCAL);
        let client = Client::stream(&server.address());
        in_time(name, move || waits.recv().expect("it begins"));
        let (drained, stats) = server.drain(Duration::from_millis(20));
        assert_eq!((drained.aborted, drained.abandoned), (1, 0), "{name}: {stats:?}");
        let error = end.recv().expect("its end").expect_err(name);
        assert!(is_disconnect(&error), "{name}: {error}");
        drop(client);
    }
}

/// An abort cannot end a call that blocks, and must not lose its result.
#[test]
fn blocking_call_of_an_aborted_request_returns() {
    let (go_on, wait) = bounded::<()>(0);
    let (sender, returned) = unbounded();
    let handler = move |_: Socket, _: Address| {
        let wait = wait.clone();
        let result = green::blocking(move || wait.recv());
        sender.send(result).expect("the test waits");
    };
    let server = Server::<Tcp, socketserver::Green, _, _>::handling(handler);
    let server = run(server.deadline(Duration::from_millis(20)), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"");
    go_on.send(()).expect("it waits");
    in_time("the call", move || returned.recv().expect("a result")).expect("the wait goes on");
}

/// What a hook of the state does after an abort is not the request's.
fn handle_error_of_an_aborted_request_may_connect<C: Concurrent>() {
    let peers = Arc::new(Peers::new());
    let (waiting, (sender, reported)) = (peers.clone(), unbounded());
    let waits = Function::new(move |_, _| waiting.upstream()?.recv(1).map(drop));
    let state = waits.on_error(move |_| {
        let sent = peers.upstream().and_then(|upstream| upstream.sendall(b"!"));
        sender.send(sent).expect("the test waits");
    });
    let server = Server::<Tcp, C, Call, _>::with(state).deadline(Duration::from_millis(20));
    let server = run(server, LOCAL);
    let _client = Client::stream(&server.address());
    let sent = in_time("the report", move || reported.recv().expect("one"));
    sent.expect("it is sent");
}

fn idle_server<C: Column>() -> Running<Function> {
    let keep_alive = Function::new(|request, server| {
        while server.next_request(request)? {
            match &*request.recv(64)? {
                b"" => return Ok(()),
                b"wait" => {
                    request.sendall(b"wait")?;
                    request.recv(64)?;
                }
                data => request.sendall(data)?,
            }
        }
        request.sendall(b"bye")
    });
    run(Server::<Tcp, C, Call, _>::with(keep_alive), LOCAL)
}

/// Far less than the time of the drain, and far more than it needs.
const SOON: Duration = Duration::from_secs(5);

/// (For 100 idle clients of the other columns see `faults/silent_upstreams.rs`.)
#[test]
fn drain_ends_the_idle_client_of_an_inline_server() {
    let server = idle_server::<Inline>();
    let mut client = Client::echoed(&server.address());
    let (drained, _) = within(SOON, || server.drain(Duration::from_secs(60)));
    assert_eq!((drained.finished, drained.aborted), (1, 0));
    assert_eq!(client.rest(), b"bye");
}

fn busy_request_ends_once_it_is_idle<C: Column>() {
    let server = idle_server::<C>();
    let mut client = Client::stream(&server.address());
    assert_eq!(client.ask("wait"), b"wait");
    let server_ref = (*server).clone();
    let draining = thread::spawn(move || server.drain(Duration::from_secs(60)));
    until("the drain has begun", || server_ref.is_stopping());
    client.send("go on");
    assert_eq!(client.rest(), b"bye");
    let (drained, _) = in_time("the drain", move || draining.join().expect("no panic"));
    assert_eq!((drained.finished, drained.aborted), (1, 0));
}

matrix!(columns: drain_ends_every_wait_of_a_request, busy_request_ends_once_it_is_idle);

/// A request that has come in part is no idle client, and one that comes late is none either.
fn drain_loses_no_request_that_has_begun<C: Concurrent>() {
    let lines = Function::new(|request, server| {
        let (mut rfile, _) = request.makefile(-1, 0);
        while server.next_request(request)? {
            request.sendall(&rfile.readline(64)?)?;
        }
        Ok(())
    });
    let server = run(Server::<Tcp, C, Call, _>::with(lines), LOCAL);
    let [mut half, mut new] = [(); 2].map(|()| Client::stream(&server.address()));
    half.send("first ");
    until("both are served", || server.stats().active == 2);
    let server_ref = (*server).clone();
    let draining = std::thread::spawn(move || server.drain(Duration::from_secs(60)));
    until("the drain has begun", || server_ref.is_stopping());
    new.send("new\n");
    assert_eq!(new.rest(), b"new\n");
    half.send("half\n");
    assert_eq!(half.rest(), b"first half\n");
    let (drained, _) = in_time("the drain", move || draining.join().expect("no panic"));
    assert_eq!((drained.finished, drained.aborted), (2, 0));
}

matrix!(
    concurrent: handle_error_of_an_aborted_request_may_connect,
    drain_loses_no_request_that_has_begun,
);

/// Python's `shutdown` ends the loop alone: its handlers go on.
#[test]
fn shutdown_leaves_idle_requests_alone() {
    let server = idle_server::<Threading>();
    let mut client = Client::echoed(&server.address());
    server.shutdown();
    assert_eq!(client.ask("two"), b"two");
}
