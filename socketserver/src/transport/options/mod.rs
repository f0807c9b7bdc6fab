//! The options of transports, in blocks: each option is written once, with its documentation.
//!
//! The setters of a block are a macro, to which its caller passes the `impl` line. A transport
//! calls it for itself, and `builder/axes.rs` for the builder.

mod file;
mod inet;
mod packets;
mod streams;
mod tcp_only;

pub use file::File;
pub(crate) use file::file_setters;
pub use inet::Inet;
pub(crate) use inet::inet_setters;
pub use packets::Packets;
pub(crate) use packets::packets_setters;
pub use streams::Streams;
pub(crate) use streams::streams_setters;
pub use tcp_only::TcpOnly;
pub(crate) use tcp_only::tcp_only_setters;
