//! Servers with TLS. (The forking ones are tests of the program `forking`.)

mod context;
mod echo;
mod files;
mod handshake;
mod lobby;
mod names;
mod ocsp;
mod reload;
mod scanners;
mod session;
mod side_by_side;
mod starttls;
mod tickets;
mod trust;
