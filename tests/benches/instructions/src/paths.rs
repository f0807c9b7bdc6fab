//! The hot paths. Each runs for a number of rounds, and on one processor: green threads have one
//! scheduler then.

use std::io;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use socketserver::{
    Address, BaseServer, Builder, Concurrency, Datagram, Green, Inline, RequestHandler, ServerRef,
    Socket, SocketKind, Threading, Transport, UDPServer, green, socketpair,
};

use crate::http;

/// A path, by its name in the table.
pub(crate) struct Path {
    pub(crate) name: &'static str,
    /// How often it is counted.
    pub(crate) runs: u32,
    pub(crate) run: fn(u64) -> io::Result<()>,
}

pub(crate) const PATHS: &[Path] = &[
    Path { name: "request on the loop", runs: 1, run: |rounds| requests(Inline, rounds) },
    Path {
        name: "request on a thread of the pool",
        runs: 7,
        run: |rounds| requests(Threading::new(), rounds),
    },
    Path {
        name: "request on a green thread",
        runs: 7,
        run: |rounds| requests(Green::new(), rounds),
    },
    Path { name: "recv and sendall", runs: 1, run: messages },
    Path { name: "readline", runs: 1, run: lines },
    Path { name: "datagram", runs: 1, run: datagrams },
    Path { name: "park and wake", runs: 1, run: parks },
    Path {
        name: "HTTP request on a thread",
        runs: 3,
        run: |rounds| http::requests(Threading::new(), rounds),
    },
];

const MESSAGE: &[u8; 64] = b"to be sent back in upper case: the quick brown fox and the dog.\n";

pub(crate) fn on_one_processor() -> io::Result<()> {
    let allowed = sched_getaffinity(None)?;
    let mut one = CpuSet::new();
    (0..CpuSet::MAX_CPU).filter(|number| allowed.is_set(*number)).take(1).for_each(|n| one.set(n));
    Ok(sched_setaffinity(None, &one)?)
}

/// Requests without a network: each comes when the previous request has ended.
struct Memory {
    ended: Mutex<Receiver<()>>,
    left: AtomicU64,
}

/// The state of a server of such requests.
struct State {
    ends: SyncSender<()>,
    left: AtomicU64,
}

impl Transport for Memory {
    type Request = ();

    /// Always ready, so that the loop asks for a request.
    fn socket(&self, _: &Address) -> io::Result<Socket> {
        let (ready, other) = socketpair(SocketKind::Stream)?;
        other.shutdown(std::net::Shutdown::Both)?;
        Ok(ready)
    }

    fn server_bind(&self, _: &Socket, _: &Address) -> io::Result<()> {
        Ok(())
    }

    fn adopt(&self, _: &Socket) -> io::Result<()> {
        Ok(())
    }

    fn server_activate(&self, _: &Socket) -> io::Result<()> {
        Ok(())
    }

    fn get_request(&self, _: &Socket) -> io::Result<((), Address)> {
        let left = self.left.fetch_sub(1, Relaxed);
        if left == 0 {
            self.left.store(0, Relaxed);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let ended = self.ended.lock().expect("no panic");
        ended.recv().map_err(io::Error::other)?;
        Ok(((), Address::Unnamed))
    }

    fn shutdown_request(&self, (): &(), _: std::time::Duration) {}

    fn abort(&self, (): &()) {}
}

impl BaseServer<()> for State {
    fn request_closed(&self, (): &(), _: &Address, server: &ServerRef<Self>) {
        if self.left.fetch_sub(1, Relaxed) == 1 {
            server.shutdown();
        }
        let _ = self.ends.send(());
    }
}

struct Nothing;

impl RequestHandler<(), State> for Nothing {
    fn handle_request(
        (): (),
        _: Address,
        _: ServerRef<State>,
    ) -> Result<(), socketserver::HandlerError> {
        Ok(())
    }
}

fn requests(concurrency: impl Concurrency, rounds: u64) -> io::Result<()> {
    on_one_processor()?;
    enable_green();
    let (ends, ended) = sync_channel(2);
    ends.send(()).map_err(io::Error::other)?;
    let transport = Memory { ended: Mutex::new(ended), left: AtomicU64::new(rounds) };
    let state = State { ends, left: AtomicU64::new(rounds) };
    let builder = Builder::<_, _, Nothing, _>::new(transport, concurrency, state);
    builder.bind(Address::Unnamed)?.serve_forever()
}

#[allow(unsafe_code)]
pub(crate) fn enable_green() {
    // SAFETY: nothing here waits inside `LocalKey::with`.
    unsafe { green::enable() };
}

/// A message there, and received.
fn messages(rounds: u64) -> io::Result<()> {
    let (client, server) = socketpair(SocketKind::Stream)?;
    for _ in 0..rounds {
        client.sendall(MESSAGE)?;
        server.recv(1024)?;
    }
    Ok(())
}

/// A line, of which a read takes 16.
fn lines(rounds: u64) -> io::Result<()> {
    const LINES: u64 = 16;
    let (client, server) = socketpair(SocketKind::Stream)?;
    let text = MESSAGE.repeat(LINES as usize);
    let (mut reader, _writer) = server.makefile(-1, 0);
    for round in 0..rounds {
        if round % LINES == 0 {
            client.sendall(&text)?;
        }
        reader.readline(1024)?;
    }
    Ok(())
}

/// A datagram to an inline server, and its answer.
fn datagrams(rounds: u64) -> io::Result<()> {
    on_one_processor()?;
    let server = UDPServer::handling(|request: Datagram, _| request.reply(&request.data));
    let server = Arc::new(server.bind("127.0.0.1:0")?);
    let Address::Inet(address) = server.server_address().clone() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let client = UdpSocket::bind("127.0.0.1:0")?;
    client.connect(address)?;
    let mut answer = [0; MESSAGE.len()];
    for _ in 0..rounds {
        client.send(MESSAGE)?;
        server.handle_request()?;
        client.recv(&mut answer)?;
    }
    Ok(())
}

/// Two green threads that wake each other in turns, and park.
fn parks(rounds: u64) -> io::Result<()> {
    on_one_processor()?;
    enable_green();
    let ((ping, pinged), (pong, ponged)) = (green::channel(1), green::channel(1));
    let other = green::spawn(move || while pinged.recv().is_ok() && pong.send(()).is_ok() {});
    let one = green::spawn(move || {
        for _ in 0..rounds / 2 {
            let _ = ping.send(());
            let _ = ponged.recv();
        }
    });
    let ended = one.join().and_then(|()| other.join());
    ended.map_err(|_| io::Error::other("a green thread panicked"))
}
