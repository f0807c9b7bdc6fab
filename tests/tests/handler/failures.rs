//! What is a failure, what is none, and who hears of it.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use socket2::SockRef;
use socketserver::{
    Address, Builder, RequestHandler, Socket, SocketWriter, StreamRequestHandler, Tcp, Threading,
    ThreadingTCPServer,
};
use tests::{Client, DEADLINE, Echo, Watched, own_process, run, until};

use crate::LOCAL;

#[test]
fn complaint_08_a_connection_that_fails_in_a_drain_costs_no_other() {
    let first = AtomicBool::new(true);
    let transport = Watched::new(Tcp::new(), move |name| match name {
        "get_request" if first.swap(false, SeqCst) => Err(ErrorKind::ConnectionAborted.into()),
        _ => Ok(()),
    });
    let server = Builder::<_, _, Echo, ()>::new(transport, Threading::new(), ());
    let server = server.bind(LOCAL).expect("bind");
    let mut clients = [0; 2].map(|_| Client::stream(server.server_address()));
    for client in &mut clients {
        client.send("hello");
        client.end();
    }
    let drained = server.drain(DEADLINE);
    assert_eq!((drained.aborted, server.stats().accept_errors), (0, 1));
    assert_eq!(clients[1].rest(), b"hello");
}

#[test]
fn complaint_24_nothing_is_printed() {
    let Some(errors) = own_process().map(|ended| ended.errors) else {
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
