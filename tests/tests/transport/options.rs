//! The options of the transports, as far as they are about binding and queues. Those of time and
//! number are tested with what they limit.

use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::time::Duration;

use crossbeam_channel::bounded;
use socketserver::{
    Address, AddressFamily, Builder, Datagram, Green, GreenTCPServer, Inline, Socket, SocketKind,
    TCPServer, Tcp, Threading, ThreadingTCPServer, ThreadingUDPServer, UDPServer, Udp,
    UnixDatagram, UnixDatagramServer, UnixStream, UnixStreamServer, create_connection,
};
use tests::{Client, DEADLINE, Echo, Folder, run};

/// How many clients get a connection at that address, where nobody takes any; at most 200.
fn room(address: &Address) -> usize {
    let mut clients = Vec::new();
    while clients.len() < 200 {
        match create_connection(address, Some(Duration::from_millis(300))) {
            Ok(client) => clients.push(client),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
                break;
            }
        }
    }
    clients.len()
}

/// Linux takes one more than it is told.
#[test]
fn request_queue_size_is_how_many_may_wait() {
    let folder = Folder::new();
    let path = folder.join("server");
    for size in [0, 1, 4] {
        let tcp = TCPServer::<Echo>::builder().request_queue_size(size);
        let tcp = tcp.bind("127.0.0.1:0").expect("bind");
        let unix = UnixStreamServer::<Echo>::builder().request_queue_size(size);
        let unix = unix.bind(&path).expect("bind");
        let room = (room(tcp.server_address()), room(unix.server_address()));
        assert_eq!(room, (size as usize + 1, size as usize + 1));
    }
    // Unless it is set, there is as much room as the system has.
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("Linux");
    let most = most.trim().parse::<usize>().expect("a number").min(200);
    let tcp = TCPServer::<Echo>::bind("127.0.0.1:0").expect("bind");
    let unix = UnixStreamServer::<Echo>::bind(&path).expect("bind");
    assert!(room(tcp.server_address()) >= most);
    assert!(room(unix.server_address()) >= most);
}

#[test]
fn a_listener_that_was_handed_over_keeps_its_queue() {
    let listener = Socket::new(AddressFamily::Inet, SocketKind::Stream).expect("a socket");
    listener.bind("127.0.0.1:0").expect("bind");
    listener.listen(1).expect("listen");
    let builder = TCPServer::<Echo>::builder().request_queue_size(100);
    let server = builder.from_socket(listener).expect("from_socket");
    assert_eq!(room(server.server_address()), 2);
}

/// A port that a server had until now, and a connection of it that is still there.
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

#[test]
fn allow_reuse_address_lets_tcp_start_again_at_once() {
    let (address, _connection) = port_of_yesterday();
    let again = |builder: Builder<Tcp, Inline, Echo, ()>| builder.bind(&address).map(drop);
    let refused = again(TCPServer::builder().allow_reuse_address(false));
    assert_eq!(refused.expect_err("off").kind(), ErrorKind::AddrInUse);
    again(TCPServer::builder()).expect("on unless set");
    again(TCPServer::builder().allow_reuse_address(true)).expect("on");

    // Never, on no account, beside a live server.
    let _live = TCPServer::<Echo>::bind(&address).expect("bind");
    let refused = again(TCPServer::builder().allow_reuse_address(true));
    assert_eq!(refused.expect_err("it lives").kind(), ErrorKind::AddrInUse);
}

#[test]
fn allow_reuse_address_lets_several_udp_servers_share_a_port() {
    let builder = UDPServer::<Echo>::builder;
    let first = builder()
        .allow_reuse_address(true)
        .bind("127.0.0.1:0")
        .expect("bind");
    let again =
        |builder: Builder<Udp, Inline, Echo, ()>| builder.bind(first.server_address()).map(drop);
    again(builder().allow_reuse_address(true)).expect("both want it");
    assert_eq!(
        again(builder()).expect_err("off").kind(),
        ErrorKind::AddrInUse
    );
}

