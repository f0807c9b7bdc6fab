//! Python's `socketserver` in Rust: a framework for network servers.
//!
//! You write how one request is handled, in plain blocking code, and choose a server. The server
//! accepts requests from TCP, UDP or Unix sockets, and runs your handler for each. Handlers run one
//! after the other, on threads, in processes or on green threads. It enforces limits and deadlines,
//! and it shuts down gracefully.
//!
//! ```no_run
//! use std::io::{self, Write};
//!
//! use socketserver::{SocketReader, SocketWriter, StreamRequestHandler, ThreadingTCPServer};
//!
//! /// The server makes one of these per connection.
//! #[derive(StreamRequestHandler)]
//! #[handler(timeout = 60)]
//! struct UpperLines {
//!     rfile: SocketReader,
//!     wfile: SocketWriter,
//! }
//!
//! impl UpperLines {
//!     fn handle(&mut self) -> io::Result<()> {
//!         loop {
//!             let line = self.rfile.readline(4096)?;
//!             if line.is_empty() {
//!                 return Ok(()); // The client has closed the connection.
//!             }
//!             self.wfile.write_all(&line.to_ascii_uppercase())?;
//!         }
//!     }
//! }
//!
//! fn main() -> io::Result<()> {
//!     env_logger::init(); // Failed requests are reported in the log.
//!     ThreadingTCPServer::<UpperLines>::bind("127.0.0.1:9999")?.serve_forever()
//! }
//! ```
//!
//! # From the top
//!
//! A [`Server`] has four parts:
//!
//! * A [`Transport`] is where requests come from: [`Tcp`], [`Udp`], [`UnixStream`] or
//!   [`UnixDatagram`].
//! * A [`Concurrency`] decides where handlers run: [`Inline`] on the loop's own thread,
//!   [`Threading`] on an elastic pool of threads, [`Forking`] in one child process per request,
//!   [`Green`] on one green thread per request.
//! * A [`RequestHandler`] handles one request. It is a closure, or a struct with a `handle` method
//!   and one of the derives [`BaseRequestHandler`](derive@BaseRequestHandler),
//!   [`StreamRequestHandler`](derive@StreamRequestHandler) and
//!   [`DatagramRequestHandler`](derive@DatagramRequestHandler).
//! * A [`BaseServer`] has the state that all handlers share, and the policy. In Python it would be
//!   a subclass of the server.
//!
//! ```text
//!     serve_forever
//!   ┌──────►│             if the server is full: waits, or refuses the request
//!   │       ▼
//!   │  get_request ────── Transport       tcp · udp · unix
//!   │       ▼
//!   │  verify_request ─── BaseServer      state and policy
//!   │       │ yes   └─ no ─► shutdown_request
//!   │       ▼
//!   │  process_request ── Concurrency     inline · threading · forking · green
//!   │       ├──────────────┐
//!   │       ▼              ▼              here, or where the concurrency runs it
//!   └─ service_actions   setup, handle, finish ── RequestHandler   base · stream · datagram
//!                          ▼
//!                        handle_error if that failed, then shutdown_request
//! ```
//!
//! # Which server?
//!
//! | handlers run | streams | datagrams |
//! | --- | --- | --- |
//! | one after the other | [`TCPServer`] <br> [`UnixStreamServer`] | [`UDPServer`] <br> [`UnixDatagramServer`] |
//! | on a thread each | [`ThreadingTCPServer`] <br> [`ThreadingUnixStreamServer`] | [`ThreadingUDPServer`] <br> [`ThreadingUnixDatagramServer`] |
//! | in a process each | [`ForkingTCPServer`] <br> [`ForkingUnixStreamServer`] | [`ForkingUDPServer`] <br> [`ForkingUnixDatagramServer`] |
//! | on a green thread each | [`GreenTCPServer`] <br> [`GreenUnixStreamServer`] | [`GreenUDPServer`] <br> [`GreenUnixDatagramServer`] |
//!
//! Streams carry bytes in order and without boundaries: two sends may arrive as one `recv`, or one
//! send as two. Datagrams are messages: each one that arrives is one request, even an empty one.
//! UDP may lose some on the way.
//!
//! Of course, you still have to use your head.
//!
//! * Without threads, a handler that waits for its client makes all other clients wait. This suits
//!   handlers that answer at once.
//! * Threads are right for thousands of clients. Handlers share the server's state, so the parts
//!   that they change need a lock. A handler must not hold that lock while it talks to a client.
//! * In processes, each handler changes its own copy of the state, which no other handler sees. The
//!   program may not have other threads.
//! * Green threads are for tens of thousands of clients that mostly wait. A handler may block only
//!   in the ways that the rules of [`green`] allow, and the program enables them first:
//!   [`green::enable`].
//!
//! # Coming from Python
//!
//! | Python | here |
//! | --- | --- |
//! | `class Handler(StreamRequestHandler)` | `#[derive(StreamRequestHandler)] struct Handler { … }`, which declares the attributes it uses |
//! | `class MyServer(ThreadingTCPServer)` with attributes and overrides | a struct with `impl BaseServer for MyServer`, and the type `ThreadingTCPServer::<Handler, MyServer>` |
//! | a class attribute such as `allow_reuse_address = True` | a method of the [`Builder`], or `#[handler(…)]` on a handler |
//! | an exception | an `Err`; a panic is caught too |
//! | its traceback on standard error | a line in the [log](#logging) |
//! | `with TCPServer(…) as server:` | dropping the server |
//! | two names for one socket | `Clone` |
//! | `super().setup()` | not needed: the part of the base class always runs |
//! | `threading.Thread(target=server.serve_forever, daemon=True).start()` | [`Server::spawn`] |
//! | `thread.join()`, or a thread that is not a daemon | [`ServerHandle::join`] at the end of `main` |
//! | `functools.partial(Handler, argument)` | a field of the server's state |
//!
//! The documentation of every item that exists in Python ends with the name it has there. The
//! guide, [`porting`], shows common patterns in both languages. [`porting::reference`] has every
//! name and all differences. `http::porting` is the guide for `http.server`.
//!
//! [`operating`] is about a server on a network with strangers: limits, service managers,
//! containers, balancers. [`reliability`] lists the faults that a server survives, with figures.
//!
//! # Logging
//!
//! The crate logs through the `log` crate, so **without a logger you never learn why a request
//! failed**. The quickest logger is `cargo add env_logger`, and `env_logger::init()` first in
//! `main`: it writes to standard error.
//!
//! | level | contents |
//! | --- | --- |
//! | error (shown by default) | failed requests; panics in hooks |
//! | warn (`RUST_LOG=warn`) | problems that an operator can mend: a lack of descriptors or threads, overdue requests, a green thread that does not yield, a certificate that expires |
//! | info (`RUST_LOG=info`) | the end of an idle server; answered HTTP requests; reloaded certificates |
//! | debug (`RUST_LOG=debug`) | steps in a server's life; refused requests; clients that disconnected |
//!
//! Each folder of the source has its own target, such as `socketserver::server`, `::transport` or
//! `::green`. Nothing is logged per call of a socket.
//!
//! # Features
//!
//! | feature | what it adds | crates |
//! | --- | --- | --- |
//! | `signals`, on by default | [`Server::drain_on_signals`], [`Server::on_signal`] | none |
//! | `systemd` | `Server::notify_systemd` and the module `systemd`: messages of a service to its manager | none |
//! | `proxy` | `Builder::proxy_protocol` and the module `proxy`: the real client behind HAProxy, nginx or a load balancer | none |
//! | `tls` | `Builder::tls` and the module `ssl`: TLS 1.2 and 1.3, on every server of connections | `rustls`, `ring` |
//! | `http` | the module `http`: Python's `http.server`, with limits, streams and static files | `httparse`, `httpdate`, `percent-encoding`, `form_urlencoded` |
//!
//! # Platforms
//!
//! Linux. The crate does not compile elsewhere, because no test runs on another system.
//!
//! # Reading the source
//!
//! Follow one request down:
//!
//! 1. `server/engine/serve.rs` is the loop, one turn from top to bottom; `dispatch.rs` beside it
//!    sends a request to its handler, or refuses it.
//! 2. `transport/tcp.rs` accepts a connection, `concurrency/inline.rs` runs its handler on the
//!    spot, and `handler/base.rs` calls `setup`, `handle` and `finish`. The other files of these
//!    three folders answer the same questions for their kind. Between the last two, `run` in
//!    `server/intake.rs` has all that happens to a request where its handler runs.
//! 3. `wait/mod.rs` is the one place where a handler waits for its client.
//! 4. `server/engine/drain.rs` is the end of the server, in six steps.
//!
//! `request/` has what travels between the folders, and `signals/` what signals do. `pool/` and
//! `green/` run code and know nothing of servers, `panics.rs` contains the panics of user code, and
//! `sys/` holds every `unsafe` block. `CONTRIBUTING.md` has a map, and the words that the code
//! uses.

