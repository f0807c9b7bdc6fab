//! The promises of single concurrencies, beyond those of all. Forking has a separate test program,
//! in `forking/`.

mod green;
mod inline;
mod leader;
mod panicking;
mod refused_threads;
mod shared;
mod threading;
