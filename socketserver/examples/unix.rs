//! Sends each client the number of its process and its user, which a Unix socket knows.
//!
//!     cargo run --example unix
//!     nc -U ./whoami.socket

use std::io;
use std::time::Duration;

use socketserver::{Socket, ThreadingUnixStreamServer};

fn main() -> io::Result<()> {
    env_logger::init();
    let server = ThreadingUnixStreamServer::handling(|request: Socket, _client_address| {
        // The client's socket usually has no path, so its address does not identify it.
        let peer = request.peer_cred()?;
        // A process outside the server's container has no number here.
        let process = peer.pid.map_or("unknown".to_owned(), |pid| pid.to_string());
        let answer = format!("process {process} of user {}\n", peer.uid);
        request.sendall(answer.as_bytes())
    })
    // Only processes of this user may connect.
    .mode(0o600)
    .bind("./whoami.socket")?;
    // Without this, Ctrl-C leaves the file behind. The next server would replace it.
    server.drain_on_signals(Duration::from_secs(5))?;
    server.serve_forever()
}
