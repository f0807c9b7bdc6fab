//! A framework for network servers: Python's `socketserver`, in Rust.
//!
//! You write what is done with one request, in plain blocking code. The crate takes requests from
//! TCP, UDP or Unix sockets and runs them one after the other, on threads, in processes or on green
//! threads, with limits, deadlines and an orderly end.
//!
//! ```no_run
//! use std::io;
//!
//! use socketserver::{BaseRequestHandler, Socket, ThreadingTCPServer};
//!
//! /// One of these is made for every connection.
//! #[derive(BaseRequestHandler)]
//! struct UpperCase {
//!     request: Socket,
//! }
//!
//! impl UpperCase {
//!     fn handle(&mut self) -> io::Result<()> {
//!         let data = self.request.recv(1024)?;
//!         self.request.sendall(&data.to_ascii_uppercase())
//!     }
//! }
//!
//! fn main() -> io::Result<()> {
//!     env_logger::init(); // Why a request failed is a line in the log.
//!     ThreadingTCPServer::<UpperCase>::bind("127.0.0.1:9999")?.serve_forever()
//! }
//! ```
//!
//! # From the top
//!
//! A [`Server`] is made of four parts. A [`Transport`] says where requests come from: [`Tcp`],
//! [`Udp`], [`UnixStream`], [`UnixDatagram`]. A [`Concurrency`] says who runs them: [`Inline`] the
//! loop itself, [`Threading`] an elastic pool, [`Forking`] a child process each, [`Green`] a green
//! thread each. A [`RequestHandler`] says what is done with one: a
//! struct with a `handle` method and one of the derives
//! [`BaseRequestHandler`](derive@BaseRequestHandler),
//! [`StreamRequestHandler`](derive@StreamRequestHandler) and
//! [`DatagramRequestHandler`](derive@DatagramRequestHandler), or a closure. And a [`BaseServer`] is
//! what a Python program would write as a subclass: the state that handlers share, and the policy.
//!
//! ```text
//!      serve_forever
//!    ┌──────►│                    full? then only wait, or refuse
//!    │       ▼
//!    │  get_request ───────────── Transport       tcp · udp · unix
//!    │       ▼
//!    │  verify_request ────────── BaseServer      state and policy
//!    │       │ yes     └─ no ───► shutdown_request
//!    │       ▼
//!    │  process_request ───────── Concurrency     inline · threading · forking · green
//!    │       ├───────────────────────┐
//!    │       ▼                       ▼            here, or wherever the concurrency says
//!    └─ service_actions         setup, handle, finish ── RequestHandler   base · stream · datagram
//!                                    ▼
//!                               handle_error when it failed; shutdown_request always
//! ```
//!
//! # Which server?
//!
//! | | one after the other | a thread each | a process each | a green thread each |
//! | --- | --- | --- | --- | --- |
//! | TCP | [`TCPServer`] | [`ThreadingTCPServer`] | [`ForkingTCPServer`] | [`GreenTCPServer`] |
//! | UDP | [`UDPServer`] | [`ThreadingUDPServer`] | [`ForkingUDPServer`] | [`GreenUDPServer`] |
//! | Unix streams | [`UnixStreamServer`] | [`ThreadingUnixStreamServer`] | [`ForkingUnixStreamServer`] | [`GreenUnixStreamServer`] |
//! | Unix datagrams | [`UnixDatagramServer`] | [`ThreadingUnixDatagramServer`] | [`ForkingUnixDatagramServer`] | [`GreenUnixDatagramServer`] |
//!
//! TCP and Unix streams carry bytes in order and without boundaries: two sends may arrive as one
//! `recv`, or one as two. UDP and Unix datagrams carry messages: each arrives as one request or,
//! with UDP, perhaps not at all, and an empty one is one too.
//!
//! Of course, you still have to use your head. A server without threads suits handlers that answer
//! at once; as soon as one waits for its client, all other clients wait with it. With threads,
//! handlers share the server's state at the same time, so what they change stands behind a lock,
//! and that lock is not held while talking to a client; a thread each is right for thousands of
//! clients. With processes, each handler changes its own copy of the state, which the next one never
//! sees, and the program may have no other threads. Green threads are for tens of thousands of
//! clients that mostly wait, and their code waits only in the ways that [`green`] names.
//!
//! # Coming from Python
//!
//! | Python | here |
//! | --- | --- |
//! | `class Handler(StreamRequestHandler)` | `#[derive(StreamRequestHandler)] struct Handler { … }`, which declares the attributes it uses |
//! | `class MyServer(ThreadingTCPServer)` with attributes and overrides | a struct with `impl BaseServer for MyServer`, as the second parameter: `ThreadingTCPServer::<Handler, MyServer>` |
//! | a class attribute, `allow_reuse_address = True` | a method of the [`Builder`], or `#[handler(…)]` on a handler |
//! | an exception | an `Err`; a panic is caught as well |
//! | its traceback on standard error | a line in the log, for who has a [logger](#logging) |
//! | `with TCPServer(…) as server:` | the end of the variable's life |
//! | two names for one socket | `Clone` |
//! | `super().setup()` | not needed: the base class's part always runs |
//! | `threading.Thread(target=server.serve_forever, daemon=True).start()` | [`Server::spawn`] |
//! | `thread.join()`, or a thread that is not a daemon | [`ServerHandle::join`] at the end of `main` |
//! | `functools.partial(Handler, argument)` | a field of the server's state |
//!
//! Every item that comes from Python names its origin in the last line of its documentation, and
//! [`porting`] shows pattern after pattern in both languages; [`reliability`] has the faults that a
//! server withstands, with figures.
//!
//! # Logging
//!
//! Through the `log` crate, so **a program without a logger is never told why a request failed**.
//! With `cargo add env_logger`, and `env_logger::init()` first in `main`, it is, on standard error;
//! `RUST_LOG=warn` shows too what machine or program should look after, `RUST_LOG=debug` the rest.
//!
//! One target a folder: `socketserver::server`, `::transport`, `::concurrency`, `::handler`,
//! `::green`, `::pool`. Steps of the life cycle are at debug level, failed requests at error level,
//! a machine that runs out of something and a green thread that keeps its core at warn level; there
//! is nothing a byte.
//!
//! # Platforms
//!
//! Linux is what is built, tested and promised. Other Unixes have most of it, but no green threads
//! and no `Green…` servers; Windows has none.
//!
//! # Reading the source
//!
//! `server/serve.rs`, then `concurrency/inline.rs`, `transport/tcp.rs` and `handler/base.rs`. The
//! rest is variation. `sys/` has every `unsafe`, `panics.rs` survives what
//! users write; `pool/` and `green/` know nothing of servers.

