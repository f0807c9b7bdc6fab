//! Handlers: the derives, their files, their errors, and the hooks of a server.

mod datagram;
mod derive;
mod error;
mod hooks;
mod stream;

const LOCAL: &str = "127.0.0.1:0";
