//! The warning about a green thread that keeps its core to itself.

use std::hint::spin_loop;

use tests::prelude::*;

/// The number of warnings about a handler of this type.
fn warnings_about<H>() -> usize {
    let name = type_name::<H>();
    let about = format!("socketserver::green: {name} has kept its core for over 100ms");
    keep_lines(LevelFilter::Warn).about(&about).len()
}

/// Computes until there is a warning about it, and for a while longer. Sends their number.
#[derive(BaseRequestHandler)]
struct Thoughtful {
    request: Socket,
}

impl Thoughtful {
    fn handle(&self) -> io::Result<()> {
        let began = Instant::now();
        let before = warnings_about::<Thoughtful>();
        while warnings_about::<Thoughtful>() == before && began.elapsed() < DEADLINE {
            spin_loop();
        }
        assert!(began.elapsed() >= Duration::from_millis(100));
        let told = Instant::now();
        while told.elapsed() < Duration::from_millis(300) {
            spin_loop();
        }
        let lines = warnings_about::<Thoughtful>();
        self.request.sendall(lines.to_string().as_bytes())
    }
}

#[test]
fn the_watchdog_warns_once_and_names_the_handler() {
    assert_eq!(warnings_about::<Thoughtful>(), 0);
    let server = run(GreenTCPServer::<Thoughtful>::builder(), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"1");
    // Once for each request.
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
fn the_watchdog_ignores_a_handler_that_waits() {
    let before = warnings_about::<Waiting>();
    let server = run(GreenTCPServer::<Waiting>::builder(), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"still here");
    assert_eq!(warnings_about::<Waiting>(), before);
}
