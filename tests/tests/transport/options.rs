//! The options of the transports that concern binding and queues. Those of time and number are
//! tested with what they limit.

use tests::prelude::*;

/// How many clients get a connection at that address, where none is accepted; at most 200.
fn room(address: &Address) -> usize {
    let client = |_| match create_connection(address, Some(Duration::from_millis(300))) {
        Ok(client) => Some(client),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
            None
        }
    };
    (0..200).map_while(client).collect::<Vec<_>>().len()
}

/// Linux adds one. Without the option there is as much room as the system has.
///
/// Complaint 12, complaint 30.
#[test]
fn request_queue_size_limits_the_backlog() {
    let folder = Folder::new();
    let path = folder.join("server");
    for size in [0, 1, 4] {
        let tcp = TCPServer::<Echo>::builder().request_queue_size(size);
        let tcp = tcp.bind(LOCAL).expect("bind");
        let unix = UnixStreamServer::<Echo>::builder().request_queue_size(size);
        let unix = unix.bind(&path).expect("bind");
        let room = (room(tcp.server_address()), room(unix.server_address()));
        assert_eq!(room, (size as usize + 1, size as usize + 1));
    }
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("Linux");
    let most = most.trim().parse::<usize>().expect("a number").min(200);
    let tcp = TCPServer::<Echo>::bind(LOCAL).expect("bind");
    let unix = UnixStreamServer::<Echo>::bind(&path).expect("bind");
    assert!(room(tcp.server_address()) >= most);
    assert!(room(unix.server_address()) >= most);
}

#[test]
fn an_adopted_listener_keeps_its_backlog() {
    let listener = Socket::new(AddressFamily::Inet, SocketKind::Stream).expect("a socket");
    listener.bind(LOCAL).expect("bind");
    listener.listen(1).expect("listen");
    let builder = TCPServer::<Echo>::builder().request_queue_size(100);
    let server = builder.from_socket(listener).expect("from_socket");
    assert_eq!(room(server.server_address()), 2);
}

/// The port of a server that has just ended, and a connection of it that is still there.
fn port_of_yesterday() -> (Address, [OwnedFd; 2]) {
    let (hand_over, handed) = bounded(1);
    let builder = ThreadingTCPServer::handling(move |request: Socket, _| {
        hand_over.send(request.detach()?).map_err(io::Error::other)
    });
    // No other test uses this address, so that no other one is given its port.
    let server = run(builder, "127.0.0.77:0");
    let address = server.address();
    let client = create_connection(&address, Some(DEADLINE)).expect("connect");
    let connection = handed.recv_timeout(DEADLINE).expect("a connection");
    server.drain(DEADLINE);
    (address, [connection, client.detach().expect("detach")])
}

/// Complaint 13.
#[test]
fn allow_reuse_address_lets_tcp_restart_at_once() {
    let (address, _connection) = port_of_yesterday();
    let again = |builder: Builder<Tcp, Inline, Echo, ()>| builder.bind(&address).map(drop);
    let refused = again(TCPServer::builder().allow_reuse_address(false));
    assert_eq!(error_kind(refused), ErrorKind::AddrInUse);
    again(TCPServer::builder()).expect("on unless set");
    again(TCPServer::builder().allow_reuse_address(true)).expect("on");

    // Never beside a live server.
    let _live = TCPServer::<Echo>::bind(&address).expect("bind");
    let refused = again(TCPServer::builder().allow_reuse_address(true));
    assert_eq!(error_kind(refused), ErrorKind::AddrInUse);
}

type EchoBuilder<T> = Builder<T, Inline, Echo, ()>;

/// Two servers at one address share it if both have the option.
fn both_must_ask<T: Row>(ask: fn(EchoBuilder<T>, bool) -> EchoBuilder<T>) {
    let bind = |address: &Address, asks| ask(Server::builder(), asks).bind(address);
    let any = LOCAL.to_address().expect("an address");
    for asks in [false, true] {
        let first = bind(&any, asks).expect("bind");
        for also_asks in [false, true] {
            let second = bind(first.server_address(), also_asks).map(drop);
            if asks && also_asks {
                second.expect("both share it");
            } else {
                let error = second.expect_err("it is taken");
                assert_eq!(error.kind(), ErrorKind::AddrInUse, "{asks}, {also_asks}");
            }
        }
    }
}

