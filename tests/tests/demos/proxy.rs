//! The servers behind a proxy: `--proxy`.

use tests::prelude::*;

use crate::Server;
use crate::command_line::fails;

/// A connection by way of a proxy on this machine.
fn client_of(server: &Server, ip: &str) -> Client {
    let mut client = Client::stream(&server.address);
    client.send(format!("PROXY TCP4 {ip} 198.51.100.1 5 443\r\n"));
    client
}

#[test]
fn upper_answers_by_way_of_a_proxy() {
    for concurrency in ["inline", "threading", "forking", "green"] {
        let arguments = ["127.0.0.1:0", "--proxy", "::1,127.0.0.0/8", "--concurrency", concurrency];
        let server = Server::start("upper", &arguments);
        let mut client = client_of(&server, "192.0.2.1");
        assert_eq!(client.ask("hello"), b"HELLO");
        assert_eq!(client.finish(), b"");
        let mut direct = Client::stream(&server.address);
        direct.send("hello");
        assert_eq!(direct.rest(), b"");
        assert_eq!(server.drain().summary(), [2, 1, 0, 1, 0], "{concurrency}");
    }
}

#[test]
fn upper_refuses_another_proxy() {
    let server = Server::start("upper", &["127.0.0.1:0", "--proxy", "10.0.0.0/8"]);
    let mut client = Client::stream(&server.address);
    client.try_send("PROXY UNKNOWN\r\nhello");
    assert_eq!(client.rest_or_reset(), b"");
    assert_eq!(server.drain().summary(), [1, 0, 0, 1, 0]);
}

#[test]
fn chat_limits_the_clients_behind_a_proxy() {
    let limit = ["--max-connections-per-address", "1", "--proxy", "127.0.0.0/8"];
    let server = Server::start("chat", &[&["127.0.0.1:0"], &limit[..]].concat());
    let join = |ip: &str, name: &str| {
        let mut member = client_of(&server, ip);
        member.send(format!("{name}\n"));
        member
    };
    let mut ann = join("192.0.2.1", "ann");
    assert!(!ann.recv().is_empty(), "ann is in the room");
    let mut bob = join("192.0.2.2", "bob");
    assert!(!bob.recv().is_empty(), "bob has the same proxy");
    let mut second = client_of(&server, "192.0.2.1");
    assert_eq!(second.rest_or_reset(), b"");
    for mut member in [ann, bob] {
        member.send("/quit\n");
        member.rest();
    }
    assert_eq!(server.drain().summary(), [3, 2, 0, 1, 0]);
}

#[test]
fn networks_are_checked() {
    for networks in ["", "10.0.0.1/8", "localhost", "10.0.0.0/8,"] {
        fails("upper", &["--proxy", networks], 2, "--proxy");
    }
    let datagrams = ["--transport", "udp", "--proxy", "10.0.0.0/8"];
    fails("upper", &datagrams, 2, "'--proxy' has no effect without connections");
    let limited = ["--max-connections-per-address", "1", "--concurrency", "forking"];
    let limited = [&["127.0.0.1:0", "--proxy", "::1"], &limited[..]].concat();
    fails("upper", &limited, 1, "without limits per client address");
}
