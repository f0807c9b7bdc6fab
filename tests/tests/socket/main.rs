//! `Socket`, and what belongs to it.

mod file;
mod handle;
mod io;
mod layer;
mod python;
mod signals;
mod timeouts;
