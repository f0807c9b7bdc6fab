//! What each concurrency promises beyond what all of them do. Forking has a program of its own, in
//! `forking/`.

mod green;
mod inline;
mod leader;
mod panicking;
mod refused_threads;
mod shared;
mod threading;
