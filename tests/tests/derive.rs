//! The derives: which methods they call, what they fill, whom they serve, and what they say of mistakes.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, BufRead, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use socketserver::{
    Address, AddressFamily, BaseRequestHandler, BaseServer, Datagram, DatagramRequestHandler,
    PacketReader, ReplySocket, Request, RequestHandler, Served, ServerRef, Socket, SocketKind,
    SocketReader, SocketWriter, StreamRequestHandler, TCPServer, UDPServer,
};

/// What the handlers tell, in order.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn note(&self, text: impl Display) {
        self.0.lock().push(text.to_string());
    }
}

impl<R> BaseServer<R> for Notes {}

/// The handler of the server that is never asked.
#[derive(BaseRequestHandler)]
struct Nobody;

impl Nobody {
    fn handle(&self) {}
}

/// A server of which only the handlers' view is used.
fn server<S: BaseServer<Datagram>>(state: S) -> ServerRef<S> {
    let server = UDPServer::<Nobody, S>::with(state).bind("127.0.0.1:0");
    server.expect("a free port").server_ref()
}

fn client_address() -> SocketAddr {
    "192.0.2.1:4321".parse().expect("an address")
}

/// Lets the handler handle one request, and returns its notes and what came of it.
fn handle<H, R>(request: R) -> (Vec<String>, Result<(), String>)
where
    H: RequestHandler<R, Notes>,
{
    handle_from::<H, R>(client_address(), request)
}

fn handle_from<H, R>(client_address: SocketAddr, request: R) -> (Vec<String>, Result<(), String>)
where
    H: RequestHandler<R, Notes>,
{
    let server = server(Notes::default());
    let address = Address::Inet(client_address);
    let handled = catch_unwind(AssertUnwindSafe(|| {
        H::handle_request(request, address, server.clone())
    }));
    let result = match handled {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("panicked".to_owned()),
    };
    let notes = server.0.lock().clone();
    (notes, result)
}

/// A connection without a server: the request, and the client's end.
fn connection() -> (Socket, UnixStream) {
    let (server, client) = UnixStream::pair().expect("a pair");
    client
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    (Socket::from(OwnedFd::from(server)), client)
}

/// What is left to read once the handler has dropped its end.
fn rest(mut client: UnixStream) -> String {
    let mut rest = String::new();
    client.read_to_string(&mut rest).expect("the reply");
    rest
}

/// What comes of a handler with these methods.
macro_rules! outcome_of {
    ($($methods:tt)*) => {{
        #[derive(BaseRequestHandler)]
        struct Handler {
            server: ServerRef<Notes>,
        }

        impl Handler {
            $($methods)*
        }

        let (notes, result) = handle::<Handler, _>(());
        (notes.join(" "), result)
    }};
}

fn well(notes: &str) -> (String, Result<(), String>) {
    (notes.to_owned(), Ok(()))
}

fn failed(notes: &str, error: &str) -> (String, Result<(), String>) {
    (notes.to_owned(), Err(error.to_owned()))
}

#[test]
fn setup_in_every_form() {
    let absent = outcome_of! {
        fn handle(&self) { self.server.note("handle") }
    };
    assert_eq!(absent, well("handle"));
    let shared = outcome_of! {
        fn setup(&self) { self.server.note("setup") }
        fn handle(&self) { self.server.note("handle") }
    };
    assert_eq!(shared, well("setup handle"));
    let shared_result = outcome_of! {
        fn setup(&self) -> io::Result<()> { self.server.note("setup"); Ok(()) }
        fn handle(&self) { self.server.note("handle") }
    };
    assert_eq!(shared_result, well("setup handle"));
    let unique = outcome_of! {
        fn setup(&mut self) { self.server.note("setup") }
        fn handle(&self) { self.server.note("handle") }
    };
    assert_eq!(unique, well("setup handle"));
    let unique_result = outcome_of! {
        fn setup(&mut self) -> Result<(), String> { self.server.note("setup"); Ok(()) }
        fn handle(&self) { self.server.note("handle") }
    };
    assert_eq!(unique_result, well("setup handle"));
}

