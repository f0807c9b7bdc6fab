//! Failures, as `handle_error` and the log see them.

use std::rc::Rc;

use log::Level;
use tests::prelude::*;

#[derive(BaseRequestHandler)]
struct Failing<E: Display + 'static> {
    server: ServerRef<Reports<E>>,
}

impl<E: Display + 'static> Failing<E> {
    fn handle(&self) -> Result<(), E> {
        Err((self.server.fail)())
    }
}

/// Passes on the errors of `handle_error`, and whether they were expected.
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
fn comes_through<C: Column, E: Display + 'static>(
    text: &str,
    fail: fn() -> E,
    expected: fn(&HandlerError) -> bool,
) {
    let (reports, told) = unbounded();
    let state = Reports { fail, expected, reports };
    let server = run(Server::<Tcp, C, Failing<E>, _>::with(state), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"");
    let told = told.recv_timeout(DEADLINE).expect("handle_error");
    assert_eq!(told, (text.to_owned(), true));
}

fn is_a<E: 'static>(error: &HandlerError) -> bool {
    error.downcast_ref::<E>().is_some()
}

/// Complaint 24.
fn handle_error_gets_errors_of_every_kind<C: Column>() {
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
        |error| is_a::<io::Error>(error) && !error.is_panic() && !error.is_disconnect(),
    );
    comes_through::<C, _>("text", || "text", is_a::<&str>);
    comes_through::<C, _>("owned", || "owned".to_owned(), is_a::<String>);
    comes_through::<C, _>("boxed", || Boxed::from("boxed"), is_a::<Boxed>);
    comes_through::<C, _>("shared", || Shared::from("shared"), is_a::<Shared>);
    comes_through::<C, _>(
        "my number 7",
        || Own(Rc::new(7)),
        |error| error.downcast_ref::<Own>().is_some_and(|own| *own.0 == 7),
    );
    let reset = || Boxed::from(io::Error::from(ErrorKind::ConnectionReset));
    comes_through::<C, _>("connection reset", reset, HandlerError::is_disconnect);
    let panic = || -> String { resume_unwind(Box::new("help")) };
    comes_through::<C, _>("panicked: help", panic, |error| {
        error.is_panic() && error.downcast_ref::<String>().is_none() && !error.is_disconnect()
    });
}

/// A reset at debug level, an error or a panic at error level.
///
/// Complaint 24.
fn each_failure_is_logged_once<C: Column>() {
    let lines = keep_lines(LevelFilter::Trace);
    let handler = |request: Socket, _| -> Result<(), Box<dyn std::error::Error>> {
        match &*request.recv(10)? {
            b"error" => Err("as told".into()),
            b"forge" => Err("\"a\\\" said: b\nc \x1b[2J".into()),
            b"panic" => resume_unwind(Box::new("as told")),
            _ => loop {
                request.sendall(&[0; 1024])?;
            },
        }
    };
    let server = run(Server::<Tcp, C, _, _>::handling(handler), LOCAL);
    for (number, (order, level, end)) in (1..).zip([
        ("error", Level::Error, "(as told)"),
        ("forge", Level::Error, r#"("a\" said: b\nc \u{1b}[2J)"#),
        ("panic", Level::Error, "(panicked: as told)"),
        ("reset", Level::Debug, ")"),
    ]) {
        let mut client = Client::stream(&server.address());
        let address = Address::from(client.tcp().local_addr().expect("an address"));
        client.send(order);
        if order == "reset" {
            client.recv_exact(2048);
            client.reset();
        } else {
            drop(client);
        }
        let about = || lines.about(&address.to_string());
        until("a line about it", || !about().is_empty());
        let [(told, line)] = &about()[..] else { panic!("one line: {:?}", about()) };
        let begin = format!("socketserver::handler: request {number} from {address} failed ");
        assert!(line.starts_with(&begin) && line.ends_with(end), "{line}");
        assert_eq!(*told, level, "{line}");
    }
    assert_eq!(server.ends(), [0, 4, 0, 0]);
}

matrix!(columns: handle_error_gets_errors_of_every_kind, each_failure_is_logged_once);

/// In a process without a logger.
///
/// Complaint 24.
#[test]
fn nothing_is_printed() {
    let Some(ended) = own_process() else {
        let fail = |_: Socket, _: Address| Err::<(), _>("as told");
        let server = run(ThreadingTCPServer::handling(fail), LOCAL);
        assert_eq!(Client::stream(&server.address()).rest(), b"");
        until("it has failed", || server.stats().failed == 1);
        return;
    };
    assert_eq!(ended.errors, "");
    ended.passed();
}
