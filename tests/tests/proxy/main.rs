//! Servers behind a proxy. (The forking ones are tests of the program `forking`.)

mod limits;
mod lobby;
mod real;
mod relays;
mod sources;
mod table;
mod timing;
