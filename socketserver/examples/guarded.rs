//! Serves only the addresses on its list. Press return to stop it.
//!
//!     cargo run --example guarded
//!     nc 127.0.0.1 9999
//!     nc -s 127.0.0.2 127.0.0.1 9999
#![allow(clippy::print_stdout)]

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use socketserver::{
    Address, BaseServer, ServerRef, SocketWriter, StreamRequestHandler, ThreadingTCPServer,
};

/// In Python: `class Guarded(ThreadingTCPServer)`, with two attributes.
struct Guarded {
    allowed: Vec<IpAddr>,
    refused: AtomicUsize,
}

impl<R> BaseServer<R> for Guarded {
    fn verify_request(&self, _: &R, client_address: &Address, _: &ServerRef<Self>) -> bool {
        let welcome = client_address.ip().is_some_and(|ip| self.allowed.contains(&ip));
        if !welcome {
            self.refused.fetch_add(1, Relaxed);
        }
        welcome
    }
}

/// Has no `server` field, so it works with any other state too.
#[derive(StreamRequestHandler)]
struct Greeter {
    wfile: SocketWriter,
}

impl Greeter {
    fn handle(&mut self) -> io::Result<()> {
        self.wfile.write_all(b"You are on the list.\n")
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let guarded =
        Guarded { allowed: vec![Ipv4Addr::LOCALHOST.into()], refused: AtomicUsize::new(0) };
    let running =
        ThreadingTCPServer::<Greeter, Guarded>::with(guarded).bind("127.0.0.1:9999")?.spawn()?;
    io::stdin().read_line(&mut String::new())?;
    println!("{} requests were refused.", running.refused.load(Relaxed));
    running.drain(Duration::from_secs(5))?;
    Ok(())
}
