//! Times, each of which is for one thing.

use std::io::{self, ErrorKind, Read};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use socketserver::{
    Address, BaseServer, Builder, Concurrency, Green, HandlerError, RequestHandler, Served,
    ServerRef, Socket, SocketReader, StreamRequestHandler, Tcp, Threading, ThreadingTCPServer,
    Transport,
};
use tests::{Client, DEADLINE, Echo, Running, in_time, run, until};

use crate::LOCAL;

const SOON: Duration = Duration::from_millis(200);

/// Passes on how requests fail.
struct Failures(Sender<Option<ErrorKind>>);

impl BaseServer for Failures {
    fn handle_error(&self, _: &Socket, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        self.0.send(kind).expect("the test listens");
    }
}

fn serve<T, C, H>(transport: T) -> (Running<Failures>, Receiver<Option<ErrorKind>>)
where
    T: Transport<Request = Socket>,
    C: Concurrency + Default,
    H: RequestHandler<Socket, Failures>,
{
    let (tell, told) = unbounded();
    let builder = Builder::<_, _, H, _>::new(transport, C::default(), Failures(tell));
    (run(builder, LOCAL), told)
}

/// TCP for clients that knock, and do so soon.
#[derive(Default)]
struct Knocking(Tcp);

impl Transport for Knocking {
    type Request = Socket;

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
    fn get_request(&self, socket: &Socket) -> io::Result<(Socket, Address)> {
        self.0.get_request(socket)
    }
    fn prepare(&self, request: &Socket) -> io::Result<()> {
        request.settimeout(Some(SOON))?;
        assert_eq!(request.recv(1)?, b"!");
        request.sendall(b"!")?;
        request.settimeout(None)
    }
    fn shutdown_request(&self, request: &Socket, patience: Duration) {
        self.0.shutdown_request(request, patience);
    }
    fn abort(&self, request: &Socket) {
        self.0.abort(request);
    }
    fn fence(&self, socket: &Socket) -> io::Result<()> {
        self.0.fence(socket)
    }
    fn server_close(&self, socket: &Socket) {
        self.0.server_close(socket);
    }
}

fn a_silent_handshake_keeps_nobody_out<C: Concurrency + Default>() {
    let (server, failures) = serve::<_, C, Echo>(Knocking::default());
    let silent: Vec<_> = (0..20).map(|_| Client::stream(&server.address())).collect();
    let mut client = Client::stream(&server.address());
    assert_eq!(client.ask("!"), b"!");
    assert_eq!(client.ask("hello"), b"hello");
    for mut client in silent {
        assert_eq!(client.rest(), b"");
    }
    for _ in 0..20 {
        let failure = failures.recv_timeout(DEADLINE).expect("handle_error");
        assert_eq!(failure, Some(ErrorKind::TimedOut));
    }
    assert_eq!(client.ask("still there"), b"still there");
}

#[test]
fn complaint_18_a_silent_handshake_keeps_nobody_out() {
    a_silent_handshake_keeps_nobody_out::<Threading>();
    a_silent_handshake_keeps_nobody_out::<Green>();
}

#[derive(Default)]
struct Calls {
    service_actions: AtomicU64,
    handle_timeout: AtomicU64,
}

impl BaseServer for Calls {
    fn service_actions(&self, _: &ServerRef<Self>) {
        self.service_actions.fetch_add(1, SeqCst);
    }
    fn handle_timeout(&self, _: &ServerRef<Self>) {
        self.handle_timeout.fetch_add(1, SeqCst);
    }
}

#[test]
fn complaint_27_the_timeout_of_handle_request_is_nobody_elses() {
    let moment = Duration::from_millis(1);
    let server = ThreadingTCPServer::<Echo, Calls>::builder().timeout(moment);
    let server = server.poll_interval(moment).bind(LOCAL).expect("bind");
    // Not the handler's: a client that is silent for longer does not keep `handle_request`, nor is it cut.
    let mut client = Client::stream(server.server_address());
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(server.handle_request().expect("serves"), Served::TimedOut);
    assert_eq!(server.state().handle_timeout.load(SeqCst), 1);
    // Not that of `serve_forever`, which has another one.
    let server = Running::from(server.spawn().expect("spawn"));
    until("fifty intervals are over", || {
        server.service_actions.load(SeqCst) > 50
    });
    assert_eq!(server.handle_timeout.load(SeqCst), 1);
    assert_eq!(client.ask("still there"), b"still there");
    assert_eq!(client.finish(), b"");
}

#[test]
fn complaint_29_a_timeout_is_an_error_like_any_other() {
    #[derive(StreamRequestHandler)]
    #[handler(timeout = SOON)]
    struct Impatient {
        rfile: SocketReader,
    }
    impl Impatient {
        fn handle(&mut self) -> io::Result<()> {
            self.rfile.read_to_end(&mut Vec::new()).map(drop)
        }
    }
    let (server, failures) = serve::<_, Threading, Impatient>(Tcp::new());
    let mut silent = Client::stream(&server.address());
    let told = in_time("handle_error", move || failures.recv().expect("a failure"));
    assert_eq!(told, Some(ErrorKind::TimedOut));
    assert_eq!(silent.rest(), b"");
}