/// Complaint 15.
#[test]
fn a_port_is_shared_only_if_both_ask() {
    both_must_ask::<Tcp>(|builder, asks| builder.allow_reuse_port(asks));
    both_must_ask::<Udp>(|builder, asks| builder.allow_reuse_port(asks));
    both_must_ask::<Udp>(|builder, asks| builder.allow_reuse_address(asks));
}

fn clients_are_shared<T: Row>(builder: fn() -> Builder<T, Threading, Echo, ()>) {
    let first = run(builder(), LOCAL);
    let second = run(builder(), first.address());
    let mut clients: Vec<_> = (0..64).map(|_| T::client(&first.address())).collect();
    for client in &mut clients {
        assert_eq!(client.ask(b"hello"), b"hello");
    }
    let accepted = [first.stats().accepted, second.stats().accepted];
    assert_eq!(accepted.iter().sum::<u64>(), 64);
    assert!(!accepted.contains(&0), "{accepted:?}");
}

#[test]
fn servers_at_one_port_share_clients() {
    clients_are_shared(|| ThreadingTCPServer::builder().allow_reuse_port(true));
    clients_are_shared(|| ThreadingUDPServer::builder().allow_reuse_port(true));
}

fn timeout_of_replies(request: Datagram, _: Address) -> io::Result<()> {
    let timeout = request.socket.gettimeout().expect("a timeout");
    request.reply(timeout.as_millis().to_string())
}

#[test]
fn send_timeout_limits_replies() {
    const TIME: Duration = Duration::from_millis(1_234);
    let udp = || UDPServer::handling(timeout_of_replies);
    let unix = || UnixDatagramServer::handling(timeout_of_replies);
    let usual = [placed(udp()), placed(unix())];
    let changed = [placed(udp().send_timeout(TIME)), placed(unix().send_timeout(TIME))];
    for (servers, timeout) in [(usual, b"1000"), (changed, b"1234")] {
        for (_folder, server) in servers {
            assert_eq!(Client::datagram(&server.address()).ask("?"), timeout);
        }
    }
}

/// A setter of the builder does what the same one does on the transport or concurrency itself.
macro_rules! forward {
    ($server:ident, $axis:ident: $($option:ident($value:expr)),+ $(,)?) => {$(
        let own = format!("{:?}", $axis::new().$option($value));
        let forwarded = format!("{:?}", $server::<Echo>::builder().$option($value));
        assert_ne!(own, format!("{:?}", $axis::new()), stringify!($option));
        assert!(forwarded.contains(&own), "{forwarded} without {own}");
    )+};
}

#[test]
fn the_builder_forwards_the_options_of_its_axes() {
    const TIME: Duration = Duration::from_millis(1_234);
    forward!(
        TCPServer, Tcp: request_queue_size(7), allow_reuse_address(false), allow_reuse_port(true),
        dual_stack(true), linger(TIME), wait_for_input(TIME),
    );
    forward!(
        UDPServer, Udp: max_packet_size(7), allow_reuse_address(true), allow_reuse_port(true),
        dual_stack(true), send_timeout(TIME),
    );
    forward!(
        UnixStreamServer, UnixStream: request_queue_size(7), mode(0o600), restore_file(true),
        linger(TIME),
    );
    forward!(
        UnixDatagramServer, UnixDatagram: max_packet_size(7), mode(0o600), send_timeout(TIME),
    );
    forward!(
        ThreadingTCPServer, Threading: max_threads(7), keep_alive(TIME), daemon_threads(true),
        block_on_close(false),
    );
    forward!(
        GreenTCPServer, Green: stack_size(1 << 20), max_green_threads(7), daemon_threads(true),
        block_on_close(false),
    );
}

#[test]
fn small_writes_leave_at_once_by_default() {
    let no_delay = |request: Socket, _: Address| {
        let on = request.getsockopt(SocketOption::NoDelay)?;
        request.sendall(if on { b"on" } else { b"off" })
    };
    let server = run(TCPServer::handling(no_delay), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"on");
    let server = run(TCPServer::handling(no_delay).disable_nagle_algorithm(false), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"off");
}
