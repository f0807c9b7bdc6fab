//! What a full server does with who comes.

use std::io::{ErrorKind, Read, Write};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use parking_lot::Mutex;
use socketserver::{
    Address, BaseRequestHandler, BaseServer, Builder, Concurrency, Datagram, Green, Inline,
    Overflow, Request, Served, Server, ServerRef, Socket, Tcp, Threading, ThreadingTCPServer,
    Transport, Udp, UnixDatagram, UnixStream,
};
use tests::{Client, DEADLINE, Echo, Folder, Place, in_time, run, until};

/// Says "busy" to whoever it refuses.
struct Busy;

impl BaseServer for Busy {
    fn refuse_request(&self, request: &Socket, _: &Address, _: &ServerRef<Self>) {
        request.sendall(b"busy").expect("room for a word");
    }
}

fn refusing<T: Place<Request = Socket>, C: Concurrency>(
    concurrency: C,
) -> Builder<T, C, Echo, Busy> {
    Builder::new(T::default(), concurrency, Busy).overflow(Overflow::Refuse)
}

/// The server has places for two.
fn beyond_two_clients_are_refused<T: Place<Request = Socket>, C: Concurrency>(
    builder: Builder<T, C, Echo, Busy>,
) {
    let folder = Folder::new();
    let server = run(builder, T::address(&folder));
    let address = server.address();
    let mut members = [T::client(&address), T::client(&address)];
    for member in &mut members {
        assert_eq!(member.ask("hello"), b"hello");
    }
    for _ in 0..10 {
        assert_eq!(T::client(&address).rest(), b"busy");
    }
    until("all are counted", || server.stats().refused == 10);
    for member in &mut members {
        assert_eq!(member.ask("still here"), b"still here");
    }
    let [first, second] = members;
    assert_eq!(first.finish(), b"");
    // Its thread may take a moment to be free again.
    let mut refused = 10;
    until("there is a place", || {
        let mut next = T::client(&address);
        let mut answer = [0; 4];
        // Whoever is refused may be reset, as nobody reads what it says.
        let asked = next.write_all(b"....").and(next.read_exact(&mut answer));
        let place = asked.is_ok() && &answer == b"....";
        refused += u64::from(!place);
        place
    });
    drop(second);
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.finished, stats.refused), (3, refused));
}

#[test]
fn a_full_server_may_refuse() {
    beyond_two_clients_are_refused(refusing::<Tcp, _>(Threading::new()).max_connections(2));
    beyond_two_clients_are_refused(refusing::<UnixStream, _>(Threading::new()).max_connections(2));
    beyond_two_clients_are_refused(refusing::<Tcp, _>(Threading::new().max_threads(2)));
    beyond_two_clients_are_refused(refusing::<UnixStream, _>(Threading::new().max_threads(2)));
    beyond_two_clients_are_refused(refusing::<Tcp, _>(Green::new()).max_connections(2));
    beyond_two_clients_are_refused(refusing::<Tcp, _>(Green::new().max_green_threads(2)));
}

/// Its loop is the one who is busy.
#[test]
fn an_inline_server_lets_clients_wait_all_the_same() {
    let server = run(refusing::<Tcp, _>(Inline).max_connections(1), "127.0.0.1:0");
    let mut first = Client::stream(&server.address());
    assert_eq!(first.ask("first"), b"first");
    let mut second = Client::stream(&server.address());
    second.send("second");
    assert_eq!(first.finish(), b"");
    assert_eq!(second.finish(), b"second");
    assert_eq!(server.drain(DEADLINE).1.refused, 0);
}

/// Everybody gets an answer or a word, and the counters are exact.
#[test]
fn a_burst_is_served_or_refused() {
    const CLIENTS: usize = 1_000;
    let server = run(
        refusing::<Tcp, _>(Threading::new().max_threads(4)),
        "127.0.0.1:0",
    );
    let crowd: Vec<_> = (0..CLIENTS)
        .map(|_| Client::stream(&server.address()))
        .collect();
    crowd.iter().for_each(Client::end);
    let mut refused = 0;
    for mut client in crowd {
        match client.rest().as_slice() {
            b"busy" => refused += 1,
            rest => assert_eq!(rest, b""),
        }
    }
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!(stats.accepted, CLIENTS as u64);
    assert_eq!(
        (stats.refused, stats.failed, stats.aborted),
        (refused, 0, 0)
    );
}

#[test]
fn who_waits_in_the_queue_of_a_full_server_is_refused_in_a_drain() {
    let builder = refusing::<Tcp, _>(Threading::new()).max_connections(1);
    let server = builder.bind("127.0.0.1:0").expect("bind");
    let address = server.server_address().clone();
    let mut first = Client::stream(&address);
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(first.ask("first"), b"first");
    let mut second = Client::stream(&address);
    assert_eq!(server.handle_request().expect("serves"), Served::Refused);
    assert_eq!(second.rest(), b"busy");

    let waiting: Vec<_> = (0..10).map(|_| Client::stream(&address)).collect();
    let draining = thread::spawn(move || (server.drain(DEADLINE), server.stats()));
    for mut client in waiting {
        assert_eq!(client.rest(), b"busy");
    }
    assert_eq!(first.finish(), b"");
    let (drained, stats) = in_time("the end", move || draining.join().expect("no panic"));
    assert_eq!((drained.finished, drained.aborted), (11, 0));
    assert_eq!((stats.finished, stats.refused), (1, 11));
}

