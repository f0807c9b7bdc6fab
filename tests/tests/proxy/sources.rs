//! Peers whose headers are believed, and others.

use socketserver::proxy::{Others, ProxyProtocol};
use tests::prelude::*;

const HEADER: &[u8] = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nhello";

fn elsewhere() -> ProxyProtocol {
    ProxyProtocol::trusting(["10.0.0.0/8", "2001:db8::/32"]).expect("networks")
}

/// Row 51. The server reads neither a right header nor a wrong one.
fn other_sources_are_refused<C: Column>() {
    let lines = keep_lines(LevelFilter::Debug);
    let server = run(Server::<Tcp, C, Behind>::builder().proxy_protocol(elsewhere()), LOCAL);
    let mut peers = Vec::new();
    for beginning in [HEADER, b"GET / HTTP/1.1\r\n", b""] {
        for _ in 0..10 {
            let mut client = Client::stream(&server.address());
            peers.push(client.tcp().local_addr().expect("an address"));
            client.try_send(beginning);
            assert_eq!(client.rest_or_reset(), b"");
        }
    }
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.accepted, stats.refused, stats.failed), (30, 30, 0));
    for (number, peer) in (1..).zip(peers) {
        let expected = format!(
            "socketserver::handler: request {number} from {peer} refused: \
             expected a trusted proxy, got {peer}"
        );
        assert!(lines.about(&expected).iter().any(|(level, _)| *level == log::Level::Debug));
    }
}

/// Only the address decides: a header from an unknown peer is data.
fn other_sources_may_be_clients<C: Column>() {
    let protocol = elsewhere().others(Others::Direct);
    let server = run(Server::<Tcp, C, Behind>::builder().proxy_protocol(protocol), LOCAL);
    let mut client = Client::stream(&server.address());
    let peer = client.tcp().local_addr().expect("an address");
    client.send(HEADER);
    let expected = [format!("direct {peer} {peer}\n").as_bytes(), HEADER].concat();
    assert_eq!(client.finish(), expected);
}

matrix!(columns: other_sources_are_refused, other_sources_may_be_clients);

/// Row 52.
#[test]
fn an_ipv4_peer_of_both_families_is_trusted() {
    let builder = ThreadingTCPServer::<Behind>::builder().dual_stack(true);
    let server = run(builder.proxy_protocol(local_proxies()), "[::]:0");
    let port = server.address().port().expect("a port");
    let mut client = Client::stream(&Address::from(SocketAddr::from(([127, 0, 0, 1], port))));
    let peer = client.tcp().local_addr().expect("an address");
    client.send(HEADER);
    let expected = format!("client 192.0.2.1:56324 [::ffff:127.0.0.1]:{}\nhello", peer.port());
    assert_eq!(String::from_utf8_lossy(&client.finish()), expected);
    // And one of IPv6 is not.
    let mut client = Client::stream(&Address::from(SocketAddr::from((Ipv6Addr::LOCALHOST, port))));
    client.try_send(HEADER);
    assert_eq!(client.rest_or_reset(), b"");
}

/// Row 52: the file's mode decides which programs connect.
#[test]
fn the_peer_of_a_unix_socket_is_trusted() {
    let builder = ThreadingUnixStreamServer::<Behind>::builder().proxy_protocol(elsewhere());
    let folder = Folder::new();
    let server = run(builder, UnixStream::address(&folder));
    let mut client = Client::stream(&server.address());
    client.send(HEADER);
    assert_eq!(client.finish(), b"client 192.0.2.1:56324 unnamed\nhello");
}

#[test]
fn at_least_one_network_is_trusted() {
    let none = ProxyProtocol::trusting([""; 0]).expect_err("no network");
    assert_eq!(none.to_string(), "expected at least one network of proxies, got none");
    let wrong = ProxyProtocol::trusting(["10.0.0.0/8", "10.0.0.1/8"]).expect_err("not one");
    assert_eq!(wrong.kind(), ErrorKind::InvalidInput);
}

/// A connection that was handed over.
#[test]
fn a_given_connection_has_a_header() {
    let (connection, client) = tcp_pair();
    let mut client = Client::Tcp(client);
    client.send(HEADER);
    client.end();
    let builder = TCPServer::<Behind>::builder().proxy_protocol(local_proxies());
    builder.from_socket(connection).expect("from_socket").serve_forever().expect("a good end");
    assert!(client.rest().starts_with(b"client 192.0.2.1:56324 "));
}
