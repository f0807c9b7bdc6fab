//! What a server promises that serves several clients at the same time, on threads and on green threads alike.

mod ends;
mod limits;

const LOCAL: &str = "127.0.0.1:0";
