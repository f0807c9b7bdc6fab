//! The PROXY protocol, versions 1 and 2: which client is behind a proxy.
//!
//! HAProxy, nginx, Envoy and the load balancers of the large providers write a header in front of
//! each connection that they pass on. With
//! [`Builder::proxy_protocol`](crate::Builder::proxy_protocol) every server of connections reads
//! it, on any concurrency and with the same handler:
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
//! A connection waits for its first byte without a worker: silent ones cost no thread, no process
//! and no inline server, and a drain ends them. The header is read where the handler will run, so a
//! proxy that sends only a part of it holds a worker until [`ProxyProtocol::timeout`] is over. Not
//! one byte that follows the header is read. A connection with a wrong header, or none, is refused:
//! it counts as refused, and is logged at debug level, because health checks cause such connections
//! too.
//!
//! Servers of datagrams read no header: a handler answers `client_address`, and its answer would
//! have to go to the proxy.
//!
//! | file | contents |
//! | --- | --- |
//! | `protocol.rs` | [`ProxyProtocol`]: the options, and the hooks of the transport |
//! | `networks.rs` | the networks that are trusted |
//! | `read.rs` | the header from the socket, and not a byte more |
//! | `parse.rs`, `step.rs`, `v1.rs`, `v2.rs`, `tlv.rs`, `check.rs` | the header from bytes |
//! | `header.rs`, `ssl.rs` | [`ProxyHeader`]: what a handler sees |
//! | `encode.rs` | a header for a relay that sends one |
//!
//! Python: none

mod check;
mod crc32c;
mod encode;
mod header;
mod networks;
mod parse;
mod protocol;
mod read;
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