#[cfg(not(unix))]
compile_error!("socketserver needs a Unix");

// In the order in which a request meets them; the blank lines keep it.
mod server;

mod transport;

mod concurrency;

mod handler;

mod socket;

mod aliases;

// Written as if they were crates of their own: `panics`, `sync` and `sys` import nothing of this
// crate, `pool` imports the first two, and `green` all of these.
#[cfg(target_os = "linux")]
pub mod green;
#[cfg(not(target_os = "linux"))]
#[path = "green/absent.rs"]
mod green;
#[cfg(loom)]
mod model;
mod panics;
mod pool;
mod sync;
mod sys;

#[doc(hidden)]
pub mod __private;

pub use aliases::*;
#[cfg(target_os = "linux")]
pub use concurrency::Green;
pub use concurrency::{Concurrency, Forking, Inline, Threading};
pub use handler::{FnHandler, FnState, HandlerError, Outcome, Request, RequestHandler};
pub use server::{
    BaseServer, Builder, Drained, End, Job, Overflow, Rejected, Run, Served, Server, ServerHandle,
    ServerRef, Stats, Ticket, Waker, Workers, log_error,
};
pub use socket::{
    Address, AddressFamily, Layer, OptionValue, PeerCred, Socket, SocketKind, SocketOption,
    SocketReader, SocketWriter, ToAddress, ToHost, Wire, create_connection, select, socketpair,
};
pub use socketserver_macros::{BaseRequestHandler, DatagramRequestHandler, StreamRequestHandler};
pub use sys::fork::ForkBesideThreads;
pub use transport::{Datagram, Tcp, Transport, Udp, UnixDatagram, UnixStream};

/// Numbers of signals, for [`Server::on_signal`].
///
/// Python: the module `signal`
#[cfg(feature = "signals")]
pub mod signal {
    pub use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
}

/// The README's example is compiled too.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[doc = include_str!("../docs/porting.md")]
pub mod porting {}

#[doc = include_str!("../docs/reliability.md")]
pub mod reliability {}
