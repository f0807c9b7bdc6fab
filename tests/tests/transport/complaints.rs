//! Ports, datagrams, and sockets that come from elsewhere.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net;
use std::process::Stdio;
use std::sync::Arc;

use socketserver::{
    Address, Datagram, DatagramRequestHandler, Inline, RequestHandler, Served, Server, TCPServer,
    ThreadingTCPServer, ToAddress, Transport, UDPServer, Udp, UnixDatagram, UnixDatagramServer,
};
use tests::{
    Client, DEADLINE, Echo, Folder, Place, all_descriptors, elsewhere_command, in_own_process,
    in_time, is_elsewhere, run,
};

use crate::LOCAL;

/// `bind` makes a server at an address, which shares its port or does not.
fn a_port_is_shared_only_by_those_who_ask<T: Transport>(
    bind: impl Fn(Address, bool) -> io::Result<Server<T, Inline, Echo>>,
) where
    Echo: RequestHandler<T::Request, ()>,
{
    let any = LOCAL.to_address().expect("an address");
    for asks in [false, true] {
        let first = bind(any.clone(), asks).expect("bind");
        for also_asks in [false, true] {
            let second = bind(first.server_address().clone(), also_asks).map(drop);
            if asks && also_asks {
                second.expect("both share it");
            } else {
                let error = second.expect_err("it is taken");
                assert_eq!(error.kind(), ErrorKind::AddrInUse, "{asks}, {also_asks}");
            }
        }
    }
}

#[test]
fn complaint_15_a_port_is_shared_only_by_those_who_ask() {
    a_port_is_shared_only_by_those_who_ask(|address, asks| match asks {
        true => TCPServer::builder().allow_reuse_port(true).bind(address),
        false => TCPServer::bind(address),
    });
    a_port_is_shared_only_by_those_who_ask(|address, asks| match asks {
        true => UDPServer::builder().allow_reuse_port(true).bind(address),
        false => UDPServer::bind(address),
    });
}

/// Answers in the same words, but to one word not at all.
#[derive(DatagramRequestHandler)]
struct Answer {
    packet: Arc<[u8]>,
    wfile: Vec<u8>,
}

impl Answer {
    fn handle(&mut self) {
        if *self.packet != *b"hush" {
            self.wfile.extend_from_slice(&self.packet);
        }
    }
}

fn nothing_written_is_nothing_sent<T: Place<Request = Datagram>>() {
    let folder = Folder::new();
    let server = run(Server::<T, Inline, Answer>::builder(), T::address(&folder));
    let mut client = T::client(&server.address());
    client.send("hush");
    // An inline server answers in order: an empty answer would come first.
    assert_eq!(client.ask("hello"), b"hello");
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!(stats.finished, 2);
}

#[test]
fn complaint_22_nothing_written_is_nothing_sent() {
    nothing_written_is_nothing_sent::<Udp>();
    nothing_written_is_nothing_sent::<UnixDatagram>();
}

#[test]
fn complaint_22_nobody_to_answer_is_no_failure() {
    let folder = Folder::new();
    let path = folder.join("server");
    let server = UnixDatagramServer::<Answer>::bind(path.as_path()).expect("bind");
    let unnamed = net::UnixDatagram::unbound().expect("a socket");
    let gone = net::UnixDatagram::bind(folder.join("gone")).expect("bind");
    let removed = net::UnixDatagram::bind(folder.join("removed")).expect("bind");
    for client in [unnamed, gone, removed] {
        client.send_to(b"hello", &path).expect("send");
    }
    fs::remove_file(folder.join("removed")).expect("its file");
    for _ in 0..3 {
        assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    }
    let stats = server.stats();
    assert_eq!((stats.finished, stats.failed), (3, 0), "{stats:?}");
}

#[test]
fn complaint_23_without_descriptors_the_file_goes_too() {
    if !in_own_process() {
        return;
    }
    let folder = Folder::new();
    let server = UnixDatagramServer::<Answer>::bind(folder.join("server")).expect("bind");
    let taken = all_descriptors();
    drop(server);
    assert!(!folder.join("server").exists());
    drop(taken);
}

#[test]
fn complaint_35_a_listener_may_be_inherited() {
    if is_elsewhere() {
        let inherited = io::stdin().as_fd().try_clone_to_owned();
        let server = ThreadingTCPServer::<Echo>::builder().timeout(DEADLINE);
        let server = server
            .drain_timeout(DEADLINE)
            .from_socket(inherited.expect("standard input"));
        let served = server.expect("a listener").handle_request();
        assert_eq!(served.expect("serves"), Served::Handled);
        return;
    }
    let listener = TcpListener::bind(LOCAL).expect("bind");
    let address = Address::from(listener.local_addr().expect("an address"));
    let mut child = elsewhere_command("complaints::complaint_35_a_listener_may_be_inherited")
        .stdin(OwnedFd::from(listener))
        .stdout(Stdio::null())
        .spawn()
        .expect("spawn");
    let mut client = Client::stream(&address);
    assert_eq!(client.ask("hello"), b"hello");
    assert_eq!(client.finish(), b"");
    let status = in_time("the child's end", move || child.wait()).expect("wait");
    assert!(status.success(), "{status}");
}
