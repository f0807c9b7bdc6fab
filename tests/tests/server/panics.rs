//! What users give the crate may panic where they have long forgotten it: it costs nobody anything but a line in the log.

use std::io;
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use socketserver::{
    Address, Concurrency, Green, Inline, Server, Socket, Tcp, Threading, Transport,
};
use tests::{Client, DEADLINE, in_own_process, run};

/// A connection that panics as it is dropped.
#[derive(Clone)]
struct Rude(Socket);

impl Drop for Rude {
    fn drop(&mut self) {
        if !thread::panicking() {
            resume_unwind(Box::new("as it goes"));
        }
    }
}

#[derive(Default)]
struct RudeTcp(Tcp);

impl Transport for RudeTcp {
    type Request = Rude;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        self.0.socket(address)
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.0.server_bind(socket, address)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        self.0.adopt(socket)
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        self.0.server_activate(socket)
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Rude, Address)> {
        let (request, address) = self.0.get_request(socket)?;
        Ok((Rude(request), address))
    }

    fn shutdown_request(&self, request: &Rude, patience: Duration) {
        self.0.shutdown_request(&request.0, patience);
    }

    fn abort(&self, request: &Rude) {
        self.0.abort(&request.0);
        resume_unwind(Box::new("as it is cut"));
    }

    fn fence(&self, socket: &Socket) -> io::Result<()> {
        self.0.fence(socket)
    }

    fn server_close(&self, socket: &Socket) {
        self.0.server_close(socket);
    }
}

#[test]
fn a_request_may_panic_as_it_is_dropped() {
    fn on<C: Concurrency + Default>() {
        let echo = |request: Rude, _| request.0.sendall(&request.0.recv(100)?);
        let server = run(Server::<RudeTcp, C, _, _>::handling(echo), "127.0.0.1:0");
        for _ in 0..10 {
            let mut client = Client::stream(&server.address());
            assert_eq!(client.ask("hello"), b"hello");
            assert_eq!(client.rest(), b"");
        }
        let (drained, stats) = server.drain(DEADLINE / 2);
        assert_eq!((drained.aborted, stats.accepted, stats.failed), (0, 10, 10));
    }
    on::<Inline>();
    on::<Threading>();
    on::<Green>();
}

#[test]
fn a_request_may_panic_as_it_is_cut() {
    fn on<C: Concurrency + Default>() {
        let wait = |request: Rude, _| request.0.recv(100).map(drop);
        let server = Server::<RudeTcp, C, _, _>::handling(wait).deadline(Duration::from_millis(50));
        let server = run(server, "127.0.0.1:0");
        let clients: Vec<_> = (0..10).map(|_| Client::stream(&server.address())).collect();
        for mut client in clients {
            assert_eq!(client.rest(), b"");
        }
        let (_, stats) = server.drain(DEADLINE / 2);
        assert_eq!((stats.accepted, stats.aborted), (10, 10));
    }
    on::<Threading>();
    on::<Green>();
}

/// As one that prints to a closed pipe.
struct RudeLogger;

impl log::Log for RudeLogger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &log::Record<'_>) {
        if !thread::panicking() {
            resume_unwind(Box::new("in the logger"));
        }
    }

    fn flush(&self) {}
}

#[test]
fn a_logger_may_panic() {
    // The logger is for the whole process.
    if !in_own_process() {
        return;
    }
    fn on<C: Concurrency + Default>() {
        let handler = |request: Socket, _| match &*request.recv(100)? {
            b"fail" => Err(io::Error::other("as told")),
            data => request.sendall(data),
        };
        let server = run(Server::<Tcp, C, _, _>::handling(handler), "127.0.0.1:0");
        for _ in 0..5 {
            let mut failing = Client::stream(&server.address());
            failing.send("fail");
            assert_eq!(failing.rest(), b"");
            assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
        }
        let (_, stats) = server.drain(DEADLINE / 2);
        assert_eq!((stats.finished, stats.failed), (5, 5));
    }
    log::set_logger(&RudeLogger).expect("the first");
    log::set_max_level(log::LevelFilter::Error);
    on::<Inline>();
    on::<Threading>();
    on::<Green>();
}
