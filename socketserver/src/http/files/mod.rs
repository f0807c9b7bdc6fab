//! Static files.
//!
//! | file | contents |
//! | --- | --- |
//! | `config.rs` | [`Files`]: the options |
//! | `answer.rs`, `reply.rs` | choosing the reply to a request |
//! | `send.rs`, `disk.rs` | sending it, from the disk to the client |
//! | `simple.rs` | [`SimpleHTTPRequestHandler`] |
//! | `target.rs` | the path of a request, as bytes |
//! | `root.rs` | the directory, and opening files below it |
//! | `validators.rs`, `ranges.rs`, `accept.rs` | the conditions, ranges and forms of a request |
//! | `listing.rs`, `page.rs` | directories |
//! | `types.rs`, `types.txt` | the types of files |

mod accept;
mod answer;
mod config;
mod disk;
mod listing;
mod page;
mod ranges;
mod reply;
mod root;
mod send;
mod simple;
mod target;
#[cfg(test)]
mod tests;
mod types;
mod validators;

pub use config::Files;
pub use root::Symlinks;
pub use simple::SimpleHTTPRequestHandler;
