//! CPython's own tests of `socketserver`, under their names: `Lib/test/test_socketserver.py` of
//! CPython 3.11.
//!
//! Copyright (c) 2001-2023 Python Software Foundation; All Rights Reserved. Used under the PSF
//! License Agreement, which stands in `LICENSE`. What was changed: it is Rust, written anew
//! against this crate, with the same assertions; what the unittest machinery was for is left out.
//!
//! 25 of the 27 are tests: those marked "here", and those marked "forking", which need a process
//! with one thread and are in `concurrency/forking/cpython.rs`. The other two ask what becomes of
//! `SystemExit`, an exception that is meant to get through every `except`. Rust has none: an `Err`
//! or a panic always reaches `handle_error`, and `process::exit` ends the process wherever it is
//! called.
//!
//! | test | line | where |
//! | --- | --- | --- |
//! | `test_TCPServer` | 176 | here |
//! | `test_ThreadingTCPServer` | 181 | here |
//! | `test_ForkingTCPServer` | 187 | forking |
//! | `test_UnixStreamServer` | 194 | here |
//! | `test_ThreadingUnixStreamServer` | 200 | here |
//! | `test_ForkingUnixStreamServer` | 207 | forking |
//! | `test_UDPServer` | 213 | here |
//! | `test_ThreadingUDPServer` | 218 | here |
//! | `test_ForkingUDPServer` | 224 | forking |
//! | `test_UnixDatagramServer` | 231 | here |
//! | `test_ThreadingUnixDatagramServer` | 237 | here |
//! | `test_ForkingUnixDatagramServer` | 244 | forking |
//! | `test_shutdown` | 250 | here |
//! | `test_close_immediately` | 275 | here |
//! | `test_tcpserver_bind_leak` | 282 | here |
//! | `test_context_manager` | 292 | here |
//! | `test_sync_handled` | 307 | here |
//! | `test_sync_not_handled` | 311 | nowhere: there is no `SystemExit` |
//! | `test_threading_handled` | 316 | here |
//! | `test_threading_not_handled` | 320 | nowhere: there is no `SystemExit` |
//! | `test_forking_handled` | 328 | forking |
//! | `test_forking_not_handled` | 333 | forking: in a child `process::exit` is just that |
//! | `test_basics` | 390 | here |
//! | `test_write` | 407 | forking: it is interrupted by signals, so no other test may be there |
//! | `test_all` | 468 | here |
//! | `test_shutdown_request_called_if_verify_request_false` | 478 | here |
//! | `test_threads_reaped` | 499 | here |

// The names are CPython's.
#![allow(non_snake_case)]

mod echo;
mod names;

use tests::prelude::*;

use self::echo::{DatagramEcho, StreamEcho, dgram_examine, stream_examine};

/// `HOST`, and a port of the system's choice.
const HOST: &str = "127.0.0.1:0";

/// Line 121.
fn run_server<T, C, H>(testfunc: fn(&Address))
where
    T: TestTransport,
    C: Concurrency + Default,
    H: RequestHandler<T::Request, ()>,
{
    let folder = Folder::new();
    let server = Arc::new(Server::<T, C, H>::bind(T::address(&folder)).expect("bind"));
    let address = server.server_address().clone();
    assert_ne!(address.port(), Some(0));
    let thread = serve(&server);
    for _ in 0..3 {
        testfunc(&address);
    }
    server.shutdown();
    ends_well(thread);
    server.server_close();
    assert_eq!(server.fileno(), -1);
}

/// The tests of one kind of server each.
macro_rules! servers {
    ($($test:ident: $transport:ident, $concurrency:ident, $handler:ident, $examine:ident;)+) => {$(
        #[test]
        fn $test() {
            run_server::<$transport, $concurrency, $handler>($examine);
        }
    )+};
}

