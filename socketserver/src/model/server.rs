//! The end of a server under the model checker. Shutdowns, drains and closes come from several
//! threads, in every order. Each time the server ends, no thread waits permanently, and every
//! accepted request ends in exactly one way.
//!
//! Everything is the real server except the system: the backlog is a number (`CLIENTS`), and what
//! wakes the loop is a flag (`waker.rs`).

use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use loom::model::Builder;

use crate::address::Address;
use crate::builder::Builder as ServerBuilder;
use crate::concurrency::{Concurrency, Inline, Threading};
use crate::handler::{BaseServer, RequestHandler, ServerRef};
use crate::model::sync::Choices;
use crate::request::{CLIENTS, HandlerError, Job, Rejected, Stats};
use crate::server::Server;
use crate::socket::Socket;
use crate::sync::{Condvar, Mutex, thread};
use crate::transport::Transport;

/// Later than anything in a model.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);
const SHORT: Duration = Duration::from_secs(10);

/// A client that sends nothing. Its request can be aborted.
struct Client {
    is_aborted: Mutex<bool>,
    aborted: Condvar,
}

impl Client {
    fn wait_for_abort(&self) {
        let mut is_aborted = self.is_aborted.lock();
        while !*is_aborted {
            self.aborted.wait(&mut is_aborted);
        }
    }
}

#[derive(Default)]
struct Clients {
    fenced: AtomicBool,
}

impl Transport for Clients {
    type Request = Arc<Client>;

    /// A socket that is never used.
    fn socket(&self, _address: &Address) -> io::Result<Socket> {
        Ok(UnixDatagram::unbound()?.into())
    }

    fn server_bind(&self, _socket: &Socket, _address: &Address) -> io::Result<()> {
        Ok(())
    }

    fn adopt(&self, _socket: &Socket) -> io::Result<()> {
        Ok(())
    }

    fn server_activate(&self, _socket: &Socket) -> io::Result<()> {
        Ok(())
    }

    fn get_request(&self, _socket: &Socket) -> io::Result<(Arc<Client>, Address)> {
        let Some(left) = CLIENTS.get().checked_sub(1) else {
            // That is what a Unix socket answers.
            return Err(if self.fenced.load(Relaxed) {
                rustix::io::Errno::INVAL.into()
            } else {
                rustix::io::Errno::AGAIN.into()
            });
        };
        CLIENTS.set(left);
        let client = Client { is_aborted: Mutex::new(false), aborted: Condvar::new() };
        Ok((Arc::new(client), Address::Unnamed))
    }

    fn shutdown_request(&self, _request: &Arc<Client>, _patience: Duration) {}

    fn abort(&self, request: &Arc<Client>) {
        *request.is_aborted.lock() = true;
        request.aborted.notify_all();
    }

    fn fence(&self, _socket: &Socket) -> io::Result<()> {
        self.fenced.store(true, Relaxed);
        Ok(())
    }
}

/// A thread per request.
#[derive(Default)]
struct Threads;

impl Concurrency for Threads {
    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        thread::spawn(|| job.run());
        Ok(())
    }
}

/// What a handler does.
type Handle = fn(&ServerRef<State>, &Client);

struct State(Handle);

impl BaseServer<Arc<Client>> for State {}

struct Handler;

impl RequestHandler<Arc<Client>, State> for Handler {
    fn handle_request(
        request: Arc<Client>,
        _client_address: Address,
        server: ServerRef<State>,
    ) -> Result<(), HandlerError> {
        (server.state().0)(&server, &request);
        Ok(())
    }
}

type Served<C> = Server<Clients, C, Handler, State>;

/// A server with this many clients in its backlog.
fn server<C: Concurrency + Default>(clients: usize, handle: Handle) -> Arc<Served<C>> {
    CLIENTS.set(clients);
    let server = Server::with(State(handle)).max_connections(1).drain_timeout(LONG);
    Arc::new(server.bind(Address::Unnamed).unwrap())
}

fn check(choices: impl Iterator<Item = Choices>, model: impl Fn() + Copy + Send + Sync + 'static) {
    for choices in choices {
        let mut builder = Builder::new();
        // An abort looks at every part of the registry.
        builder.max_branches = 10_000;
        builder.check(move || {
            choices.begin();
            model();
        });
    }
}

/// Runs `run` on another thread.
fn meanwhile<C: Concurrency>(
    server: &Arc<Served<C>>,
    run: impl FnOnce(&Served<C>) + 'static,
) -> thread::JoinHandle<()> {
    let server = server.clone();
    thread::spawn(move || run(&server))
}

/// The counters of a server that has ended. Every accepted request must have ended.
#[track_caller]
fn settled<C: Concurrency>(server: &Served<C>) -> Stats {
    let stats = server.stats();
    assert_eq!(stats.active, 0, "{stats:?}");
    assert_eq!(stats.accepted, stats.finished + stats.failed + stats.refused + stats.aborted);
    assert_eq!((stats.failed, stats.refused), (0, 0), "{stats:?}");
    stats
}

fn nothing(_: &ServerRef<State>, _: &Client) {}

#[test]
fn handler_shuts_the_server_down() {
    fn model<C: Concurrency + Default>() {
        let server = server::<C>(2, |server, _| server.shutdown());
        server.serve_forever().unwrap();
        assert!(!server.core().life.is_serving());
        assert!(server.stats().accepted >= 1);
        server.server_close();
        settled(&server);
    }
    check(Choices::all(1), model::<Inline>);
    check(Choices::all(1), model::<Threads>);
}

