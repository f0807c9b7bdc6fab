//! Tells processes of the same user who they are: a Unix socket knows who is at its other end.
//!
//!     cargo run --example unix
//!     nc -U ./who.socket

use std::io;
use std::time::Duration;

use socketserver::{Socket, ThreadingUnixStreamServer};

fn main() -> io::Result<()> {
    env_logger::init();
    let server = ThreadingUnixStreamServer::handling(|request: Socket, _client_address| {
        // A client's socket most often has no name, so its address says nothing.
        let peer = request.peer_cred()?;
        // A process outside the server's container has no number here.
        let process = peer.pid.map_or("unknown".to_owned(), |pid| pid.to_string());
        let answer = format!("process {process} of user {}\n", peer.uid);
        request.sendall(answer.as_bytes())
    })
    // Only this user may connect.
    .mode(0o600)
    .bind("./who.socket")?;
    // Ctrl-C would leave the file behind. (That does no harm: the next server replaces it.)
    server.drain_on_signals(Duration::from_secs(5))?;
    server.serve_forever()
}
