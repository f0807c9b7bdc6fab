//! The shared parts of the programs: start and end ([`program`]), addresses ([`endpoint`]), the
//! options of servers ([`server`]), TLS ([`tls`]), keys with a password ([`encrypted_key`]), text
//! for a terminal ([`text`]).

pub mod encrypted_key;
pub mod endpoint;
pub mod program;
pub mod seconds;
pub mod server;
pub mod text;
pub mod tls;