#[test]
fn handle_in_every_form() {
    let shared = outcome_of! {
        fn handle(&self) { self.server.note("handle") }
    };
    assert_eq!(shared, well("handle"));
    let shared_result = outcome_of! {
        fn handle(&self) -> Result<(), Box<dyn Error>> { self.server.note("handle"); Ok(()) }
    };
    assert_eq!(shared_result, well("handle"));
    let unique = outcome_of! {
        fn handle(&mut self) { self.server.note("handle") }
    };
    assert_eq!(unique, well("handle"));
    let unique_result = outcome_of! {
        fn handle(&mut self) -> io::Result<()> { self.server.note("handle"); Ok(()) }
    };
    assert_eq!(unique_result, well("handle"));
}

#[test]
fn finish_in_every_form() {
    // Without one, `handle` is the last: see above.
    let shared = outcome_of! {
        fn handle(&self) { self.server.note("handle") }
        fn finish(&self) { self.server.note("finish") }
    };
    assert_eq!(shared, well("handle finish"));
    let shared_result = outcome_of! {
        fn handle(&self) { self.server.note("handle") }
        fn finish(&self) -> io::Result<()> { self.server.note("finish"); Ok(()) }
    };
    assert_eq!(shared_result, well("handle finish"));
    let unique = outcome_of! {
        fn handle(&self) { self.server.note("handle") }
        fn finish(&mut self) { self.server.note("finish") }
    };
    assert_eq!(unique, well("handle finish"));
    let unique_result = outcome_of! {
        fn handle(&self) { self.server.note("handle") }
        fn finish(&mut self) -> Result<(), String> { self.server.note("finish"); Ok(()) }
    };
    assert_eq!(unique_result, well("handle finish"));
}

#[test]
fn after_a_failed_setup_nothing_else_is_called() {
    let outcome = outcome_of! {
        fn setup(&self) -> Result<(), &'static str> { self.server.note("setup"); Err("no") }
        fn handle(&self) { self.server.note("handle") }
        fn finish(&self) { self.server.note("finish") }
    };
    assert_eq!(outcome, failed("setup", "no"));
}

#[test]
fn finish_is_called_in_any_case() {
    let after_an_error = outcome_of! {
        fn setup(&self) { self.server.note("setup") }
        fn handle(&self) -> Result<(), &'static str> { self.server.note("handle"); Err("no") }
        fn finish(&self) { self.server.note("finish") }
    };
    assert_eq!(after_an_error, failed("setup handle finish", "no"));
    let after_a_panic = outcome_of! {
        fn handle(&self) { self.server.note("handle"); resume_unwind(Box::new("on purpose")) }
        fn finish(&self) { self.server.note("finish") }
    };
    assert_eq!(
        after_a_panic,
        failed("handle finish", "panicked: on purpose")
    );
    let with_an_error_of_its_own = outcome_of! {
        fn handle(&self) -> Result<(), &'static str> { self.server.note("handle"); Err("first") }
        fn finish(&self) -> Result<(), &'static str> { self.server.note("finish"); Err("second") }
    };
    assert_eq!(with_an_error_of_its_own, failed("handle finish", "second"));
}

/// The methods are found as a call beside the struct would find them.
#[test]
fn a_hook_may_come_from_a_trait() {
    trait Stage {
        fn notes(&self) -> &Notes;
        fn handle(&self) {
            self.notes().note("handled by the trait");
        }
    }

    #[derive(BaseRequestHandler)]
    struct Actor {
        server: ServerRef<Notes>,
    }

    impl Stage for Actor {
        fn notes(&self) -> &Notes {
            &self.server
        }
    }

    assert_eq!(handle::<Actor, _>(()).0, ["handled by the trait"]);
}

#[test]
fn a_base_handler_has_the_three_fields_of_every_handler() {
    #[derive(BaseRequestHandler)]
    struct Handler {
        server: ServerRef<Notes>,
        client_address: Address,
        request: Socket,
    }

    impl Handler {
        fn handle(&self) -> io::Result<()> {
            self.server.note(&self.client_address);
            self.request.sendall(b"hello")
        }
    }

    let (request, client) = connection();
    assert_eq!(
        handle::<Handler, _>(request),
        (vec![client_address().to_string()], Ok(()))
    );
    assert_eq!(rest(client), "hello");
}