servers! {
    test_TCPServer: Tcp, Inline, StreamEcho, stream_examine;
    test_ThreadingTCPServer: Tcp, Threading, StreamEcho, stream_examine;
    test_UnixStreamServer: UnixStream, Inline, StreamEcho, stream_examine;
    test_ThreadingUnixStreamServer: UnixStream, Threading, StreamEcho, stream_examine;
    test_UDPServer: Udp, Inline, DatagramEcho, dgram_examine;
    test_ThreadingUDPServer: Udp, Threading, DatagramEcho, dgram_examine;
    test_UnixDatagramServer: UnixDatagram, Inline, DatagramEcho, dgram_examine;
    test_ThreadingUnixDatagramServer: UnixDatagram, Threading, DatagramEcho, dgram_examine;
}

/// `shutdown` always makes another thread leave `serve_forever`, whether that has begun or not.
#[test]
fn test_shutdown() {
    let servers = [(); 20].map(|()| Arc::new(bind(TCPServer::<StreamEcho>::builder())));
    let threads = servers.each_ref().map(|server| {
        let thread = serve(server);
        let server = server.clone();
        in_time("shutdown", move || server.shutdown());
        thread
    });
    threads.into_iter().for_each(ends_well);
    for server in servers {
        server.server_close();
    }
}

#[test]
fn test_close_immediately() {
    let server = ThreadingTCPServer::<StreamEcho>::bind(HOST).expect("bind");
    server.server_close();
    assert_eq!(server.fileno(), -1);
}

/// There is no port -1; one that is taken cannot be bound either, and not before there is a socket.
#[test]
fn test_tcpserver_bind_leak() {
    let taken = TcpListener::bind(HOST).expect("bind");
    let address = taken.local_addr().expect("an address");
    for _ in 0..1024 {
        assert_eq!(error_kind(TCPServer::<StreamEcho>::bind(address)), ErrorKind::AddrInUse);
    }
    // Descriptors are given out from below: after a leak this one would be high.
    let server = TCPServer::<StreamEcho>::bind(HOST).expect("bind");
    assert!((0..1024).contains(&server.fileno()), "{server:?}");
}

/// The end of a `with` is that of a variable.
#[test]
fn test_context_manager() {
    let server = TCPServer::<StreamEcho>::bind(apart()).expect("bind");
    let address = server.server_address().clone();
    drop(Client::stream(&address));
    drop(server);
    assert_eq!(error_kind(Client::try_stream(&address)), ErrorKind::ConnectionRefused);
}

/// `BaseErrorTestServer`, line 343, with a log in memory.
#[derive(Default)]
struct ErrorTestServer(Mutex<Vec<&'static str>>);

impl BaseServer for ErrorTestServer {
    fn handle_error(&self, _: &Socket, _: &Address, _: &HandlerError, _: &ServerRef<Self>) {
        self.0.lock().push("Error handled");
    }
}

/// Line 363.
#[derive(BaseRequestHandler)]
struct BadHandler {
    server: ServerRef<ErrorTestServer>,
}

impl BadHandler {
    fn handle(&self) -> Result<(), &'static str> {
        self.server.0.lock().push("Handler called");
        Err("Test error")
    }
}

/// Line 344; `wait_done`, line 381, is for any server here. Returns the log.
fn error_test_server<C: Concurrency + Default>() -> Vec<&'static str> {
    let server = Server::<Tcp, C, BadHandler, ErrorTestServer>::bind(HOST).expect("bind");
    drop(Client::stream(server.server_address()));
    assert_eq!(server.handle_request().expect("serve"), Served::Handled);
    until("the request has ended", || server.stats().active == 0);
    server.server_close();
    assert_eq!(server.stats().failed, 1);
    server.state().0.lock().clone()
}

const HANDLED: [&str; 2] = ["Handler called", "Error handled"];

#[test]
fn test_sync_handled() {
    assert_eq!(error_test_server::<Inline>(), HANDLED);
}

#[test]
fn test_threading_handled() {
    assert_eq!(error_test_server::<Threading>(), HANDLED);
}

