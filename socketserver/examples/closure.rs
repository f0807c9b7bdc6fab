//! Counts its visitors. A closure is a handler too, and all requests share its captured values.
//!
//!     cargo run --example closure
//!     nc 127.0.0.1 9999

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use socketserver::{Socket, ThreadingTCPServer};

fn main() -> io::Result<()> {
    env_logger::init();
    let visitors = AtomicUsize::new(0);
    let server = ThreadingTCPServer::handling(move |request: Socket, client_address| {
        let number = visitors.fetch_add(1, Relaxed) + 1;
        let greeting = format!("Hello, {client_address}. You are visitor number {number}.\n");
        request.sendall(greeting.as_bytes())
    })
    .bind("127.0.0.1:9999")?;
    server.serve_forever()
}
