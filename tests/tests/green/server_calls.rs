//! A server's own blocking calls on green threads: they park, so that the requests which they wait
//! for can run on the same scheduler.

use tests::prelude::*;

const LONG: Duration = DEADLINE;

fn cores() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get())
}

fn slow(request: Socket, _: Address) -> io::Result<()> {
    request.sendall(b"hello")?;
    green::sleep(Duration::from_millis(100));
    request.sendall(b" bye")
}

type Slow = Server<Tcp, Green, FnHandler, FnState<fn(Socket, Address) -> io::Result<()>>>;

/// Ends a server, with requests on every scheduler, on as many green threads as there are cores.
fn ends_on_green_threads(end: impl Fn(&Slow) + Clone + Send + 'static) {
    let handler: fn(Socket, Address) -> io::Result<()> = slow;
    let server: Slow = Server::handling(handler).bind(LOCAL).expect("bind");
    let server = Arc::new(server);
    let serving = server.clone();
    let serving = thread::spawn(move || serving.serve_forever());
    let mut clients: Vec<_> = (0..4 * cores())
        .map(|_| Client::stream(server.server_address()))
        .collect();
    for client in &mut clients {
        assert_eq!(client.recv(), b"hello");
    }
    let began = Instant::now();
    let ends: Vec<_> = (0..2 * cores())
        .map(|_| {
            let (server, end) = (server.clone(), end.clone());
            green::spawn(move || end(&server))
        })
        .collect();
    for one in ends {
        in_time("an end", move || one.join()).expect("no panic");
    }
    in_time("the loop's end", move || serving.join())
        .expect("no panic")
        .expect("a good end");
    assert!(began.elapsed() < LONG / 2, "{:?}", began.elapsed());
    for mut client in clients {
        assert_eq!(client.rest(), b" bye");
    }
    let stats = server.stats();
    assert_eq!((stats.aborted, stats.finished), (0, 4 * cores() as u64));
}

#[test]
fn drains_on_green_threads_wait_for_requests() {
    ends_on_green_threads(|server| {
        server.drain(LONG);
    });
}

#[test]
fn closes_on_green_threads_wait_for_requests() {
    ends_on_green_threads(|server| {
        server.server_close();
    });
}

#[test]
fn handle_is_dropped_and_joined_on_green_threads() {
    let bound = || {
        let server = bind(GreenTCPServer::handling(slow));
        server.spawn().expect("spawn")
    };
    let servers: Vec<_> = (0..2 * cores()).map(|_| bound()).collect();
    let ends: Vec<_> = servers
        .into_iter()
        .map(|running| {
            let mut client = Client::stream(running.server_address());
            assert_eq!(client.recv(), b"hello");
            let server = (*running).clone();
            let joins = green::spawn(move || {
                let begun = (*running).clone();
                let joined = green::spawn(move || running.join());
                begun.begin_drain(LONG);
                joined.join().expect("no panic")
            });
            (client, server, joins)
        })
        .collect();
    for (mut client, server, joins) in ends {
        in_time("the join", move || joins.join())
            .expect("no panic")
            .expect("a good end");
        assert_eq!(client.rest(), b" bye");
        assert_eq!(server.stats().aborted, 0);
    }
    let running = bound();
    let mut client = Client::stream(running.server_address());
    assert_eq!(client.recv(), b"hello");
    let dropped = green::spawn(move || drop(running));
    in_time("the drop", move || dropped.join()).expect("no panic");
    assert_eq!(client.rest(), b" bye");
}

#[test]
fn servers_serve_on_green_threads() {
    let echo = |request: Socket, _: Address| request.sendall(&request.recv(10)?);
    // More than there are schedulers, each with a loop of its own.
    let servers: Vec<_> = (0..2 * cores())
        .map(|_| Arc::new(GreenTCPServer::handling(echo).bind(LOCAL).expect("bind")))
        .collect();
    let serving: Vec<_> = servers
        .iter()
        .map(|server| {
            let server = server.clone();
            green::spawn(move || server.serve_forever())
        })
        .collect();
    for server in &servers {
        for _ in 0..20 {
            let mut client = Client::stream(server.server_address());
            assert_eq!(client.ask("hello"), b"hello");
        }
    }
    for server in &servers {
        let server = server.clone();
        // On green threads they wait for loops on green threads.
        let stop = green::spawn(move || server.shutdown());
        in_time("the shutdown", move || stop.join()).expect("no panic");
    }
    for one in serving {
        in_time("the loop's end", move || one.join())
            .expect("no panic")
            .expect("a good end");
    }
}

#[test]
fn other_columns_serve_on_green_threads_too() {
    let echo = |request: Socket, _: Address| loop {
        let data = request.recv(10)?;
        if data.is_empty() {
            return Ok::<_, io::Error>(());
        }
        request.sendall(&data)?;
    };
    let inline = Arc::new(TCPServer::handling(echo).bind(LOCAL).expect("bind"));
    let threading = Arc::new(
        ThreadingTCPServer::handling(echo)
            .bind(LOCAL)
            .expect("bind"),
    );
    let udp = GreenUDPServer::handling(|request: Datagram, client| {
        request.socket.sendto(&request.data, &client).map(drop)
    });
    let udp = Arc::new(udp.bind(LOCAL).expect("bind"));
    let serving = [
        green::spawn({
            let server = inline.clone();
            move || server.serve_forever()
        }),
        green::spawn({
            let server = threading.clone();
            move || server.serve_forever()
        }),
        green::spawn({
            let server = udp.clone();
            move || server.serve_forever()
        }),
    ];
    let mut idle = Client::stream(inline.server_address());
    assert_eq!(idle.ask("hello"), b"hello");
    assert_eq!(
        Client::stream(threading.server_address()).ask("hello"),
        b"hello"
    );
    assert_eq!(
        Client::datagram(udp.server_address()).ask("hello"),
        b"hello"
    );
    // The loop of the inline server waits for its client, and the end comes nevertheless.
    inline.server_ref().begin_drain(Duration::from_millis(50));
    threading.server_ref().shutdown();
    udp.server_ref().shutdown();
    for one in serving {
        in_time("the loop's end", move || one.join())
            .expect("no panic")
            .expect("a good end");
    }
    until("all are counted", || inline.stats().aborted == 1);
}
