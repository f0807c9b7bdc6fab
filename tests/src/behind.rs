//! Servers behind a proxy, and the cases of what their connections begin with.

use socketserver::proxy::ProxyProtocol;

use crate::prelude::*;
use crate::rows::{Answer, rows};

/// Says what the proxy and the system have said about the connection, before it receives anything;
/// then sends back what it receives.
#[derive(BaseRequestHandler, Debug)]
pub struct Behind {
    request: Socket,
    client_address: Address,
}

impl Behind {
    fn handle(&self) -> io::Result<()> {
        let said = match self.request.proxy() {
            None => "direct",
            Some(header) if header.is_local() => "local",
            Some(header) if header.client().is_some() => "client",
            Some(_) => "peer",
        };
        let (client, peer) = (&self.client_address, self.request.getpeername()?);
        self.request.sendall(format!("{said} {client} {peer}\n").as_bytes())?;
        loop {
            match &*self.request.recv(65_536)? {
                [] => return Ok(()),
                data => self.request.sendall(data)?,
            }
        }
    }
}

/// Proxies on this machine.
pub fn local_proxies() -> ProxyProtocol {
    ProxyProtocol::trusting(["127.0.0.0/8"]).expect("a network")
}

/// How a connection's first bytes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pieces {
    /// All at once.
    Whole,
    /// A byte in each segment.
    Bytes,
}

/// Connects to a server of [`Behind`] with the bytes of a row, and checks the answer. `serve` is
/// called when it is connected, and has sent them.
#[track_caller]
pub fn meet_row(
    server: &Address,
    (number, bytes, answer): &(u8, Vec<u8>, Answer),
    pieces: Pieces,
    serve: impl FnOnce(),
) {
    let mut client = Client::stream(server);
    let peer = client.tcp().local_addr().expect("an address");
    // A wrong byte decides alone: the client sends no byte after it, and does not end its stream.
    let bytes = match answer {
        Answer::Wrong(at) => &bytes[..*at],
        _ => bytes,
    };
    match pieces {
        Pieces::Whole => client.send(bytes),
        Pieces::Bytes => {
            client.tcp().set_nodelay(true).expect("an option");
            bytes.chunks(1).for_each(|byte| client.send(byte));
        }
    }
    serve();
    let (greeting, rest) = match answer {
        Answer::Client(name, rest) => (format!("client {name} {peer}\n"), *rest),
        Answer::Peer(rest) => (format!("peer {peer} {peer}\n"), *rest),
        Answer::Local(rest) => (format!("local {peer} {peer}\n"), *rest),
        Answer::Wrong(_) => (String::new(), &[][..]),
    };
    let row = format!("row {number}, {pieces:?}: {answer:?}");
    // A wrong one is ended by the server, and each other one is greeted before it ends.
    let greeted = match greeting.len() {
        0 => client.rest(),
        length => client.recv_exact(length),
    };
    assert_eq!(String::from_utf8_lossy(&greeted), greeting, "{row}");
    assert_eq!(client.finish(), rest, "{row}");
}

/// Lets a server of [`Behind`] meet every row, in both ways. Returns how many connections were
/// right, and how many wrong.
#[track_caller]
pub fn meet_rows(server: &Address, mut serve: impl FnMut()) -> (u64, u64) {
    let mut ends = (0, 0);
    for row in rows() {
        for pieces in [Pieces::Whole, Pieces::Bytes] {
            meet_row(server, &row, pieces, &mut serve);
            match row.2 {
                Answer::Wrong(_) => ends.1 += 1,
                _ => ends.0 += 1,
            }
        }
    }
    ends
}
