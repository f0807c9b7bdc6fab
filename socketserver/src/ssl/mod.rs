//! TLS, in the words of Python's module `ssl`.
//!
//! [`Builder::tls`](crate::Builder::tls) makes a server of connections speak TLS, 1.2 and 1.3, on
//! any concurrency and with the same handler:
//!
//! ```no_run
//! use socketserver::ssl::SSLContext;
//! use socketserver::{Socket, ThreadingTCPServer};
//!
//! let context = SSLContext::new().load_cert_chain("cert.pem", "key.pem")?;
//! let server = ThreadingTCPServer::handling(|request: Socket, _| {
//!     if let Some(ssl) = request.ssl() {
//!         log::info!("{} with {:?}", ssl.version(), ssl.server_name());
//!     }
//!     request.sendall(b"hello\n")
//! })
//! .tls(context)
//! .bind("127.0.0.1:8443")?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A client of TLS sends first. Until its hello has come in full, its connection has no worker, and
//! an inline server serves other clients. Then the handshake runs where the handler will run, and
//! an inline server serves no other client meanwhile. All of it must be done within
//! [`handshake_timeout`](SSLContext::handshake_timeout). On a green thread, its arithmetic keeps
//! the core for a millisecond at most. If it may take longer, or wait, it runs on another thread,
//! like a [`blocking`](crate::green::blocking) call. It may with a key of RSA of more than 2048
//! bits, certificates of clients, [`keylog_filename`](SSLContext::keylog_filename),
//! [`from_rustls`](SSLContext::from_rustls), and on a client's side.
//!
//! A connection whose protocol has STARTTLS begins in plain text, and
//! [`wrap_socket`](SSLContext::wrap_socket) adds TLS to it. A program that is the client calls
//! [`connect`](SSLContext::connect).
//!
//! [`shutdown`](crate::Socket::shutdown) for writing announces the end of the stream, so the client
//! knows that it has all data. The client may still send. If a stream ends without this
//! announcement, it is [truncated](SSLInfo::truncated).
//!
//! [`send`](crate::Socket::send) encodes data before it sends them. After `TimedOut`, as after a
//! [`sendall`](crate::Socket::sendall), a part may be encoded and not sent. The next call sends
//! that part, so do not pass it again.
//!
//! Not supported: TLS 1.1 and older, renegotiation, data before the end of the handshake (0-RTT),
//! keys with a password, OpenSSL's language for ciphers. The cryptography is that of the crates
//! `rustls` and `ring`.
//!
//! | file | contents |
//! | --- | --- |
//! | `context.rs`, `options.rs` | [`SSLContext`]: its calls and its settings |
//! | `config.rs`, `trust.rs`, `names.rs`, `keylog.rs`, `tickets.rs` | from the settings to a configuration of `rustls` |
//! | `files.rs`, `chain.rs`, `der.rs`, `ocsp.rs` | certificates and keys from files, and the errors about them |
//! | `transport.rs` | `Builder::tls` |
//! | `handshake.rs` | the handshake, within its time |
//! | `session.rs`, `state.rs`, `records.rs` | the layer under a socket, with and without its wire |
//! | `info.rs`, `stats.rs`, `error.rs` | facts about a session, counters of all, and the errors of failed ones |
//!
//! Python: `ssl`

mod chain;
mod config;
mod context;
mod der;
mod error;
mod files;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod handshake;
mod info;
mod keylog;
mod names;
mod ocsp;
mod options;
mod records;
#[cfg(any(test, fuzzing))]
#[path = "tests/response.rs"]
mod response;
mod session;
mod state;
mod stats;
#[cfg(test)]
mod tests;
mod tickets;
mod transport;
mod trust;

/// The crate, for [`SSLContext::from_rustls`].
pub use rustls;

pub use config::TLSVersion;
pub use context::SSLContext;
pub use error::{SSLError, SSLErrorReason};
pub use info::SSLInfo;
pub use stats::SessionStats;
pub use transport::Tls;
pub use trust::VerifyMode;

/// Where this folder's log lines go.
const TARGET: &str = "socketserver::ssl";
