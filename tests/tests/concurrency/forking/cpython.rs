//! CPython's tests that each need a separate process, under their names. `tests/cpython/` has the
//! others, the licence, and the list of all.

// The names are CPython's.
#![allow(non_snake_case)]

#[path = "../../cpython/echo.rs"]
mod echo;

use std::env;
use std::process::exit;

use tests::prelude::*;

use self::echo::{DatagramEcho, StreamEcho};
use crate::harness::{alone, list};
use crate::support::{EndWith, Journal};

list!(
    TESTS: test_ForkingTCPServer, test_ForkingUnixStreamServer, test_ForkingUDPServer,
    test_ForkingUnixDatagramServer, test_forking_handled, test_forking_not_handled, test_write,
);

list!(PROGRAMS: stream_examine, dgram_examine, interrupt);

/// `run_server`, line 121, inside `simple_subprocess`, line 57. The client is a separate program,
/// whose end is the server's.
fn run_server<T, H>(testfunc: &str)
where
    T: TestTransport,
    H: RequestHandler<T::Request, EndWith>,
{
    let mut shell = Command::new("sh");
    let mut stranger = shell.args(["-c", "exit 72"]).spawn().expect("a shell");
    let folder = Folder::new();
    let server = Server::<T, Forking, H, EndWith>::bind(T::address(&folder)).expect("bind");
    assert_ne!(server.server_address().port(), Some(0));
    let mut client = alone(testfunc);
    client.arg(server.server_address().to_string());
    server.state().start(&mut client);
    server.serve_forever().expect("serve");
    assert!(server.state().status().success());
    server.server_close();
    assert_eq!(server.fileno(), -1);
    assert!(server.active_children().is_empty());
    assert_eq!(stranger.wait().expect("its end").code(), Some(72));
}

/// The argument that the test gives to this program.
fn server_address() -> Address {
    let argument = env::args().nth(3).expect("an argument");
    argument.as_str().to_address().expect("an address")
}

fn stream_examine() {
    (0..3).for_each(|_| echo::stream_examine(&server_address()));
}

fn dgram_examine() {
    (0..3).for_each(|_| echo::dgram_examine(&server_address()));
}

/// Line 187.
fn test_ForkingTCPServer() {
    run_server::<Tcp, StreamEcho>("cpython::stream_examine");
}

/// Line 207.
fn test_ForkingUnixStreamServer() {
    run_server::<UnixStream, StreamEcho>("cpython::stream_examine");
}

/// Line 224.
fn test_ForkingUDPServer() {
    run_server::<Udp, DatagramEcho>("cpython::dgram_examine");
}

/// Line 244.
fn test_ForkingUnixDatagramServer() {
    run_server::<UnixDatagram, DatagramEcho>("cpython::dgram_examine");
}

/// `BadHandler`, line 363.
#[derive(BaseRequestHandler)]
struct BadHandler {
    server: ServerRef<ErrorTestServer>,
}

impl BadHandler {
    fn handle(&self) -> Result<(), &'static str> {
        self.server.log.note("Handler called");
        if self.server.exits {
            exit(1);
        }
        Err("Test error")
    }
}

/// `ForkingErrorTestServer`, line 385.
struct ErrorTestServer {
    log: Journal,
    /// The handler raises `SystemExit`, which ends the handler's process.
    exits: bool,
}

impl BaseServer for ErrorTestServer {
    fn handle_error(&self, _: &Socket, _: &Address, _: &HandlerError, _: &ServerRef<Self>) {
        self.log.note("Error handled");
    }
}

/// `BaseErrorTestServer.__init__`, line 344. Returns the log.
fn error_test_server(exits: bool) -> Vec<String> {
    let folder = Folder::new();
    let log = Journal::new(&folder);
    let state = ErrorTestServer { log: log.clone(), exits };
    let server = bind(ForkingTCPServer::<BadHandler, _>::with(state));
    drop(Client::stream(server.server_address()));
    assert_eq!(server.handle_request().expect("serve"), Served::Handled);
    server.server_close();
    assert_eq!(server.stats().failed, 1);
    log.lines()
}

/// Line 328.
fn test_forking_handled() {
    let log = error_test_server(false);
    assert_eq!(log, ["Handler called", "Error handled"]);
}

/// Line 333.
fn test_forking_not_handled() {
    assert_eq!(error_test_server(true), ["Handler called"]);
}

/// `test.support.SOCK_MAX_SIZE`
const SOCK_MAX_SIZE: usize = 16 * 1024 * 1024 + 1;

/// The results of the handler of `test_write`.
#[derive(Default)]
struct Written(Mutex<(usize, Vec<u8>, usize)>);

impl BaseServer for Written {}

#[derive(StreamRequestHandler)]
struct Writer {
    rfile: SocketReader,
    wfile: SocketWriter,
    server: ServerRef<Written>,
}

impl Writer {
    fn handle(&mut self) -> io::Result<()> {
        let sent1 = self.wfile.write(b"write data\n")?;
        // Should be sent immediately, without requiring flush.
        let mut received = Vec::new();
        self.rfile.read_until(b'\n', &mut received)?;
        let sent2 = self.wfile.write(&vec![0; SOCK_MAX_SIZE])?;
        *self.server.0.lock() = (sent1, received, sent2);
        Ok(())
    }
}

/// Line 407. The signal is SIGCHLD, for which a forking server that has served once installs a
/// handler.
fn test_write() {
    let forking = ForkingTCPServer::<StreamEcho>::builder().timeout(Duration::ZERO);
    let forking = forking.bind(LOCAL).expect("bind");
    assert_eq!(forking.handle_request().expect("serve"), Served::TimedOut);

    let server = TCPServer::<Writer, Written>::bind(LOCAL).expect("bind");
    let mut client = alone("cpython::interrupt");
    client.arg(server.server_address().to_string());
    let mut client = client.spawn().expect("a client");
    assert_eq!(server.handle_request().expect("serve"), Served::Handled);
    assert!(client.wait().expect("its end").success());
    let (sent1, received, sent2) = server.state().0.lock().clone();
    assert_eq!(sent1, b"write data\n".len());
    assert_eq!(received, b"client response\n");
    assert_eq!(sent2, SOCK_MAX_SIZE);
}

/// `run_client`, line 433. Interrupts its parent, the server, whenever that waits for this client
/// to read on.
fn interrupt() {
    let mut writer = Client::stream(&server_address());
    let mut reader = BufReader::new(writer.tcp().try_clone().expect("the same connection"));
    let mut response1 = String::new();
    reader.read_line(&mut response1).expect("a line");
    assert_eq!(response1, "write data\n");
    writer.send("client response\n");

    reader.read_exact(&mut [0; 100]).expect("the beginning");
    let server = getppid().expect("the server");
    let mut buffer = vec![0; SOCK_MAX_SIZE / 100];
    let mut received2 = 0;
    loop {
        until("the server waits, for room or in the end for us", || is_asleep(server.as_raw_pid()));
        kill_process(server, Signal::CHILD).expect("kill");
        match reader.read(&mut buffer).expect("read") {
            0 => break,
            count => received2 += count,
        }
    }
    assert_eq!(received2, SOCK_MAX_SIZE - 100);
}

fn is_asleep(process: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat"));
    status.is_ok_and(|status| status.contains(") S "))
}
