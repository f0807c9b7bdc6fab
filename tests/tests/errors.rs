//! What fails in a request costs that request and no more, and is told where it should be.

use std::fmt::{self, Display};
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::panic::resume_unwind;
use std::process::Command;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Sender, unbounded};
use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use socket2::SockRef;
use socketserver::{
    Address, BaseRequestHandler, BaseServer, Concurrency, HandlerError, Server, ServerRef, Socket,
    Tcp, ThreadingTCPServer,
};
use tests::{Client, DEADLINE, Process, matrix, run, until};

const LOCAL: &str = "127.0.0.1:0";

/// Fails with whatever its server says.
#[derive(BaseRequestHandler)]
struct Failing<E: Display + 'static> {
    server: ServerRef<Reports<E>>,
}

impl<E: Display + 'static> Failing<E> {
    fn handle(&self) -> Result<(), E> {
        Err((self.server.fail)())
    }
}

/// Tells what came to `handle_error`, and whether it is what was expected.
struct Reports<E> {
    fail: fn() -> E,
    expected: fn(&HandlerError) -> bool,
    reports: Sender<(String, bool)>,
}

impl<E: 'static> BaseServer for Reports<E> {
    fn handle_error(&self, _: &Socket, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        let report = (error.to_string(), (self.expected)(error));
        self.reports.send(report).expect("the test listens");
    }
}

#[track_caller]
fn comes_through<E: Display + 'static>(
    text: &str,
    fail: fn() -> E,
    expected: fn(&HandlerError) -> bool,
) {
    let (reports, told) = unbounded();
    let state = Reports {
        fail,
        expected,
        reports,
    };
    let server = run(ThreadingTCPServer::<Failing<E>, _>::with(state), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"");
    let told = told.recv_timeout(DEADLINE).expect("handle_error");
    assert_eq!(told, (text.to_owned(), true));
}

#[test]
fn an_error_of_any_kind_comes_to_handle_error_as_what_it_is() {
    /// Neither `Error` nor `Send`.
    struct Own(Rc<u8>);
    impl Display for Own {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "my number {}", self.0)
        }
    }
    type Boxed = Box<dyn std::error::Error>;
    type Shared = Box<dyn std::error::Error + Send + Sync>;

    comes_through(
        "full",
        || io::Error::other("full"),
        |error| {
            error.downcast_ref::<io::Error>().is_some()
                && !error.is_panic()
                && !error.is_disconnect()
        },
    );
    comes_through(
        "text",
        || "text",
        |error| error.downcast_ref::<&str>() == Some(&"text"),
    );
    comes_through(
        "owned",
        || "owned".to_owned(),
        |error| error.downcast_ref::<String>().is_some(),
    );
    comes_through(
        "boxed",
        || Boxed::from("boxed"),
        |error| error.downcast_ref::<Boxed>().is_some(),
    );
    comes_through(
        "shared",
        || Shared::from("shared"),
        |error| error.downcast_ref::<Shared>().is_some(),
    );
    comes_through(
        "my number 7",
        || Own(Rc::new(7)),
        |error| error.downcast_ref::<Own>().is_some_and(|own| *own.0 == 7),
    );
    comes_through(
        "connection reset",
        || Boxed::from(io::Error::from(ErrorKind::ConnectionReset)),
        HandlerError::is_disconnect,
    );
    comes_through(
        "panicked: help",
        || -> String { resume_unwind(Box::new("help")) },
        |error| {
            error.is_panic() && error.downcast_ref::<String>().is_none() && !error.is_disconnect()
        },
    );
}

/// Keeps every line of the log.
struct Lines(Mutex<Vec<(Level, String)>>);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &Record<'_>) {
        let line = format!("{}: {}", record.target(), record.args());
        self.0.lock().push((record.level(), line));
    }
    fn flush(&self) {}
}

/// The lines about a client.
fn lines_about(client: &Address) -> Vec<(Level, String)> {
    let lines = LINES.0.lock();
    let about = lines
        .iter()
        .filter(|(_, line)| line.contains(&client.to_string()));
    about.cloned().collect()
}

static LINES: Lines = Lines(Mutex::new(Vec::new()));

#[test]
fn a_reset_is_a_debug_line_and_an_error_an_error_line() {
    log::set_logger(&LINES).expect("the only test with a logger");
    log::set_max_level(LevelFilter::Trace);
    let handler = |request: Socket, _| -> Result<(), Box<dyn std::error::Error>> {
        match &*request.recv(10)? {
            b"error" => Err("as told".into()),
            b"panic" => resume_unwind(Box::new("as told")),
            _ => loop {
                request.sendall(&[0; 1024])?;
            },
        }
    };
    let server = run(ThreadingTCPServer::handling(handler), LOCAL);
    for (order, level, end) in [
        ("error", Level::Error, ": as told"),
        ("panic", Level::Error, ": panicked: as told"),
        ("reset", Level::Debug, ""),
    ] {
        let mut client = Client::stream(&server.address());
        let Client::Tcp(socket) = &client else {
            unreachable!("this is TCP")
        };
        let address = Address::from(socket.local_addr().expect("an address"));
        SockRef::from(socket)
            .set_linger((order == "reset").then_some(Duration::ZERO))
            .expect("linger");
        client.send(order);
        client
            .read_exact(&mut vec![0; if order == "reset" { 2048 } else { 0 }])
            .expect("a beginning");
        drop(client);
        until("a line about it", || !lines_about(&address).is_empty());
        let [(told, line)] = &lines_about(&address)[..] else {
            panic!("one line: {:?}", lines_about(&address))
        };
        let begin = format!("socketserver::server: request from {address}: ");
        assert!(line.starts_with(&begin) && line.ends_with(end), "{line}");
        assert_eq!(*told, level, "{line}");
    }
    until("all have ended", || server.stats().failed == 3);
}

