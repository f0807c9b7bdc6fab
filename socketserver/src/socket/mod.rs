//! Python's socket object. This file is the map; it defines nothing.
//!
//! | Python | here | file |
//! | --- | --- | --- |
//! | `socket.socket`, `settimeout`, `close`, `detach` | [`Socket`] | `handle.rs` |
//! | `socket.socket(fileno=…)` | `Socket::from` | `convert.rs` |
//! | `bind`, `listen`, `accept` | [`Socket::bind`] and so on | `listen.rs` |
//! | `recv`, `recvfrom`, `send`, `sendall`, `sendto` | [`Socket::recv`] and so on | `io.rs` |
//! | `recvmsg`, `sendmsg`, `recv_fds`, `send_fds` | [`Message`] | `message.rs` |
//! | `sendfile` | [`Socket::sendfile`] | `sendfile.rs`; at a client's pace `paced.rs` |
//! | `connect`, `socketpair` | [`Socket::connect`] and so on | `connect.rs` |
//! | `select.select` | [`select()`](crate::select) | `../wait/select.rs` |
//! | `setsockopt`, `getsockopt` | [`SocketOption`] | `option.rs` |
//! | `makefile` | [`Socket::makefile`] | `../file/mod.rs` |
//! | `SO_PEERCRED` | [`Socket::peer_cred`] | `peer.rs` |
//! | `ssl.SSLSocket` | [`Layer`], [`Wire`], [`Socket::set_layer`] | `layer.rs`, `layered.rs` |
//! | `SOCK_STREAM`, `SOCK_DGRAM` | [`SocketKind`] | `kind.rs` |
//!
//! These files have no counterpart in Python. `descriptor.rs` is the lower half of a socket.
//! `packet.rs` receives a server's datagrams, and `arrival.rs` knows at which of this machine's
//! addresses they arrived. Below this folder, `control/` parses and writes control messages, and
//! `wait/` waits, on threads and green threads.
//!
//! Bytes take this way, and each step has one `recv` and one `send`:
//!
//! ```text
//! SocketReader, SocketWriter    buffers                      ../file/mod.rs
//!        Socket                 chooses the way              io.rs
//!    Layer    |                 a protocol, if there is one  layer.rs
//!        Wire                   the system call              layer.rs
//!     until_ready               waits and tries again        ../wait/mod.rs
//! ```

mod arrival;
mod connect;
mod convert;
mod descriptor;
mod handle;
mod io;
mod kept;
mod kind;
mod layer;
mod layered;
mod listen;
mod message;
mod option;
#[cfg(feature = "http")]
mod pace;
#[cfg(feature = "http")]
mod paced;
mod packet;
mod peer;
mod sendfile;
mod std_io;
mod timeout;

pub use connect::socketpair;
pub use handle::Socket;
pub(crate) use io::LARGEST_BUFFER;
pub(crate) use kept::WeakSocket;
pub use kind::SocketKind;
pub use layer::{Layer, Wire};
pub use message::{Message, MessageFlags, SendAncillary};
pub use option::{OptionValue, SocketOption};
#[cfg(feature = "http")]
pub(crate) use pace::Pace;
