//! Everything for the model checker: built only with `--cfg loom`, and run by `.ci/loom.sh`.
//!
//! * `sync`: the primitives that take the place of the usual ones (see `crate::sync`);
//! * `baton`: a loop and its leader in small models;
//! * `pool`: the elastic pool in small models;
//! * `server`: the end of a server in small models;
//! * `waker`: takes the place of `request/waker.rs`, which declares it.
//!
//! A model is a function that the checker runs once for every order in which its threads can meet.

#[cfg(test)]
mod baton;
#[cfg(test)]
mod pool;
#[cfg(test)]
mod server;
pub(crate) mod sync;
