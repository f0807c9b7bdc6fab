//! Limits and lists by the real client, whose proxy is always the same.

use tests::prelude::*;

const HOUR: Duration = Duration::from_secs(3_600);

/// A connection by way of the proxy, with a request.
fn client_of(server: &Running<impl Send + Sync>, ip: &str) -> Client {
    let mut client = Client::stream(&server.address());
    client.send(format!("PROXY TCP4 {ip} 198.51.100.1 5 443\r\nhello"));
    client
}

#[track_caller]
fn served(mut client: Client) -> Client {
    assert!(client.recv_exact(7).starts_with(b"client "));
    client
}

fn rates_count_real_clients<C: Column>() {
    let builder = Server::<Tcp, C, Behind>::builder().max_rate_per_address(2, HOUR);
    let server = run(builder.proxy_protocol(local_proxies()), LOCAL);
    for _ in 0..2 {
        assert!(client_of(&server, "192.0.2.1").finish().ends_with(b"hello"));
    }
    for _ in 0..5 {
        assert_eq!(client_of(&server, "192.0.2.1").finish(), b"");
    }
    // A wrong header costs no client anything.
    for _ in 0..5 {
        let mut wrong = Client::stream(&server.address());
        wrong.send("PROXY TCP4 192.0.2.2 198.51.100.1 5 x");
        assert_eq!(wrong.rest(), b"");
    }
    for _ in 0..2 {
        assert!(client_of(&server, "192.0.2.2").finish().ends_with(b"hello"));
    }
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.finished, stats.refused, stats.failed), (4, 10, 0));
}

/// A list of clients that may come.
#[derive(Default)]
struct Allowed(Mutex<Vec<String>>);

impl BaseServer for Allowed {
    fn verify_request(&self, request: &Socket, client: &Address, _: &ServerRef<Self>) -> bool {
        self.0.lock().push(format!("{client} {}", request.proxy().is_some()));
        client.ip() == Some([192, 0, 2, 1].into())
    }
}

fn verify_request_is_asked_about_real_clients<C: Column>() {
    let builder = Server::<Tcp, C, Behind, Allowed>::builder();
    let server = run(builder.proxy_protocol(local_proxies()), LOCAL);
    assert!(client_of(&server, "192.0.2.1").finish().ends_with(b"hello"));
    // Its own address is that of the proxy, which is on no list.
    assert_eq!(client_of(&server, "127.0.0.1").finish(), b"");
    assert_eq!(client_of(&server, "192.0.2.3").finish(), b"");
    until("all are counted", || server.stats().active == 0);
    let asked = server.0.lock().clone();
    assert_eq!(asked, ["192.0.2.1:5 true", "127.0.0.1:5 true", "192.0.2.3:5 true"]);
    assert_eq!((server.stats().finished, server.stats().refused), (1, 2));
}

matrix!(columns: rates_count_real_clients, verify_request_is_asked_about_real_clients);

fn shares_count_real_clients<C: Concurrent>() {
    let builder = Server::<Tcp, C, Behind, Busy>::builder().max_connections_per_address(2);
    let server = run(builder.proxy_protocol(local_proxies()), LOCAL);
    let live = [(); 2].map(|()| served(client_of(&server, "192.0.2.1")));
    assert_eq!(client_of(&server, "192.0.2.1").finish(), b"busy");
    let other = [(); 2].map(|()| served(client_of(&server, "192.0.2.2")));
    for client in live {
        assert!(client.finish().ends_with(b"hello"));
    }
    until("its places are free", || server.stats().finished == 2);
    served(client_of(&server, "192.0.2.1"));
    drop(other);
    assert_eq!(server.stats().refused, 1);
}

/// Connections whose client is not known yet are live, and the limit of all holds for them.
fn the_limit_of_all_holds_before_the_header<C: Concurrent>() {
    let builder = Server::<Tcp, C, Behind, Busy>::builder().max_connections(2);
    let builder = builder.overflow(Overflow::Refuse).proxy_protocol(local_proxies());
    let server = run(builder, LOCAL);
    let silent = Client::streams(2, &server.address());
    until("both are live", || server.stats().active == 2);
    assert_eq!(Client::stream(&server.address()).rest(), b"busy");
    drop(silent);
    until("both have ended", || server.stats().active == 0);
    assert_eq!(server.stats().refused, 3);
}

matrix!(concurrent: shares_count_real_clients, the_limit_of_all_holds_before_the_header);

#[test]
fn a_forking_server_has_no_limits_per_client() {
    let builder = || ForkingTCPServer::<Behind>::builder().proxy_protocol(local_proxies());
    for builder in
        [builder().max_connections_per_address(1), builder().max_rate_per_address(1, HOUR)]
    {
        let error = builder.bind(LOCAL).expect_err("a limit per client");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("without limits per client address"), "{error}");
    }
    let server = builder().max_connections(9).bind(LOCAL);
    assert!(server.is_ok(), "a limit of all clients is the parent's");
}
