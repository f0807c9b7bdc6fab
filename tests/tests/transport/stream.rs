//! The end of a stream: the client gets its whole reply, and no client is waited for in vain.

use std::io::ErrorKind::{BrokenPipe, ConnectionReset};

use tests::prelude::*;

const HOUR: Duration = Duration::from_secs(3_600);

/// More than the system holds for a client that does not read.
static REPLY: [u8; 400_000] = [b'x'; 400_000];

/// Sends a long reply, and leaves its client's input unread.
#[derive(BaseRequestHandler)]
struct Reply {
    request: Socket,
}

impl Reply {
    fn handle(&self) -> io::Result<()> {
        self.request.recv(1)?;
        self.request.sendall(&REPLY)
    }
}

fn replies<T: Streams, C: Concurrent>(folder: &Folder, transport: T) -> Running<()> {
    run(Builder::<T, C, Reply, ()>::new(transport, C::default(), ()), T::address(folder))
}

/// A client whose system holds only a little of a reply, where that can be chosen.
fn small_client(address: &Address) -> Client {
    match address {
        Address::Inet(_) => Client::narrow_stream(4_096, address).expect("connect"),
        _ => Client::stream(address),
    }
}

/// Nor for more than a megabyte of what it sends.
fn no_client_is_waited_for_beyond_linger<C: Concurrent>() {
    let folder = Folder::new();
    let server = replies::<_, C>(&folder, Tcp::new().linger(Duration::from_millis(100)));
    let mut silent = small_client(&server.address());
    silent.send(b"?");
    until("the silent client's request has ended", || server.stats().finished == 1);

    for linger in [Duration::from_millis(100), HOUR] {
        let server = replies::<_, C>(&folder, Tcp::new().linger(linger));
        let mut endless = small_client(&server.address());
        until("it is reset", || match endless.write(&[b'?'; 1_000]) {
            Ok(_) => false,
            Err(error) => matches!(error.kind(), ConnectionReset | BrokenPipe),
        });
        until("the endless client's request has ended", || server.stats().finished == 1);
    }
}

/// The loop itself would wait, and every other client with it: a tenth of a second, whatever
/// `linger` says.
#[test]
fn an_inline_server_does_not_linger_long() {
    let builder = Builder::<Tcp, Inline, Reply, ()>::new(Tcp::new().linger(HOUR), Inline, ());
    let server = run(builder, LOCAL);
    let mut silent = small_client(&server.address());
    silent.send(b"?");
    let mut next = Client::stream(&server.address());
    next.send(b"?");
    assert_eq!(next.rest().len(), REPLY.len());
}

fn ends_when_all_is_read<T: Streams, C: Concurrent>(transport: T) {
    let folder = Folder::new();
    let server = replies::<_, C>(&folder, transport);
    let mut client = T::client(&server.address());
    client.send(b"?");
    client.recv_exact(REPLY.len());
    until("the request has ended", || server.stats().finished == 1);
    // The client has not ended its side; that it sees the server's shows that it was still there.
    assert_eq!(client.rest(), b"");
}

fn a_finished_client_costs_no_wait<C: Concurrent>() {
    ends_when_all_is_read::<_, C>(Tcp::new().linger(HOUR));
    ends_when_all_is_read::<_, C>(UnixStream::new().linger(HOUR));
}

fn a_handler_resets_its_connection<C: Column>() {
    let reset = |request: Socket, _: Address| -> io::Result<()> {
        request.sendall(&request.recv(1)?)?;
        request.setsockopt(SocketOption::Linger(Some(Duration::ZERO)))
    };
    let server = run(Server::<Tcp, C, _, _>::handling(reset), LOCAL);
    let mut client = Client::stream(&server.address());
    assert_eq!(client.ask("?"), b"?");
    assert_eq!(error_kind(client.read(&mut [0])), ConnectionReset);
}

matrix!(concurrent: no_client_is_waited_for_beyond_linger, a_finished_client_costs_no_wait);

/// A handler's own timeout comes after it.
fn client_timeout_is_each_connections_first<C: Column>() {
    let ask = |request: Socket, _: Address| -> io::Result<()> {
        let first = request.gettimeout();
        request.settimeout(None)?;
        request.sendall(format!("{first:?}").as_bytes())
    };
    let folder = Folder::new();
    let time = Duration::from_millis(1_500);
    let tcp = Server::<Tcp, C, _, _>::handling(ask).client_timeout(time);
    let unix = Server::<UnixStream, C, _, _>::handling(ask).client_timeout(time);
    let servers = [run(tcp, LOCAL), run(unix, folder.join("server"))];
    for server in servers {
        for _ in 0..2 {
            assert_eq!(Client::stream(&server.address()).rest(), b"Some(1.5s)");
        }
    }
}

matrix!(columns: a_handler_resets_its_connection, client_timeout_is_each_connections_first);