#[test]
fn a_stream_handler_has_files() {
    #[derive(StreamRequestHandler)]
    struct Handler {
        wfile: SocketWriter,
        rfile: SocketReader,
        connection: Socket,
        server: ServerRef<Notes>,
        client_address: Address,
        request: Socket,
        lines: usize,
    }

    impl Handler {
        fn handle(&mut self) -> io::Result<()> {
            for line in self.rfile.by_ref().lines() {
                writeln!(self.wfile, "{}", line?.to_uppercase())?;
                self.lines += 1;
            }
            Ok(())
        }

        fn finish(&self) {
            self.server.note(&self.client_address);
            self.server.note(self.lines);
            self.server
                .note(self.request.fileno() == self.connection.fileno());
        }
    }

    let (request, mut client) = connection();
    client.write_all(b"one\ntwo\n").expect("room");
    client
        .shutdown(std::net::Shutdown::Write)
        .expect("an open end");
    let (notes, result) = handle::<Handler, _>(request);
    assert_eq!(notes, [&client_address().to_string(), "2", "true"]);
    assert_eq!(result, Ok(()));
    assert_eq!(rest(client), "ONE\nTWO\n");
}

/// A server's socket and a client's.
fn datagram_sockets() -> (Socket, UdpSocket) {
    let server = Socket::new(AddressFamily::Inet, SocketKind::Datagram).expect("a socket");
    server.bind("127.0.0.1:0").expect("a free port");
    let client = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    client
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    (server, client)
}

/// What the client is told by a handler of one datagram; "nothing" if it is told nothing.
fn reply_of<H: RequestHandler<Datagram, Notes>>(packet: &[u8]) -> String {
    let (socket, client) = datagram_sockets();
    let address = client.local_addr().expect("an address");
    let _ = handle_from::<H, _>(address, Datagram::new(packet, socket.clone()));
    // It comes after the reply, if there is one.
    socket
        .sendto(b"nothing", Address::Inet(address))
        .expect("a local client");
    let mut reply = [0; 100];
    let length = client.recv(&mut reply).expect("at least the above");
    String::from_utf8_lossy(&reply[..length]).into_owned()
}

#[test]
fn a_datagram_handler_has_files() {
    #[derive(DatagramRequestHandler)]
    struct Handler {
        request: Datagram,
        client_address: Address,
        server: ServerRef<Notes>,
        packet: Arc<[u8]>,
        socket: ReplySocket,
        rfile: PacketReader,
        wfile: Vec<u8>,
    }

    impl Handler {
        fn handle(&mut self) -> io::Result<()> {
            assert_eq!(self.packet, self.request.data);
            assert_eq!(self.socket.fileno(), self.request.socket.fileno());
            assert!(self.client_address.port().is_some() && self.server.0.lock().is_empty());
            let mut line = String::new();
            self.rfile.read_line(&mut line)?;
            write!(self.wfile, "{} of {}", line.trim(), self.packet.len())
        }
    }

    assert_eq!(reply_of::<Handler>(b"one\ntwo\n"), "one of 8");
}

#[test]
fn a_reply_leaves_when_all_went_well_and_something_was_written() {
    #[derive(DatagramRequestHandler)]
    struct Handler {
        packet: Arc<[u8]>,
        wfile: Vec<u8>,
    }

    impl Handler {
        fn setup(&self) -> Result<(), &'static str> {
            if &*self.packet == b"setup" {
                Err("setup")
            } else {
                Ok(())
            }
        }

        fn handle(&mut self) -> Result<(), &'static str> {
            match &*self.packet {
                b"silence" => return Ok(()),
                b"panic" => resume_unwind(Box::new("on purpose")),
                _ => self.wfile.extend_from_slice(b"reply"),
            }
            if &*self.packet == b"handle" {
                Err("handle")
            } else {
                Ok(())
            }
        }

        fn finish(&mut self) -> Result<(), &'static str> {
            if &*self.packet == b"finish" {
                Err("finish")
            } else {
                Ok(())
            }
        }
    }

    assert_eq!(reply_of::<Handler>(b"all is well"), "reply");
    for packet in ["silence", "setup", "handle", "panic", "finish"] {
        assert_eq!(
            reply_of::<Handler>(packet.as_bytes()),
            "nothing",
            "{packet}"
        );
    }
}

#[test]
fn a_handler_without_a_request_takes_every_request_under_every_server() {
    #[derive(BaseRequestHandler)]
    struct Handler {
        client_address: Address,
    }

    impl Handler {
        fn handle(&self) {
            assert_eq!(self.client_address, Address::Inet(client_address()));
        }
    }

    fn takes<R, S>()
    where
        Handler: RequestHandler<R, S>,
    {
    }
    takes::<Socket, ()>();
    takes::<Datagram, Notes>();
    takes::<String, Vec<u8>>();
    assert_eq!(handle::<Handler, _>("a request").1, Ok(()));
}

