//! The line about a green thread that keeps its core to itself.

use std::any::type_name;
use std::hint::spin_loop;
use std::io;
use std::sync::Once;
use std::time::{Duration, Instant};

use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use socketserver::{BaseRequestHandler, GreenTCPServer, Socket};
use tests::{Client, DEADLINE, run};

use crate::LOCAL;

/// Keeps the lines of the log that are warnings.
struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn
    }
    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{}: {}", record.target(), record.args());
            self.0.lock().push(line);
        }
    }
    fn flush(&self) {}
}

static LINES: Lines = Lines(Mutex::new(Vec::new()));

/// The lines about a handler of this type.
fn lines_about<H>() -> Vec<String> {
    static LOGGER: Once = Once::new();
    LOGGER.call_once(|| {
        log::set_logger(&LINES).expect("the only logger");
        log::set_max_level(LevelFilter::Warn);
    });
    let name = type_name::<H>();
    let about = format!("socketserver::green: {name} has kept its core for over 100ms");
    let lines = LINES.0.lock();
    let about = lines.iter().filter(|line| line.starts_with(&about));
    about.cloned().collect()
}

/// Computes until there is a line about it, and for a while longer. Tells how many lines there are then.
#[derive(BaseRequestHandler)]
struct Thoughtful {
    request: Socket,
}

impl Thoughtful {
    fn handle(&self) -> io::Result<()> {
        let began = Instant::now();
        let before = lines_about::<Thoughtful>().len();
        while lines_about::<Thoughtful>().len() == before && began.elapsed() < DEADLINE {
            spin_loop();
        }
        assert!(began.elapsed() >= Duration::from_millis(100));
        let told = Instant::now();
        while told.elapsed() < Duration::from_millis(300) {
            spin_loop();
        }
        let lines = lines_about::<Thoughtful>().len();
        self.request.sendall(lines.to_string().as_bytes())
    }
}

#[test]
fn who_computes_for_long_is_told_of_once_and_by_name() {
    assert!(lines_about::<Thoughtful>().is_empty());
    let server = run(GreenTCPServer::<Thoughtful>::builder(), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"1");
    // Another request is another matter.
    assert_eq!(Client::stream(&server.address()).rest(), b"2");
}

/// Waits for its client for longer than the watchdog would allow a handler that computes.
#[derive(BaseRequestHandler)]
struct Waiting {
    request: Socket,
}

impl Waiting {
    fn handle(&self) -> io::Result<()> {
        self.request.settimeout(Some(Duration::from_millis(400)))?;
        self.request.recv(1).expect_err("the client is silent");
        self.request.sendall(b"still here")
    }
}

#[test]
fn who_waits_is_not_told_of() {
    let before = lines_about::<Waiting>().len();
    let server = run(GreenTCPServer::<Waiting>::builder(), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"still here");
    assert_eq!(lines_about::<Waiting>().len(), before);
}
