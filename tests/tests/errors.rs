//! What fails in a request costs that request and no more, and is told where it should be.

use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::Command;
use std::rc::Rc;
use std::sync::{Arc, Once};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded, unbounded};
use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use rustix::io::Errno;
use socket2::SockRef;
use socketserver::{
    Address, BaseRequestHandler, BaseServer, Builder, Concurrency, HandlerError, Inline, Job,
    Refused, Request, Server, ServerRef, Socket, TCPServer, Tcp, Threading, ThreadingTCPServer,
    Transport, Udp, UnixDatagram, UnixStream,
};
use tests::{Client, DEADLINE, Folder, Place, Process, in_time, run, until};

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