/// `request: Request`: one handler behind TCP and UDP, through real servers.
#[test]
fn a_handler_for_both_kinds() {
    #[derive(BaseRequestHandler)]
    struct Hello {
        request: Request,
        client_address: Address,
        server: ServerRef<Notes>,
    }

    impl Hello {
        fn handle(&self) -> io::Result<()> {
            match &self.request {
                Request::Stream(socket) => {
                    self.server.note("stream");
                    socket.sendall(b"hello")
                }
                Request::Datagram(Datagram { socket, .. }) => {
                    self.server.note("datagram");
                    socket.sendto(b"hello", &self.client_address)?;
                    Ok(())
                }
            }
        }
    }

    let wait = Duration::from_secs(5);
    let server = TCPServer::<Hello, Notes>::with(Notes::default()).timeout(wait);
    let server = server.bind("127.0.0.1:0").expect("a free port");
    let mut client = TcpStream::connect(server.server_address().to_string()).expect("a server");
    client.set_read_timeout(Some(wait)).expect("a timeout");
    let served = server.handle_request().expect("a request");
    assert!(matches!(served, Served::Handled), "{served:?}");
    let mut reply = String::new();
    client.read_to_string(&mut reply).expect("the reply");
    assert_eq!(
        (reply.as_str(), server.state().0.lock().as_slice()),
        ("hello", ["stream".to_owned()].as_slice())
    );

    let server = UDPServer::<Hello, Notes>::with(Notes::default()).timeout(wait);
    let server = server.bind("127.0.0.1:0").expect("a free port");
    let client = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    client.set_read_timeout(Some(wait)).expect("a timeout");
    client
        .send_to(b"", server.server_address().to_string())
        .expect("a server");
    let served = server.handle_request().expect("a request");
    assert!(matches!(served, Served::Handled), "{served:?}");
    let mut reply = [0; 10];
    assert_eq!(client.recv(&mut reply).expect("the reply"), 5);
    assert_eq!(server.state().0.lock().as_slice(), ["datagram"]);
}

