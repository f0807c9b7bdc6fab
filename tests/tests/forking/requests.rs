//! What becomes of one request, in its child.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, abort, exit, id};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use rustix::process::{getpid, kill_process};
use socketserver::{
    BaseRequestHandler, BaseServer, Builder, Concurrency, Forking, ForkingTCPServer, Job, Refused,
    Request, Served, Server, ServerRef, Socket, Tcp, Udp, UnixDatagram, UnixStream, Waker, Workers,
};
use tests::{Client, Folder, Place, Signal};

use crate::harness::list;
use crate::support::{EndAfter, EndWith, Echo, Journal, LOCAL, is_childless, python};

list!(TESTS:
    tcp_echoes,
    udp_echoes,
    unix_streams_echo,
    unix_datagrams_echo,
    python_talks_over_every_transport,
    a_crash_costs_only_its_own_request,
    what_a_child_changes_stays_in_the_child,
    a_child_cannot_stop_its_server,
    the_listener_is_closed_in_a_child,
    a_reply_arrives_whole_though_input_was_left,
    what_is_wrapped_around_a_job_runs_in_the_child,
);

fn echoes<T>()
where
    T: Place,
    T::Request: Into<Request>,
{
    let folder = Folder::new();
    let server = Server::<T, Forking, Echo, EndAfter>::with(EndAfter(3));
    let server = server.bind(T::address(&folder)).expect("bind");
    let clients: Vec<Client> = ["one", "two", "three"]
        .map(|text| {
            let mut client = T::client(server.server_address());
            client.send(text);
            client.end();
            client
        })
        .into();
    server.serve_forever().expect("serve");
    for (mut client, text) in clients.into_iter().zip(["one", "two", "three"]) {
        assert_eq!(client.recv(), text.as_bytes());
    }
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.finished), (3, 3), "{stats:?}");
    server.server_close();
    assert_eq!(server.fileno(), -1);
    assert!(is_childless());
}

fn tcp_echoes() {
    echoes::<Tcp>();
}

fn udp_echoes() {
    echoes::<Udp>();
}

fn unix_streams_echo() {
    echoes::<UnixStream>();
}

fn unix_datagrams_echo() {
    echoes::<UnixDatagram>();
}

/// Three conversations, or messages; the client's end is the server's.
const CONVERSE: &str = r#"
import os, socket, sys
family, kind = (getattr(socket, name) for name in sys.argv[1:3])
address = sys.argv[3] if family == socket.AF_UNIX else (sys.argv[3], int(sys.argv[4]))
for number in range(3):
    with socket.socket(family, kind) as client:
        client.settimeout(20)
        if family == socket.AF_UNIX and kind == socket.SOCK_DGRAM:
            client.bind(sys.argv[3] + str(number))
        client.connect(address)
        for text in [b"hello", b"world"]:
            client.sendall(text)
            assert client.recv(100) == text
"#;

fn python_talks_over_every_transport() {
    fn converse<T>(family: &str, kind: &str)
    where
        T: Place,
        T::Request: Into<Request>,
    {
        let Some(mut client) = python(CONVERSE) else {
            return;
        };
        let folder = Folder::new();
        // The address must be known before the client starts, and the client is part of the server's state.
        let place = Server::<T, Forking, Echo>::bind(T::address(&folder)).expect("bind");
        let address = place.server_address().to_string();
        drop(place);
        client.args([family, kind]);
        client.args(address.split(':'));
        let server = Server::<T, Forking, Echo, EndWith>::with(EndWith::new(&mut client));
        let server = server.bind(address).expect("bind");
        server.serve_forever().expect("serve");
        assert!(server.state().status().success());
    }
    converse::<Tcp>("AF_INET", "SOCK_STREAM");
    converse::<Udp>("AF_INET", "SOCK_DGRAM");
    converse::<UnixStream>("AF_UNIX", "SOCK_STREAM");
    converse::<UnixDatagram>("AF_UNIX", "SOCK_DGRAM");
}
