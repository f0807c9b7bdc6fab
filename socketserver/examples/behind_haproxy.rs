//! A server behind HAProxy, which sees its clients and not the proxy.
//!
//! ```sh
//! cargo run --example behind_haproxy --features proxy
//! haproxy -db -f socketserver/examples/haproxy.cfg    # in a second terminal
//! nc 127.0.0.1 8000                                   # in a third
//! ```

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use socketserver::proxy::ProxyProtocol;
use socketserver::{
    Address, BaseServer, ServerRef, Socket, SocketReader, StreamRequestHandler, ThreadingTCPServer,
};

/// Addresses of clients that are refused. They are not compared with the proxy's address.
struct Blocked(Vec<IpAddr>);

impl BaseServer for Blocked {
    fn verify_request(&self, _: &Socket, client: &Address, _: &ServerRef<Self>) -> bool {
        client.ip().is_some_and(|ip| !self.0.contains(&ip))
    }
}

#[derive(StreamRequestHandler)]
struct Greet {
    request: Socket,
    rfile: SocketReader,
    client_address: Address,
}

impl Greet {
    fn handle(&mut self) -> io::Result<()> {
        let (client, proxy) = (&self.client_address, self.request.getpeername()?);
        self.request.sendall(format!("hello {client}, by way of {proxy}\n").as_bytes())?;
        // Nothing that followed the header is lost.
        while let line @ [_, ..] = &*self.rfile.readline(1_000)? {
            self.request.sendall(line)?;
        }
        Ok(())
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9999".to_owned());
    let blocked = Blocked(vec![[203, 0, 113, 9].into()]);
    // HAProxy is on this machine. Any program on it can therefore pretend to be any client.
    let proxies = ProxyProtocol::trusting(["127.0.0.0/8", "::1"])?;
    let server = ThreadingTCPServer::<Greet, _>::with(blocked)
        .proxy_protocol(proxies)
        .max_connections_per_address(20)
        .client_timeout(Duration::from_secs(60))
        .bind(&*address)?;
    server.drain_on_signals(Duration::from_secs(5))?;
    log::info!("listening on {}", server.server_address());
    server.serve_forever()
}
