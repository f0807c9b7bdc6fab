//! A server's own blocking calls on green threads: they park, so that the requests which they wait
//! for can run on the same scheduler.

use tests::prelude::*;

use crate::join;

const LONG: Duration = DEADLINE;

fn slow(request: Socket, _: Address) -> io::Result<()> {
    request.sendall(b"hello")?;
    green::sleep(Duration::from_millis(100));
    request.sendall(b" bye")
}

type Slow = Server<Tcp, Green, FnHandler, FnState<fn(Socket, Address) -> io::Result<()>>>;

/// Ends a server, with requests on every scheduler, on as many green threads as there are cores.
fn ends_on_green_threads(end: impl Fn(&Slow) + Clone + Send + 'static) {
    let handler: fn(Socket, Address) -> io::Result<()> = slow;
    let server: Arc<Slow> = Arc::new(bind(Server::handling(handler)));
    let serving = serve(&server);
    let mut clients = Client::streams(4 * cores(), server.server_address());
    for client in &mut clients {
        assert_eq!(client.recv(), b"hello");
    }
    let began = Instant::now();
    let ends = (0..2 * cores()).map(|_| {
        let (server, end) = (server.clone(), end.clone());
        green::spawn(move || end(&server))
    });
    ends.collect::<Vec<_>>().into_iter().for_each(join);
    ends_well(serving);
    assert!(began.elapsed() < LONG / 2, "{:?}", began.elapsed());
    for mut client in clients {
        assert_eq!(client.rest(), b" bye");
    }
    let stats = server.stats();
    assert_eq!((stats.aborted, stats.finished), (0, 4 * cores() as u64));
}

#[test]
fn drains_on_green_threads_wait_for_requests() {
    ends_on_green_threads(|server| _ = server.drain(LONG));
}

#[test]
fn closes_on_green_threads_wait_for_requests() {
    ends_on_green_threads(|server| _ = server.server_close());
}

#[test]
fn handle_is_dropped_and_joined_on_green_threads() {
    let bound = || {
        let server = bind(GreenTCPServer::handling(slow));
        server.spawn().expect("spawn")
    };
    let servers: Vec<_> = (0..2 * cores()).map(|_| bound()).collect();
    let ends = servers.into_iter().map(|running| {
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
    });
    let ends: Vec<_> = ends.collect();
    for (mut client, server, joins) in ends {
        join(joins).expect("a good end");
        assert_eq!(client.rest(), b" bye");
        assert_eq!(server.stats().aborted, 0);
    }
    let running = bound();
    let mut client = Client::stream(running.server_address());
    assert_eq!(client.recv(), b"hello");
    join(green::spawn(move || drop(running)));
    assert_eq!(client.rest(), b" bye");
}

#[test]
fn servers_serve_on_green_threads() {
    // More servers than schedulers, each with its own loop.
    let servers = (0..2 * cores()).map(|_| Arc::new(bind(GreenTCPServer::<Echo>::builder())));
    let servers: Vec<_> = servers.collect();
    let serving: Vec<_> = servers.iter().map(serve_green).collect();
    for server in &servers {
        for _ in 0..20 {
            Client::echoed(server.server_address());
        }
    }
    for server in servers {
        // On green threads they wait for loops on green threads.
        join(green::spawn(move || server.shutdown()));
    }
    for one in serving {
        join(one).expect("a good end");
    }
}

fn serve_green<T, C, H>(server: &Arc<Server<T, C, H, ()>>) -> green::JoinHandle<io::Result<()>>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, ()>,
{
    let server = server.clone();
    green::spawn(move || server.serve_forever())
}

#[test]
fn other_columns_serve_on_green_threads_too() {
    let inline = Arc::new(bind(TCPServer::<Echo>::builder()));
    let threading = Arc::new(bind(ThreadingTCPServer::<Echo>::builder()));
    let udp = Arc::new(bind(GreenUDPServer::<Echo>::builder()));
    let serving = [serve_green(&inline), serve_green(&threading), serve_green(&udp)];
    let _idle = Client::echoed(inline.server_address());
    Client::echoed(threading.server_address());
    assert_eq!(Client::datagram(udp.server_address()).ask("hello"), b"hello");
    // The loop of the inline server waits for its client, and the end comes nevertheless.
    inline.server_ref().begin_drain(Duration::from_millis(50));
    threading.server_ref().shutdown();
    udp.server_ref().shutdown();
    for one in serving {
        join(one).expect("a good end");
    }
    until("all are counted", || inline.stats().aborted == 1);
}
