//! The server: its life, what it admits, what a request meets, and its end.

mod admission;
mod backoff;
mod drain;
mod drain_on_signals;
mod ends;
mod intake;
mod life;
mod panics;
mod panics_in_requests;
mod signals;
mod times;

const LOCAL: &str = "127.0.0.1:0";