/// Each of them comes before the loop, while it runs, while it ends, or after it.
#[test]
fn two_shutdowns_come_at_any_time() {
    check(Choices::all(1), || {
        let server = server::<Inline>(1, nothing);
        let others = [(); 2].map(|()| meanwhile(&server, |server| server.shutdown()));
        server.serve_forever().unwrap();
        for other in others {
            other.join().unwrap();
        }
        assert!(!server.core().life.is_serving());
        settled(&server);
    });
}

/// Requests that were accepted before have been started by then.
#[test]
fn no_request_is_accepted_after_a_shutdown() {
    fn model<C: Concurrency + Default>() {
        let server = server::<C>(2, nothing);
        server.core().life.enter().unwrap();
        let other = meanwhile(&server, |server| {
            server.shutdown();
            assert!(!server.core().life.is_serving());
            let taken = server.stats().accepted;
            assert!(server.core().books.all_begun());
            thread::yield_now();
            assert_eq!(server.stats().accepted, taken);
        });
        server.serve_entered().unwrap();
        other.join().unwrap();
        server.server_close();
        settled(&server);
    }
    check(Choices::all(0), model::<Inline>);
    check(Choices::all(0), model::<Threads>);
}

/// A loop that starts again cannot hide the previous one's end from a thread that waits for it.
#[test]
fn loop_restarts_during_a_shutdown() {
    check(Choices::all(1), || {
        let server = server::<Inline>(0, nothing);
        let other = meanwhile(&server, |server| {
            server.shutdown();
            server.drain(LONG);
        });
        for _ in 0..2 {
            // An error, if the drain has closed the server already.
            let _ = server.serve_forever();
        }
        other.join().unwrap();
        settled(&server);
    });
}

/// An end that is asked for while the loop ends is not lost.
#[test]
fn drain_comes_during_a_shutdown() {
    check(Choices::all(1), || {
        let server = server::<Inline>(1, nothing);
        let shutdown = meanwhile(&server, |server| server.shutdown());
        let drain = meanwhile(&server, |server| _ = server.drain(LONG));
        let _ = server.serve_forever();
        shutdown.join().unwrap();
        drain.join().unwrap();
        assert_eq!(settled(&server).finished, 1);
        assert!(server.serve_forever().is_err());
    });
}

/// Only the end of the first request wakes the loop, which then accepts the second.
#[test]
fn full_server_waits_for_a_request_to_end() {
    check(Choices::all(1), || {
        let server = server::<Threads>(2, |server, _| {
            if server.stats().accepted == 2 {
                server.shutdown();
            }
        });
        server.serve_forever().unwrap();
        server.server_close();
        assert_eq!(settled(&server).finished, 2);
    });
}

/// All clients in the backlog are served, one after the other.
#[test]
fn full_server_drains() {
    fn model<C: Concurrency + Default>() {
        let server = server::<C>(2, nothing);
        let other = meanwhile(&server, |server| _ = server.drain(LONG));
        // An error, if the drain has closed the server already.
        let _ = server.serve_forever();
        other.join().unwrap();
        assert_eq!(settled(&server).finished, 2);
        assert!(server.serve_forever().is_err());
    }
    check(Choices::all(1), model::<Inline>);
    check(Choices::all(1), model::<Threads>);
}

/// As above, but it is the pool that wakes the loop when it is not full any more.
#[test]
fn full_pool_drains() {
    check(Choices::all(0), || {
        CLIENTS.set(2);
        let threading = Threading::new().max_threads(1).keep_alive(LONG);
        let server =
            ServerBuilder::<_, _, Handler, _>::new(Clients::default(), threading, State(nothing));
        let server = server.bind(Address::Unnamed).unwrap();
        server.drain(LONG);
        assert_eq!(settled(&server).finished, 2);
        assert_eq!(server.stats().workers.all, 0);
    });
}

#[test]
fn all_ends_come_at_once() {
    check(Choices::all(1), || {
        let server = server::<Threads>(1, |server, _| server.begin_drain(LONG));
        let shutdown = meanwhile(&server, |server| server.shutdown());
        let _ = server.serve_forever();
        server.server_close();
        shutdown.join().unwrap();
        settled(&server);
        assert!(server.serve_forever().is_err());
    });
    check(Choices::all(0), || {
        let server = server::<Inline>(1, nothing);
        let close = meanwhile(&server, |server| _ = server.server_close());
        let drain = meanwhile(&server, |server| _ = server.drain(LONG));
        let _ = server.serve_forever();
        close.join().unwrap();
        drain.join().unwrap();
        settled(&server);
        assert!(server.serve_forever().is_err());
    });
}

#[test]
fn drain_aborts_a_request() {
    check(Choices::all_then_timeouts(0), || {
        let server = server::<Threads>(1, |_, client| client.wait_for_abort());
        let drained = server.drain(SHORT);
        let stats = settled(&server);
        assert_eq!((stats.accepted, stats.aborted, drained.aborted), (1, 1, 1));
    });
}

/// It is counted once, whether it ends by itself, is aborted or is abandoned.
#[test]
fn request_ends_at_the_deadline() {
    check(Choices::all_then_timeouts(1), || {
        let server = server::<Threads>(1, nothing);
        let drained = server.drain(SHORT);
        let stats = settled(&server);
        assert_eq!((stats.accepted, stats.finished + stats.aborted), (1, 1));
        assert_eq!(drained.finished + drained.aborted, 1);
    });
}
