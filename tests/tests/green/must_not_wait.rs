//! Where nothing may wait for a socket: in hooks of the loop, and in a panic on a green thread.
//! That is a matter of the code that runs, and not of its neighbours on the same scheduler.

use tests::prelude::*;

use crate::join;

/// A hook that lets others run.
struct Busy;

impl BaseServer for Busy {
    fn refuse_request(&self, request: &Socket, _: &Address, _: &ServerRef<Self>) {
        for _ in 0..20 {
            green::sleep(Duration::from_millis(5));
            assert_eq!(error_kind(request.recv(10)), io::ErrorKind::WouldBlock);
        }
        request.sendall(b"busy").expect("there is room");
    }
}

#[test]
fn hook_that_parks_keeps_its_mark_to_itself() {
    let server = ThreadingTCPServer::<Echo, _>::with(Busy).max_connections(1);
    let server = Arc::new(bind(server.overflow(Overflow::Refuse)));
    let serving = server.clone();
    let serving = green::spawn(move || serving.serve_forever());
    let _first = Client::echoed(server.server_address());
    // On every scheduler, so also on that of the server.
    let neighbour = |_| {
        let (socket, peer) = unix_pair();
        let waits = green::spawn(move || {
            for _ in 0..20 {
                socket.settimeout(Some(Duration::from_millis(5)))?;
                match socket.recv(10) {
                    Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
                    other => return other.map(drop),
                }
            }
            socket.settimeout(None)?;
            socket.recv(10).map(drop)
        });
        (peer, waits)
    };
    let neighbours: Vec<_> = (0..4 * cores()).map(neighbour).collect();
    let mut second = Client::stream(server.server_address());
    assert_eq!(second.recv(), b"busy");
    for (peer, waits) in neighbours {
        thread::sleep(Duration::from_millis(1));
        drop(peer);
        join(waits).expect("a neighbour may wait");
    }
    server.server_ref().shutdown();
    join(serving).expect("a good end");
}

struct Farewell<'a>(&'a Socket);

impl Drop for Farewell<'_> {
    fn drop(&mut self) {
        let error = self.0.sendall(&vec![b'.'; 32 << 20]).expect_err("too much");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let ready = select(&[self.0], &[], &[], None).expect("select");
        assert!(ready.is_empty());
    }
}

#[test]
fn panic_that_talks_blocks_no_scheduler() {
    let handler = |request: Socket, _| -> io::Result<()> {
        if request.recv(10)? == b"bad" {
            let _farewell = Farewell(&request);
            panic!("a mistake that a client can reach");
        }
        request.sendall(b"hello")
    };
    let server = run(GreenTCPServer::handling(handler), LOCAL);
    let mut bad = Client::streams(4 * cores(), &server.address());
    bad.iter_mut().for_each(|client| client.send("bad"));
    until("all have panicked", || server.stats().failed == bad.len() as u64);
    for _ in 0..2 * cores() {
        assert_eq!(Client::stream(&server.address()).ask("great"), b"hello");
    }
    drop(bad);
}
