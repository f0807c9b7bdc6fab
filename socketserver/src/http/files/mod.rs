//! Static files.
//!
//! | file | contents |
//! | --- | --- |
//! | `config.rs` | [`Files`]: the options |
//! | `answer.rs`, `reply.rs` | the reply to a request, before it is sent |
//! | `send.rs`, `disk.rs` | the way from the disk to the client |
//! | `simple.rs` | [`SimpleHTTPRequestHandler`] |
//! | `target.rs` | the path of a request, as bytes |
//! | `root.rs` | the directory, and the only way to what lies below it |
//! | `validators.rs`, `ranges.rs`, `accept.rs` | what the fields of a request ask for |
//! | `listing.rs`, `page.rs`, `date.rs` | directories |
//! | `types.rs`, `types.txt` | the types of files |

mod accept;
mod answer;
mod config;
mod date;
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