/// The results of the handler of `test_basics`: the descriptors of `wfile` and `request`.
#[derive(Default)]
struct Filenos(Mutex<(i32, i32)>);

impl BaseServer for Filenos {}

#[derive(StreamRequestHandler)]
struct Basics {
    request: Socket,
    wfile: SocketWriter,
    server: ServerRef<Filenos>,
}

impl Basics {
    fn handle(&mut self) {
        /// `isinstance(wfile, io.BufferedIOBase)`
        fn fileno(wfile: &mut (impl std::io::Write + std::os::fd::AsFd)) -> i32 {
            wfile.as_fd().as_raw_fd()
        }
        *self.server.0.lock() = (fileno(&mut self.wfile), self.request.fileno());
    }
}

#[test]
fn test_basics() {
    let server = TCPServer::<Basics, Filenos>::bind(HOST).expect("bind");
    drop(Client::stream(server.server_address()));
    server.handle_request().expect("serve");
    let (wfile, request) = *server.state().0.lock();
    assert!(wfile > 2, "{wfile}");
    assert_eq!(wfile, request);
}

/// Every public name is there: otherwise `names.rs` does not compile.
#[test]
fn test_all() {
    names::members();
    let servers = names::servers();
    assert_eq!(HashSet::from(servers).len(), 16, "{servers:?}");
}

/// `MyServer`, line 482.
struct Refusing;

impl BaseServer for Refusing {
    fn verify_request(&self, _: &Socket, _: &Address, _: &ServerRef<Self>) -> bool {
        false
    }
}

#[test]
fn test_shutdown_request_called_if_verify_request_false() {
    let shutdown_called = Arc::new(AtomicUsize::new(0));
    let called = shutdown_called.clone();
    let transport = watched(Tcp::new(), move |name| {
        called.fetch_add(usize::from(name == "shutdown_request"), SeqCst);
        Ok(())
    });
    let server = Builder::<_, _, StreamEcho, _>::new(transport, Inline, Refusing);
    let server = server.bind(HOST).expect("bind");
    drop(Client::stream(server.server_address()));
    assert_eq!(server.handle_request().expect("serve"), Served::Refused);
    assert_eq!(shutdown_called.load(SeqCst), 1);
    server.server_close();
}

/// Not all threads are kept for ever.
#[test]
fn test_threads_reaped() {
    let server = ThreadingTCPServer::<StreamEcho>::builder().keep_alive(Duration::from_millis(10));
    let server = server.bind(HOST).expect("bind");
    for _ in 0..10 {
        let _client = Client::stream(server.server_address());
        assert_eq!(server.handle_request().expect("serve"), Served::Handled);
    }
    until("threads have been given up", || server.stats().workers.all < 10);
    server.server_close();
}

/// The table above is complete and true.
#[test]
fn every_test_is_accounted_for() {
    const HERE: &str = include_str!("main.rs");
    const FORKING: &str = include_str!("../concurrency/forking/cpython.rs");
    let mut counts = [0; 3];
    for row in HERE.lines() {
        let Some(row) = row.strip_prefix("//! | `") else { continue };
        let (name, row) = row.split_once("` | ").expect("a name and a line");
        let (_, place) = row.split_once(" | ").expect("a line and a place");
        // There the test of a server is a line of a table.
        let here = [format!("#[test]\nfn {name}()"), format!("\n    {name}: ")];
        let here = here.iter().any(|test| HERE.contains(test));
        // In that file a test is a function and a line of its list.
        let forking =
            FORKING.contains(&format!("\nfn {name}()")) && FORKING.contains(&format!(" {name},"));
        let place =
            ["here", "forking", "nowhere"].into_iter().position(|word| place.starts_with(word));
        let place = place.expect("a place");
        assert_eq!((here, forking), (place == 0, place == 1), "{name}");
        counts[place] += 1;
    }
    assert_eq!(counts, [18, 7, 2]);
}