#[test]
fn who_has_its_share_of_connections_is_told_too() {
    let builder = ThreadingTCPServer::<Echo, _>::with(Busy).max_connections_per_address(1);
    let server = run(builder, "127.0.0.1:0");
    let mut first = Client::stream(&server.address());
    assert_eq!(first.ask("first"), b"first");
    assert_eq!(Client::stream(&server.address()).rest(), b"busy");
    until("it is counted", || server.stats().refused == 1);
}

/// Tries everything that could take long, and tells how that went.
struct Slow(Sender<(ErrorKind, ErrorKind)>);

impl BaseServer for Slow {
    fn refuse_request(&self, request: &Socket, _: &Address, _: &ServerRef<Self>) {
        request.settimeout(None).expect("a timeout");
        let recv = request.recv(1).expect_err("it says nothing");
        let send = request.sendall(&vec![0; 32 << 20]);
        let send = send.expect_err("it reads nothing");
        self.0.send((recv.kind(), send.kind())).expect("the test");
    }
}

fn what_is_said_to_the_refused_does_not_wait<T: Place<Request = Socket>>() {
    let (tell, told) = unbounded();
    let folder = Folder::new();
    let builder = Builder::<T, _, Echo, _>::new(T::default(), Threading::new(), Slow(tell));
    let builder = builder.max_connections(1).overflow(Overflow::Refuse);
    let server = run(builder, T::address(&folder));
    let mut member = T::client(&server.address());
    assert_eq!(member.ask("hello"), b"hello");
    let _silent = T::client(&server.address());
    let tried = told.recv_timeout(DEADLINE).expect("it came back");
    assert_eq!(tried, (ErrorKind::WouldBlock, ErrorKind::WouldBlock));
    // The member's own calls wait as ever.
    assert_eq!(member.ask("still here"), b"still here");
}

#[test]
fn what_is_said_to_the_refused_does_not_hold_up_the_loop() {
    what_is_said_to_the_refused_does_not_wait::<Tcp>();
    what_is_said_to_the_refused_does_not_wait::<UnixStream>();
}

#[test]
fn a_panic_in_the_hook_costs_nobody_else() {
    struct Panicking;
    impl BaseServer for Panicking {
        fn refuse_request(&self, _: &Socket, _: &Address, _: &ServerRef<Self>) {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
    }
    let builder = ThreadingTCPServer::<Echo, _>::with(Panicking);
    let builder = builder.max_connections(1).overflow(Overflow::Refuse);
    let server = run(builder, "127.0.0.1:0");
    let mut member = Client::stream(&server.address());
    assert_eq!(member.ask("hello"), b"hello");
    for _ in 0..3 {
        assert_eq!(Client::stream(&server.address()).rest(), b"");
    }
    until("all are counted", || server.stats().refused == 3);
    assert_eq!(member.ask("still here"), b"still here");
}

/// A handler answers when it is told to.
#[derive(BaseRequestHandler)]
struct Patient {
    request: Datagram,
    client_address: Address,
    server: ServerRef<Answers>,
}

struct Answers {
    began: Sender<()>,
    go_on: Receiver<()>,
    /// What the refused datagrams said.
    refused: Mutex<Vec<Vec<u8>>>,
}

impl BaseServer<Datagram> for Answers {
    fn refuse_request(&self, request: &Datagram, client: &Address, _: &ServerRef<Self>) {
        self.refused.lock().push(request.data.to_vec());
        request.socket.sendto(b"busy", client).expect("room");
    }
}

impl Patient {
    fn handle(&self) -> std::io::Result<()> {
        self.server.began.send(()).expect("the test");
        self.server.go_on.recv_timeout(DEADLINE).expect("the test");
        let socket = &self.request.socket;
        socket
            .sendto(&self.request.data, &self.client_address)
            .map(drop)
    }
}

fn the_newest_datagrams_are_refused<T: Place<Request = Datagram>>() {
    let folder = Folder::new();
    let (began, begins) = bounded(1);
    let (go_on, goes_on) = bounded(1);
    let state = Answers {
        began,
        go_on: goes_on,
        refused: Mutex::default(),
    };
    let builder = Builder::<T, _, Patient, _>::new(T::default(), Threading::new(), state);
    let builder = builder.max_connections(1).overflow(Overflow::Refuse);
    let server = run(builder, T::address(&folder));
    let (mut first, mut second) = (T::client(&server.address()), T::client(&server.address()));
    first.send("first");
    begins.recv_timeout(DEADLINE).expect("it is handled");
    for word in ["second", "third"] {
        second.send(word);
        assert_eq!(second.recv(), b"busy");
    }
    go_on.send(()).expect("the handler");
    assert_eq!(first.recv(), b"first");
    assert_eq!(
        *server.refused.lock(),
        [b"second".to_vec(), b"third".to_vec()]
    );
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.finished, stats.refused), (1, 2));
}

#[test]
fn datagrams_that_come_to_a_full_server_are_refused() {
    the_newest_datagrams_are_refused::<Udp>();
    the_newest_datagrams_are_refused::<UnixDatagram>();
}

/// Whatever its requests are.
#[test]
fn the_hook_may_serve_both_kinds() {
    struct Both;
    impl<R: Clone + Into<Request>> BaseServer<R> for Both {
        fn refuse_request(&self, request: &R, client: &Address, _: &ServerRef<Self>) {
            let sent = match request.clone().into() {
                Request::Stream(socket) => socket.sendall(b"busy"),
                Request::Datagram(datagram) => datagram.socket.sendto(b"busy", client).map(drop),
            };
            sent.expect("room for a word");
        }
    }
    fn serves<T: Transport<Request: Into<Request>> + Default>() {
        let _: Builder<T, Threading, Echo, Both> = Server::with(Both).overflow(Overflow::Refuse);
    }
    serves::<Tcp>();
    serves::<Udp>();
}