#[cfg(not(target_os = "linux"))]
compile_error!("expected Linux: socketserver supports no other system");

// In the order in which a request meets them; the blank lines keep it.
mod builder;

mod server;

mod transport;

mod concurrency;

mod lead;

mod handler;

#[cfg(feature = "signals")]
mod signals;

#[cfg(feature = "systemd")]
pub mod systemd;

mod axis;

mod admission;

mod lobby;

mod request;

#[cfg(feature = "proxy")]
pub mod proxy;

#[cfg(feature = "tls")]
pub mod ssl;

#[cfg(feature = "http")]
pub mod http;

mod client;

mod multicast;

mod relay;

pub mod activation;

mod file;

mod socket;

mod wait;

mod control;

mod address;

mod aliases;

// These modules could be separate crates: `aborts`, `channel_errors`, `panics`, `sync` and `sys`
// import nothing of this crate, `nesting` imports `aborts` and `sync`, `pool` imports `panics`,
// `sync` and `sys`, and `green` imports all seven.
mod aborts;
mod channel_errors;
#[cfg(feature = "tls")]
mod computing;
pub mod green;
#[cfg(loom)]
mod model;
mod nesting;
mod panics;
mod pool;
mod sync;
mod sys;

#[doc(hidden)]
pub mod __private;

