//! What the programs share: how they start and end ([`program`]), where they listen or connect
//! ([`endpoint`]), how they serve ([`server`]), how clients speak TLS ([`tls`]), and how text is
//! made safe for a terminal ([`text`]).

pub mod endpoint;
pub mod program;
pub mod server;
pub mod text;
pub mod tls;
