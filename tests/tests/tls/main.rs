//! Servers with TLS. (The forking ones are tests of the program `forking`.)

mod echo;
mod files;
mod handshake;
mod names;
mod reload;
mod session;
mod starttls;
mod trust;