/// Doors for the fuzz targets in `tests/fuzz` to private parsers. No other build than that of
/// `.ci/fuzz.sh` has them.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use crate::activation::fuzzing::{manager_names, manager_number};
    pub use crate::proxy::fuzzing::{proxy_header, proxy_seeds};
    pub use crate::ssl::fuzzing::{Certificate, certificate, response, response_seed};
}

pub use address::{Address, AddressFamily, Host, OtherAddress, ToAddress};
pub use admission::Overflow;
pub use aliases::*;
pub use axis::Wrapped;
pub use builder::Builder;
pub use client::create_connection;
pub use concurrency::Green;
pub use concurrency::{Around, Concurrency, ConcurrencyHooks, Forking, Inline, Threading};
pub use control::{Ancillary, PeerCred};
pub use file::{Lines, SocketReader, SocketWriter};
pub use handler::{
    BaseServer, FnHandler, FnState, Outcome, PacketLines, PacketReader, Request, RequestHandler,
    ServerRef, log_error,
};
pub use multicast::Interface;
pub use relay::relay;
pub use request::{
    Datagram, End, HandlerError, Job, LiveRequest, Rejected, ReplySocket, RequestPhase, Run, Stats,
    Ticket, Waker, Workers, is_disconnect, is_timeout,
};
pub use server::{Drained, Served, Server, ServerHandle};
pub use socket::{
    Layer, Message, MessageFlags, OptionValue, SendAncillary, Socket, SocketKind, SocketOption,
    Wire, socketpair,
};
pub use socketserver_macros::{BaseRequestHandler, DatagramRequestHandler, StreamRequestHandler};
pub use sys::fork::ForkBesideThreads;
pub use transport::{
    Prepared, Speaker, Tcp, Transport, TransportHooks, Udp, UnixDatagram, UnixStream, WithSocket,
};

pub use wait::{Ready, Selectable, select};

/// Options of transports and concurrencies, in blocks.
///
/// Each block is an argument of [`Has`](options::Has). Its setters are methods of the types in the
/// second column, and of the [`Builder`] of every server with such a type, even behind a wrapper.
///
/// | block | of | setters |
/// | --- | --- | --- |
/// | [`Streams`](options::Streams) | [`Tcp`], [`UnixStream`] | `request_queue_size`, `linger`, `client_timeout` |
/// | [`Inet`](options::Inet) | [`Tcp`], [`Udp`] | `allow_reuse_address`, `allow_reuse_port`, `dual_stack` |
/// | [`TcpOnly`](options::TcpOnly) | [`Tcp`] | `wait_for_input`, `disable_nagle_algorithm` |
/// | [`Packets`](options::Packets) | [`Udp`], [`UnixDatagram`] | `max_packet_size`, `send_timeout` |
/// | [`File`](options::File) | [`UnixStream`], [`UnixDatagram`] | `mode`, `restore_file` |
/// | [`Threads`](options::Threads) | [`Threading`] | `max_threads`, `keep_alive` |
/// | [`Children`](options::Children) | [`Forking`] | `max_children`, `fork_beside_threads` |
/// | [`GreenThreads`](options::GreenThreads) | [`Green`] | `stack_size`, `max_green_threads` |
/// | [`DaemonThreads`](options::DaemonThreads) | [`Threading`], [`Green`] | `daemon_threads` |
/// | [`OnClose`](options::OnClose) | [`Threading`], [`Green`], [`Forking`] | `block_on_close` |
pub mod options {
    pub use crate::axis::Has;
    pub use crate::concurrency::{Children, DaemonThreads, GreenThreads, OnClose, Threads};
    pub use crate::transport::options::{File, Inet, Packets, Streams, TcpOnly};
}

/// Numbers of signals, for [`Server::on_signal`].
///
/// Python: the module `signal`
#[cfg(feature = "signals")]
pub mod signal {
    pub use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
}

/// The README's examples are compiled too.
#[cfg(all(doctest, feature = "http"))]
#[doc = include_str!("../../README.md")]
struct Readme;

#[doc = include_str!("../docs/porting.md")]
pub mod porting {
    #[doc = include_str!("../docs/porting_reference.md")]
    pub mod reference {}
}

#[doc = include_str!("../docs/operating.md")]
pub mod operating {}

#[doc = include_str!("../docs/reliability.md")]
pub mod reliability {}
