//! The server: its life, what it admits, what a request meets, and its end.

mod admission;
mod backoff;
mod books;
mod drain;
mod idle;
mod inline_end;
mod intake;
mod jail;
mod lame_duck;
mod life;
mod panics;
mod signals;
mod waits;