/// A transport of the user's own has requests of its own, and they may well be called `Request`.
#[test]
fn a_request_of_ones_own() {
    mod own {
        #[derive(Clone)]
        pub(crate) struct Request(pub(crate) &'static str);
        #[derive(Clone)]
        pub(crate) struct Message(pub(crate) &'static str);
    }

    #[derive(BaseRequestHandler)]
    struct Requests {
        request: own::Request,
        server: ServerRef<Notes>,
    }

    impl Requests {
        fn handle(&self) {
            self.server.note(self.request.0);
        }
    }

    #[derive(BaseRequestHandler)]
    struct Messages {
        request: own::Message,
        server: ServerRef<Notes>,
    }

    impl Messages {
        fn handle(&self) {
            self.server.note(self.request.0);
        }
    }

    assert_eq!(handle::<Requests, _>(own::Request("one")).0, ["one"]);
    assert_eq!(handle::<Messages, _>(own::Message("two")).0, ["two"]);
}

#[test]
fn generics_are_carried_over() {
    #[derive(StreamRequestHandler)]
    struct Handler<T, const N: usize = 2>
    where
        T: Display + Default,
    {
        server: ServerRef<Notes>,
        own: T,
        #[handler(default = [const { None }; N])]
        more: [Option<T>; N],
    }

    impl<T: Display + Default, const N: usize> Handler<T, N> {
        fn handle(&mut self) {
            self.server
                .note(format!("{}, {}", self.own, self.more.len()));
        }
    }

    assert_eq!(handle::<Handler<u8>, _>(connection().0).0, ["0, 2"]);
    assert_eq!(handle::<Handler<String, 7>, _>(connection().0).0, [", 7"]);
}

#[test]
fn the_state_may_be_generic() {
    struct Named<N> {
        notes: Notes,
        name: N,
    }

    impl<R, N: Send + Sync + 'static> BaseServer<R> for Named<N> {}

    #[derive(BaseRequestHandler)]
    struct Handler<N: Display> {
        server: ServerRef<Named<N>>,
    }

    impl<N: Display> Handler<N> {
        fn handle(&self) {
            self.server.notes.note(&self.server.name);
        }
    }

    let server = server(Named {
        notes: Notes::default(),
        name: "a name",
    });
    Handler::handle_request((), Address::Unnamed, server.clone()).expect("nothing can fail");
    assert_eq!(server.notes.0.lock().as_slice(), ["a name"]);
}

#[test]
fn a_struct_from_a_macro() {
    macro_rules! handler {
        ($name:ident, $request:ty, $timeout:expr) => {
            #[derive(StreamRequestHandler)]
            #[handler(timeout = $timeout)]
            struct $name {
                request: $request,
                r#server: ServerRef<Notes>,
            }

            impl $name {
                fn handle(&self) {
                    self.server.note(format!("{:?}", self.request.gettimeout()));
                }
            }
        };
    }

    handler!(Literal, socketserver::Socket, 2);
    handler!(Expression, Socket, Duration::from_millis(1500));
    assert_eq!(handle::<Literal, _>(connection().0).0, ["Some(2s)"]);
    assert_eq!(handle::<Expression, _>(connection().0).0, ["Some(1.5s)"]);
}

#[test]
fn timeouts() {
    const LIMIT: Duration = Duration::from_millis(250);

    macro_rules! timeout_of {
        ($($option:tt)*) => {{
            #[derive(StreamRequestHandler)]
            #[handler($($option)*)]
            struct Handler {
                request: Socket,
                server: ServerRef<Notes>,
            }

            impl Handler {
                // The options are there before the first method.
                fn setup(&self) {
                    self.server.note(format!("{:?}", self.request.gettimeout()));
                }

                fn handle(&self) {}
            }

            handle::<Handler, _>(connection().0).0.join(" ")
        }};
    }

    assert_eq!(timeout_of!(), "None");
    assert_eq!(timeout_of!(timeout = 30), "Some(30s)");
    assert_eq!(timeout_of!(timeout = 0.5), "Some(500ms)");
    assert_eq!(timeout_of!(timeout = LIMIT), "Some(250ms)");
    assert_eq!(timeout_of!(timeout = 2 * LIMIT), "Some(500ms)");
    assert_eq!(timeout_of!(disable_nagle_algorithm = false), "None");
}

#[test]
fn the_nagle_algorithm() {
    fn nodelay<H: RequestHandler<Socket, Notes>>() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let _client = TcpStream::connect(address).expect("a listener");
        let (request, _) = listener.accept().expect("a client");
        handle::<H, _>(Socket::from(OwnedFd::from(request)))
            .0
            .join(" ")
    }

    macro_rules! handler {
        ($name:ident: $($option:tt)*) => {
            #[derive(StreamRequestHandler)]
            #[handler($($option)*)]
            struct $name {
                connection: Socket,
                server: ServerRef<Notes>,
            }

            impl $name {
                fn handle(&self) -> io::Result<()> {
                    self.server.note(socket2::SockRef::from(&self.connection).tcp_nodelay()?);
                    Ok(())
                }
            }
        };
    }

    handler!(Unsaid: timeout = 1);
    handler!(Off: disable_nagle_algorithm = false);
    handler!(On: disable_nagle_algorithm = true);
    handler!(Named: disable_nagle_algorithm, timeout = 1);
    assert_eq!(nodelay::<Unsaid>(), "false");
    assert_eq!(nodelay::<Off>(), "false");
    assert_eq!(nodelay::<On>(), "true");
    assert_eq!(nodelay::<Named>(), "true");
}

#[test]
fn buffers() {
    macro_rules! exchange {
        ($($option:tt)*) => {{
            #[derive(StreamRequestHandler)]
            #[handler($($option)*)]
            struct Handler {
                request: Socket,
                rfile: SocketReader,
                wfile: SocketWriter,
                server: ServerRef<Notes>,
            }

            impl Handler {
                fn handle(&mut self) -> io::Result<()> {
                    self.rfile.read_exact(&mut [0])?;
                    // What no buffer holds is left in the socket.
                    let left = self.request.recv(100)?;
                    self.server.note(String::from_utf8_lossy(&left));
                    // What a buffer holds is overtaken.
                    self.wfile.write_all(b"wfile ")?;
                    self.request.sendall(b"request ")
                }
            }

            let (request, mut client) = connection();
            client.write_all(b"abc").expect("room");
            client.shutdown(std::net::Shutdown::Write).expect("an open end");
            let left = handle::<Handler, _>(request).0.join(" ");
            (left, rest(client))
        }};
    }

    fn texts(left: &str, reply: &str) -> (String, String) {
        (left.to_owned(), reply.to_owned())
    }

    assert_eq!(exchange!(), texts("", "wfile request "));
    assert_eq!(
        exchange!(rbufsize = -1, wbufsize = 0),
        texts("", "wfile request ")
    );
    assert_eq!(exchange!(rbufsize = 0), texts("bc", "wfile request "));
    assert_eq!(exchange!(rbufsize = 2), texts("c", "wfile request "));
    assert_eq!(exchange!(wbufsize = -1), texts("", "request wfile "));
    assert_eq!(exchange!(wbufsize = 4 * 1024), texts("", "request wfile "));
    assert_eq!(
        exchange!(rbufsize = 0, wbufsize = 1),
        texts("bc", "wfile request ")
    );
}

/// What is left in `wfile` is sent even when the handler failed.
#[test]
fn the_last_flush_comes_in_any_case() {
    #[derive(StreamRequestHandler)]
    #[handler(wbufsize = -1)]
    struct Handler {
        wfile: SocketWriter,
        server: ServerRef<Notes>,
    }

    impl Handler {
        fn handle(&mut self) -> io::Result<()> {
            self.wfile.write_all(b"so far")?;
            Err(io::Error::other("no further"))
        }

        fn finish(&mut self) -> io::Result<()> {
            self.server.note("finish");
            self.wfile.write_all(b", so good")
        }
    }

    let (request, client) = connection();
    let outcome = handle::<Handler, _>(request);
    assert_eq!(
        outcome,
        (vec!["finish".to_owned()], Err("no further".to_owned()))
    );
    assert_eq!(rest(client), "so far, so good");
    // A client that is gone is no error of the handler.
    let (request, client) = connection();
    drop(client);
    assert_eq!(
        handle::<Handler, _>(request).1,
        Err("no further".to_owned())
    );
}

/// Names that a careless expansion would have used for something else.
#[test]
fn default_expressions_see_the_users_names_and_no_others() {
    fn server() -> u8 {
        1
    }
    const REQUEST: u8 = 2;

    struct Quiet;

    impl Quiet {
        fn setup(&self) -> u8 {
            3
        }
    }

    trait Loud {
        fn setup(&mut self) -> u8 {
            4
        }
    }

    impl Loud for u8 {}

    #[derive(BaseRequestHandler)]
    struct Handler {
        #[handler(default = server() + REQUEST)]
        sum: u8,
        #[handler(default = Quiet.setup() + 0u8.setup())]
        setups: u8,
        #[handler(default = Self::LIMIT)]
        limit: usize,
        #[handler(default = |text| text.len())]
        measure: fn(&str) -> usize,
        #[handler(default = std::collections::BTreeMap::<u8, u8>::from([(1, 2)]).len())]
        commas: usize,
        #[handler(default = { let mut list = vec![0; 3]; list.push(1); list })]
        list: Vec<u8>,
        // A name that only other derives fill.
        #[handler(default = "mine")]
        rfile: &'static str,
        server: ServerRef<Notes>,
    }

    impl Handler {
        const LIMIT: usize = 10;

        fn handle(&self) {
            assert_eq!((self.sum, self.setups, self.limit), (3, 7, 10));
            assert_eq!(((self.measure)("four"), self.commas), (4, 1));
            assert_eq!(
                (self.list.as_slice(), self.rfile),
                ([0, 0, 0, 1].as_slice(), "mine")
            );
            self.server.note("checked");
        }
    }

    assert_eq!(handle::<Handler, _>(()).0, ["checked"]);
}

#[test]
fn default_expressions_are_evaluated_for_each_request() {
    static NEXT: AtomicUsize = AtomicUsize::new(1);

    #[derive(BaseRequestHandler)]
    struct Numbered {
        server: ServerRef<Notes>,
        #[handler(default = NEXT.fetch_add(1, Ordering::Relaxed))]
        number: usize,
    }

    impl Numbered {
        fn handle(&self) {
            self.server.note(self.number);
        }
    }

    assert_eq!(handle::<Numbered, _>(()).0, ["1"]);
    assert_eq!(handle::<Numbered, _>(()).0, ["2"]);
}

/// Each file of `ui` is a mistake and what the compiler says of it, in the words of the Rust these were written with.
#[test]
fn messages() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    let version = std::process::Command::new("rustc")
        .arg("--version")
        .output();
    let version = version.expect("a compiler").stdout;
    if String::from_utf8_lossy(&version).starts_with("rustc 1.95.") {
        cases.compile_fail("tests/ui/*.rs");
    }
}
