//! What fails in a request costs that request and no more, and is told where it should be.

mod panics;
mod reports;

const LOCAL: &str = "127.0.0.1:0";