/// A value that panics as it goes.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        // A second panic on the way of the first would end the process, here as anywhere.
        if !thread::panicking() {
            resume_unwind(Box::new(Bomb));
        }
    }
}

impl Display for Bomb {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        resume_unwind(Box::new(Bomb))
    }
}

fn bombs_cost_one_request<C: Concurrency + Default>() {
    #[derive(BaseRequestHandler)]
    struct Bombs {
        request: Socket,
        #[handler(default = None)]
        bomb: Option<Bomb>,
    }
    impl Bombs {
        fn handle(&mut self) -> Result<(), Bomb> {
            match self.request.recv(1).unwrap_or_default()[..] {
                [b'p'] => resume_unwind(Box::new(Bomb)),
                [b'e'] => Err(Bomb),
                [b'h'] => {
                    self.bomb = Some(Bomb);
                    Ok(())
                }
                _ => Ok(()),
            }
        }
    }
    let server = run(Server::<Tcp, C, Bombs>::builder(), LOCAL);
    for bomb in ["p", "e", "h"].repeat(5) {
        let mut client = Client::stream(&server.address());
        client.send(bomb);
        assert_eq!(client.rest(), b"");
    }
    assert_eq!(Client::stream(&server.address()).finish(), b"");
    until("all have ended", || server.stats().active == 0);
    assert_eq!((server.stats().finished, server.stats().failed), (1, 15));
}

matrix!(columns: bombs_cost_one_request);

#[test]
fn a_state_that_panics_as_it_goes_takes_nobody_with_it() {
    struct State(Sender<String>, Bomb);
    impl BaseServer for State {}
    impl Drop for State {
        fn drop(&mut self) {
            let thread = thread::current();
            let _ = self.0.send(thread.name().unwrap_or_default().to_owned());
        }
    }
    #[derive(BaseRequestHandler)]
    struct Waiting {
        request: Socket,
        server: ServerRef<State>,
    }
    impl Waiting {
        fn handle(&self) {
            let _bomb = &self.server.1;
            let _ = self.request.recv(1);
        }
    }
    let (sender, dropped) = unbounded();
    let server = ThreadingTCPServer::<Waiting, _>::with(State(sender, Bomb)).block_on_close(false);
    let server = server.bind(LOCAL).expect("bind");
    let client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    drop(server);
    assert!(dropped.is_empty(), "its handler still has it");
    drop(client);
    let thread = dropped
        .recv_timeout(DEADLINE)
        .expect("the state goes with its last handler");
    assert!(thread.starts_with("Waiting-"), "{thread}");
}

/// Runs the test of this name in a process of its own, whose threads and descriptors are all its own and whose end is
/// nobody else's. Returns whether this is that process.
fn is_alone(test: &str) -> bool {
    if std::env::var_os("ALONE").is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    let (status, out, errors) = Process::start(
        command
            .args(["--exact", test, "--include-ignored"])
            .env("ALONE", ""),
    )
    .wait();
    assert!(status.success(), "{status}: {out}{errors}");
    false
}

#[test]
fn of_a_thousand_every_second_panics_and_nothing_is_left_behind() {
    if !is_alone("of_a_thousand_every_second_panics_and_nothing_is_left_behind") {
        return;
    }
    let count = |what: &str| {
        fs::read_dir(format!("/proc/self/{what}"))
            .expect("/proc")
            .count()
    };
    let before = (count("task"), count("fd"));
    let handler = |request: Socket, _| {
        let data = request.recv(10)?;
        if data == b"panic" {
            resume_unwind(Box::new("as told"));
        }
        request.sendall(&data)
    };
    let server = run(ThreadingTCPServer::handling(handler), LOCAL);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..125 {
                    assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
                    let mut client = Client::stream(&server.address());
                    client.send("panic");
                    assert_eq!(client.rest(), b"");
                }
            });
        }
    });
    let (drained, stats) = server.drain(DEADLINE / 2);
    assert_eq!((stats.finished, stats.failed, drained.cut), (500, 500, 0));
    until("every thread has ended", || count("task") == before.0);
    assert_eq!(count("fd"), before.1);
}

/// As when `handle` panics with a `std` lock held, and `drop` wants to lock it once more.
#[test]
fn a_handler_may_panic_and_panic_again_as_it_goes() {
    if !is_alone("a_handler_may_panic_and_panic_again_as_it_goes") {
        return;
    }
    #[derive(BaseRequestHandler)]
    struct Unlucky {}
    impl Unlucky {
        fn handle(&self) {
            resume_unwind(Box::new("first"));
        }
    }
    impl Drop for Unlucky {
        fn drop(&mut self) {
            resume_unwind(Box::new("second"));
        }
    }
    let server = run(ThreadingTCPServer::<Unlucky>::builder(), LOCAL);
    for _ in 0..5 {
        assert_eq!(Client::stream(&server.address()).rest(), b"");
    }
}