#[test]
fn allow_reuse_port_shares_tcp_clients() {
    let builder = || ThreadingTCPServer::<Echo>::builder().allow_reuse_port(true);
    let first = run(builder(), "127.0.0.1:0");
    let second = run(builder(), first.address());
    let refused = TCPServer::<Echo>::bind(first.address()).map(drop);
    assert_eq!(
        refused.expect_err("off unless set").kind(),
        ErrorKind::AddrInUse
    );
    let mut clients: Vec<_> = (0..64).map(|_| Client::stream(&first.address())).collect();
    for client in &mut clients {
        assert_eq!(client.ask(b"hello"), b"hello");
    }
    let accepted = [first.stats().accepted, second.stats().accepted];
    assert_eq!(accepted.iter().sum::<u64>(), 64);
    assert!(!accepted.contains(&0), "{accepted:?}");
}

#[test]
fn allow_reuse_port_shares_udp_clients() {
    let builder = || ThreadingUDPServer::<Echo>::builder().allow_reuse_port(true);
    let first = run(builder(), "127.0.0.1:0");
    let second = run(builder(), first.address());
    let refused = UDPServer::<Echo>::bind(first.address()).map(drop);
    assert_eq!(
        refused.expect_err("off unless set").kind(),
        ErrorKind::AddrInUse
    );
    for _ in 0..64 {
        assert_eq!(Client::datagram(&first.address()).ask(b"hello"), b"hello");
    }
    let accepted = [first.stats().accepted, second.stats().accepted];
    assert_eq!(accepted.iter().sum::<u64>(), 64);
    assert!(!accepted.contains(&0), "{accepted:?}");
}

/// Tells the timeout of its server's socket, in milliseconds.
fn timeout_of_replies(request: Datagram, client_address: Address) -> io::Result<()> {
    let timeout = request.socket.gettimeout().expect("a timeout");
    let text = timeout.as_millis().to_string();
    request
        .socket
        .sendto(text.as_bytes(), client_address)
        .map(drop)
}

#[test]
fn send_timeout_is_that_of_replies() {
    const TIME: Duration = Duration::from_millis(1_234);
    let folder = Folder::new();
    let udp = || UDPServer::handling(timeout_of_replies);
    let unix = || UnixDatagramServer::handling(timeout_of_replies);
    let server = run(udp(), "127.0.0.1:0");
    assert_eq!(Client::datagram(&server.address()).ask(b"?"), b"1000");
    let server = run(udp().send_timeout(TIME), "127.0.0.1:0");
    assert_eq!(Client::datagram(&server.address()).ask(b"?"), b"1234");
    let server = run(unix(), folder.join("usual"));
    assert_eq!(Client::datagram(&server.address()).ask(b"?"), b"1000");
    let server = run(unix().send_timeout(TIME), folder.join("other"));
    assert_eq!(Client::datagram(&server.address()).ask(b"?"), b"1234");
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
fn the_builder_has_the_options_of_its_axes() {
    const TIME: Duration = Duration::from_millis(1_234);
    forward!(
        TCPServer, Tcp: request_queue_size(7), allow_reuse_address(false), allow_reuse_port(true),
        dual_stack(true), linger(TIME), wait_for_input(TIME),
    );
    forward!(
        UDPServer, Udp: max_packet_size(7), allow_reuse_address(true), allow_reuse_port(true),
        dual_stack(true), send_timeout(TIME),
    );
    forward!(UnixStreamServer, UnixStream: request_queue_size(7), mode(0o600), linger(TIME));
    forward!(
        UnixDatagramServer, UnixDatagram: max_packet_size(7), mode(0o600), send_timeout(TIME),
    );
    forward!(
        ThreadingTCPServer, Threading: max_threads(7), keep_alive(TIME), daemon_threads(true),
        block_on_close(false),
    );
    forward!(GreenTCPServer, Green: stack_size(1 << 20), max_green_threads(7));
}
