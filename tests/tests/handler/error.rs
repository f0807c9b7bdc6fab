//! What fails is told where it should be, and as what it is.

use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Read};
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::Once;
use std::time::Duration;

use crossbeam_channel::{Sender, unbounded};
use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use socket2::SockRef;
use socketserver::{
    Address, BaseRequestHandler, BaseServer, Concurrency, HandlerError, Server, ServerRef, Socket,
    Tcp,
};
use tests::{Client, DEADLINE, matrix, run, until};

use crate::LOCAL;

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
fn comes_through<C: Concurrency + Default, E: Display + 'static>(
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
    let server = run(Server::<Tcp, C, Failing<E>, _>::with(state), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"");
    let told = told.recv_timeout(DEADLINE).expect("handle_error");
    assert_eq!(told, (text.to_owned(), true));
}

fn an_error_of_any_kind_comes_to_handle_error_as_what_it_is<C: Concurrency + Default>() {
    /// Neither `Error` nor `Send`.
    struct Own(Rc<u8>);
    impl Display for Own {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "my number {}", self.0)
        }
    }
    type Boxed = Box<dyn std::error::Error>;
    type Shared = Box<dyn std::error::Error + Send + Sync>;

    comes_through::<C, _>(
        "full",
        || io::Error::other("full"),
        |error| {
            error.downcast_ref::<io::Error>().is_some()
                && !error.is_panic()
                && !error.is_disconnect()
        },
    );
    comes_through::<C, _>(
        "text",
        || "text",
        |error| error.downcast_ref::<&str>() == Some(&"text"),
    );
    comes_through::<C, _>(
        "owned",
        || "owned".to_owned(),
        |error| error.downcast_ref::<String>().is_some(),
    );
    comes_through::<C, _>(
        "boxed",
        || Boxed::from("boxed"),
        |error| error.downcast_ref::<Boxed>().is_some(),
    );
    comes_through::<C, _>(
        "shared",
        || Shared::from("shared"),
        |error| error.downcast_ref::<Shared>().is_some(),
    );
    comes_through::<C, _>(
        "my number 7",
        || Own(Rc::new(7)),
        |error| error.downcast_ref::<Own>().is_some_and(|own| *own.0 == 7),
    );
    comes_through::<C, _>(
        "connection reset",
        || Boxed::from(io::Error::from(ErrorKind::ConnectionReset)),
        HandlerError::is_disconnect,
    );
    comes_through::<C, _>(
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

fn a_reset_is_a_debug_line_and_an_error_an_error_line<C: Concurrency + Default>() {
    static LOGGER: Once = Once::new();
    LOGGER.call_once(|| {
        log::set_logger(&LINES).expect("the only logger");
        log::set_max_level(LevelFilter::Trace);
    });
    let handler = |request: Socket, _| -> Result<(), Box<dyn std::error::Error>> {
        match &*request.recv(10)? {
            b"error" => Err("as told".into()),
            b"panic" => resume_unwind(Box::new("as told")),
            _ => loop {
                request.sendall(&[0; 1024])?;
            },
        }
    };
    let server = run(Server::<Tcp, C, _, _>::handling(handler), LOCAL);
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

matrix!(
    columns: an_error_of_any_kind_comes_to_handle_error_as_what_it_is,
    a_reset_is_a_debug_line_and_an_error_an_error_line,
);
