//! A handler of datagrams answers with the server's socket, and does nothing else with it.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use socketserver::{Address, Datagram, ThreadingUDPServer};

fn handle(request: Datagram, client: Address) -> io::Result<()> {
    request.socket.close();
    request.socket.connect(&client)?;
    request.socket.shutdown(Shutdown::Both)?;
    request.socket.detach()?;
    request.socket.recvfrom(100)?;
    request.socket.settimeout(Some(Duration::ZERO))?;
    std::os::fd::AsFd::as_fd(&request.socket);
    Ok(())
}

fn main() {
    let _ = ThreadingUDPServer::handling(handle);
}
