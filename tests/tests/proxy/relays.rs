//! Relays that send a header themselves.

use socketserver::proxy::{ProxyHeader, Version};
use tests::prelude::*;

/// A client of the relay is the server's client too.
fn a_relay_passes_its_client_on<C: Concurrent>() {
    let protocol = local_proxies();
    let server = run(ThreadingTCPServer::<Behind>::builder().proxy_protocol(protocol), LOCAL);
    for version in [Version::V1, Version::V2] {
        let upstream = server.address();
        let relaying = Server::<Tcp, C, _, _>::handling(move |client: Socket, address: Address| {
            let upstream = create_connection(upstream.clone(), Some(DEADLINE))?;
            let header = ProxyHeader::new(address, client.getsockname()?).with_checksum()?;
            upstream.sendall(&header.encode(version)?)?;
            relay(&client, &upstream).map(drop)
        });
        let relaying = run(relaying, LOCAL);
        let mut client = Client::stream(&relaying.address());
        let own = client.tcp().local_addr().expect("an address");
        client.send("hello");
        let answer = String::from_utf8(client.finish()).expect("text");
        assert!(answer.starts_with(&format!("client {own} 127.0.0.1:")), "{answer}");
        assert!(answer.ends_with("\nhello"), "{answer}");
    }
}

matrix!(concurrent: a_relay_passes_its_client_on);
