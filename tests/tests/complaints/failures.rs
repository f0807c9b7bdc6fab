//! What is a failure, what is none, and who hears of it.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use socket2::SockRef;
use socketserver::{
    Address, RequestHandler, Socket, SocketWriter, StreamRequestHandler, ThreadingTCPServer,
};
use tests::{Client, run, until};

use crate::{LOCAL, said_elsewhere};

#[test]
fn complaint_24_nothing_is_printed() {
    let Some(errors) = said_elsewhere("failures::complaint_24_nothing_is_printed") else {
        // Without a logger, as in a program that has none.
        let fail = |_: Socket, _: Address| Err::<(), _>("as told");
        let server = run(ThreadingTCPServer::handling(fail), LOCAL);
        assert_eq!(Client::stream(&server.address()).rest(), b"");
        until("it has failed", || server.stats().failed == 1);
        return;
    };
    assert_eq!(errors, "");
}

/// Connects and resets the connection when the handler has begun.
fn reset(server: &Address) {
    let mut client = Client::stream(server);
    assert_eq!(client.recv(), b"here");
    let Client::Tcp(socket) = &client else {
        unreachable!("this is TCP")
    };
    SockRef::from(socket)
        .set_linger(Some(Duration::ZERO))
        .expect("linger");
}

/// Waits until its client has left, by a reset.
fn until_reset(request: &Socket) -> io::Result<()> {
    request.sendall(b"here")?;
    let error = request.recv(1).expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    Ok(())
}

#[track_caller]
fn finishes_well_after_a_reset<H: RequestHandler<Socket, ()>>() {
    let server = run(ThreadingTCPServer::<H>::builder(), LOCAL);
    reset(&server.address());
    until("it has ended", || server.stats().active == 0);
    let stats = server.stats();
    assert_eq!((stats.finished, stats.failed), (1, 0), "{stats:?}");
}

#[test]
fn complaint_25_a_last_flush_to_nobody_is_no_failure() {
    #[derive(StreamRequestHandler)]
    #[handler(wbufsize = -1)]
    struct TooLate {
        request: Socket,
        wfile: SocketWriter,
    }
    impl TooLate {
        fn handle(&mut self) -> io::Result<()> {
            until_reset(&self.request)?;
            self.wfile.write_all(b"too late")
        }
    }
    finishes_well_after_a_reset::<TooLate>();
}

#[test]
fn complaint_31_the_end_of_a_reset_connection_is_no_failure() {
    #[derive(StreamRequestHandler)]
    struct Waiting {
        request: Socket,
    }
    impl Waiting {
        fn handle(&self) -> io::Result<()> {
            until_reset(&self.request)
        }
    }
    finishes_well_after_a_reset::<Waiting>();
}
