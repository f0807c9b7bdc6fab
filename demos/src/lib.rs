//! What the programs share: how they start and end ([`program`]), where they listen or connect
//! ([`endpoint`]), how they serve ([`server`]), how they speak TLS ([`tls`]), also with a key that
//! needs a password ([`encrypted_key`]), and how text is made safe for a terminal ([`text`]).

pub mod encrypted_key;
pub mod endpoint;
pub mod program;
pub mod seconds;
pub mod server;
pub mod text;
pub mod tls;
