//! The PROXY protocol, versions 1 and 2: the address of the real client behind a proxy.
//!
//! HAProxy, nginx, Envoy and the load balancers of the large providers send a header at the start
//! of each connection that they forward. With
//! [`Builder::proxy_protocol`](crate::Builder::proxy_protocol) every server of connections reads
//! the header, on any concurrency and with the same handler:
//!
//! ```
//! use std::io;
//! use socketserver::proxy::ProxyProtocol;
//! use socketserver::{Address, Socket, ThreadingTCPServer};
//!
//! let server = ThreadingTCPServer::handling(|request: Socket, client_address: Address| {
//!     // The client's own address, and the proxy's.
//!     log::info!("{client_address} by way of {}", request.getpeername()?);
//!     if let Some(name) = request.proxy().and_then(|header| header.authority()) {
//!         log::info!("the client has asked for {name:?}");
//!     }
//!     request.sendall(b"hello\n")
//! })
//! .proxy_protocol(ProxyProtocol::trusting(["10.0.0.0/8", "::1"])?)
//! .max_connections_per_address(20) // the client's address, not the proxy's
//! .bind("127.0.0.1:0")?;
//! # Ok::<(), io::Error>(())
//! ```
//!
//! Until its header has come in full, a connection has no worker, unless the header is longer than
//! 4 KiB. Connections that bring nothing, or a part of a header, therefore cost no thread and no
//! process, do not block an inline server, and end with a drain. After the header, a silent client
//! holds a worker, even if its protocol makes the client speak first, as TLS and HTTP do. A client
//! without a proxy ([`Others::Direct`]) holds one from the start. No byte behind the header is
//! read. A connection without a valid header is refused, and logged at debug level, because health
//! checks cause such connections too.
//!
//! Servers of datagrams read no header. A handler replies to `client_address`, but the reply would
//! have to go to the proxy.
//!
//! | file | contents |
//! | --- | --- |
//! | `protocol.rs` | [`ProxyProtocol`]: the options, and the hooks of the transport |
//! | `networks.rs` | the networks that are trusted |
//! | `read.rs` | reading the header from the socket, and not a byte more |
//! | `parse.rs`, `step.rs`, `v1.rs`, `v2.rs`, `tlv.rs`, `check.rs` | parsing the header |
//! | `header.rs`, `ssl.rs` | [`ProxyHeader`]: the facts for a handler |
//! | `encode.rs` | a header for a relay that sends one |
//!
//! Python: none

mod check;
mod crc32c;
mod encode;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod header;
mod networks;
#[cfg(any(test, fuzzing))]
#[path = "tests/oracles.rs"]
mod oracles;
mod parse;
mod protocol;
mod read;
#[cfg(any(test, fuzzing))]
#[path = "tests/rows.rs"]
mod rows;
mod ssl;
mod step;
mod tlv;
mod v1;
mod v2;

pub use header::{ProxyHeader, Version};
pub use protocol::{Others, Proxied, ProxyProtocol};
pub use ssl::Ssl;

#[cfg(test)]
mod tests;
