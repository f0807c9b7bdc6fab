//! Servers with TLS. (The forking ones are tests of the program `forking`.)

mod context;
mod echo;
mod files;
mod handshake;
mod names;
mod ocsp;
mod reload;
mod scanners;
mod session;
mod starttls;
mod tickets;
mod trust;
