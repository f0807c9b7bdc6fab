//! Starts and stops.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Sender, unbounded};
use socketserver::{
    BaseRequestHandler, BaseServer, Concurrency, Green, Inline, Server, ServerRef, Socket, Tcp,
    Threading, ThreadingTCPServer, ThreadingUnixStreamServer,
};
use tests::{Client, DEADLINE, Echo, Folder, in_time, until};

use crate::LOCAL;

/// Stops its server, and says so when it is back from there.
#[derive(BaseRequestHandler)]
struct Stop {
    request: Socket,
    server: ServerRef<()>,
}

impl Stop {
    fn handle(&self) -> io::Result<()> {
        self.server.shutdown();
        self.request.sendall(b"stopped")
    }
}

fn a_handler_stops_its_server<C: Concurrency + Default>() {
    let server = Server::<Tcp, C, Stop>::bind(LOCAL).expect("bind");
    let mut client = Client::stream(server.server_address());
    let serving = server.spawn().expect("spawn");
    assert_eq!(client.rest(), b"stopped");
    in_time("the loop's end", move || serving.join()).expect("a good end");
}

#[test]
fn complaint_01_a_handler_may_stop_its_server() {
    a_handler_stops_its_server::<Inline>();
    a_handler_stops_its_server::<Threading>();
    a_handler_stops_its_server::<Green>();
}

#[test]
fn complaint_03_a_drain_before_the_first_loop_is_remembered() {
    let server = Arc::new(ThreadingTCPServer::<Echo>::bind(LOCAL).expect("bind"));
    server.server_ref().begin_drain(DEADLINE);
    let serving = server.clone();
    let serving = thread::spawn(move || serving.serve_forever());
    in_time("the loop's end", move || serving.join())
        .expect("no panic")
        .expect("a good end");
    assert_eq!(server.fileno(), -1);
}

fn a_close_ends_the_loop<C: Concurrency + Default>() {
    let server = Arc::new(Server::<Tcp, C, Echo>::bind(LOCAL).expect("bind"));
    let (serving, closing) = (server.clone(), server.clone());
    let serving = thread::spawn(move || serving.serve_forever());
    let mut client = Client::stream(server.server_address());
    assert_eq!(client.ask("hello"), b"hello");
    assert_eq!(client.finish(), b"");
    in_time("server_close", move || closing.server_close());
    in_time("the loop's end", move || serving.join())
        .expect("no panic")
        .expect("a good end");
    assert_eq!((server.fileno(), server.stats().accept_errors), (-1, 0));
}

#[test]
fn complaint_06_a_close_ends_the_loop() {
    a_close_ends_the_loop::<Inline>();
    a_close_ends_the_loop::<Threading>();
    a_close_ends_the_loop::<Green>();
}

/// Where handlers say that they have begun.
struct Begun(Sender<()>);

impl BaseServer for Begun {}

/// Has not finished when its server is to end.
#[derive(BaseRequestHandler)]
struct Work {
    request: Socket,
    server: ServerRef<Begun>,
}

impl Work {
    fn handle(&self) -> io::Result<()> {
        self.server.0.send(()).expect("the test listens");
        until("the server is to end", || self.server.is_stopping());
        self.request.sendall(b"all of it")
    }
}

#[test]
fn complaint_17_the_end_of_a_server_is_not_the_end_of_its_work() {
    let (begin, begun) = unbounded();
    let server = ThreadingTCPServer::<Work, _>::with(Begun(begin));
    let server = server.drain_timeout(DEADLINE).bind(LOCAL).expect("bind");
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    begun.recv_timeout(DEADLINE).expect("it has begun");
    in_time("the end of its life", move || drop(server));
    assert_eq!(client.rest(), b"all of it");
}

#[test]
fn complaint_32_after_a_shutdown_clients_wait_and_after_a_close_they_are_refused() {
    // At a path, which nobody else takes when it is free.
    let folder = Folder::new();
    let server = ThreadingUnixStreamServer::<Echo>::bind(folder.join("server"));
    let server = Arc::new(server.expect("bind"));
    for accepted in 0..3 {
        let mut client = Client::stream(server.server_address());
        client.send("hello");
        assert_eq!(server.stats().accepted, accepted);
        let serving = server.clone();
        let serving = thread::spawn(move || serving.serve_forever());
        assert_eq!(client.finish(), b"hello");
        server.shutdown();
        in_time("the loop's end", move || serving.join())
            .expect("no panic")
            .expect("a good end");
    }
    server.server_close();
    let refused = Client::try_stream(server.server_address()).expect_err("nobody is there");
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}
