//! Handlers: the derives, their files, their errors, and the hooks of a server.

mod datagram;
mod derive;
mod error;
mod hooks;
mod stream;
