//! Python's socket object. This file is the map; it defines nothing.
//!
//! | Python | here | file |
//! | --- | --- | --- |
//! | `socket.socket`, `settimeout`, `close`, `detach` | [`Socket`] | `handle.rs` |
//! | `socket.socket(fileno=…)` | `Socket::from` | `convert.rs` |
//! | `bind`, `listen`, `accept` | [`Socket::bind`] and so on | `listen.rs` |
//! | `recv`, `recvfrom`, `send`, `sendall`, `sendto` | [`Socket::recv`] and so on | `io.rs` |
//! | `connect`, `create_connection`, `socketpair` | [`Socket::connect`] and so on | `connect.rs` |
//! | `select.select` | [`select()`](crate::select) | `../wait/select.rs` |
//! | `setsockopt`, `getsockopt` | [`SocketOption`] | `option.rs` |
//! | `IP_ADD_MEMBERSHIP`, `IP_MULTICAST_IF` | [`Socket::join_multicast`], [`Interface`] | `multicast.rs` |
//! | `makefile` | [`SocketReader`], [`SocketWriter`] | `file.rs` |
//! | `SO_PEERCRED` | [`PeerCred`] | `peer.rs` |
//! | `ssl.SSLSocket` | [`Layer`], [`Wire`] | `layer.rs` |
//! | `SOCK_STREAM`, `SOCK_DGRAM` | [`SocketKind`] | `kind.rs` |
//!
//! Three files have no Python beside them. `descriptor.rs` is the lower half of a socket. `relay.rs`
//! joins two connections. `arrival.rs` knows at which of this machine's addresses a datagram arrived. How a thread and a green thread
//! wait is below this room, in `wait/`.
//!
//! Bytes take this way, and each step has one `recv` and one `send`:
//!
//! ```text
//! SocketReader, SocketWriter    buffers                      file.rs
//!        Socket                 chooses the way              io.rs
//!    Layer    |                 a protocol, if there is one  layer.rs
//!        Wire                   the system call              layer.rs
//!     until_ready               waits and tries again        ../wait/mod.rs
//! ```

mod arrival;
mod connect;
mod convert;
mod descriptor;
mod file;
mod handle;
mod io;
mod kind;
mod layer;
mod listen;
mod multicast;
mod option;
mod peer;
mod relay;

pub(crate) use arrival::Arrival;
pub use connect::{create_connection, socketpair};
pub use file::{SocketReader, SocketWriter};
pub use handle::Socket;
pub use kind::SocketKind;
pub use layer::{Layer, Wire};
pub use multicast::Interface;
pub use option::{OptionValue, SocketOption};
pub use peer::PeerCred;
pub use relay::relay;
