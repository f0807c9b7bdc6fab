//! `rustls` without sockets: what its own benchmark measures.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConnection};
use tests::prelude::*;

use crate::servers;

/// The time of a server's side of a full handshake, in microseconds.
pub(crate) fn handshake(files: &Files, client: &Arc<ClientConfig>, count: u32) -> f64 {
    let config = Arc::new(servers::config(&files.cert, &files.key));
    let mut spent = Duration::ZERO;
    for _ in 0..count {
        let host = ServerName::try_from("localhost").expect("a host");
        let mut client = ClientConnection::new(client.clone(), host).expect("a client");
        let began = Instant::now();
        let mut server = ServerConnection::new(config.clone()).expect("a server");
        spent += began.elapsed();
        while client.is_handshaking() || server.is_handshaking() {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).expect("a vector takes all");
            }
            let began = Instant::now();
            let mut answer = Vec::new();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                server.read_tls(&mut rest).expect("bytes");
                server.process_new_packets().expect("a good client");
            }
            while server.wants_write() {
                server.write_tls(&mut answer).expect("a vector takes all");
            }
            spent += began.elapsed();
            let mut rest = &answer[..];
            while !rest.is_empty() {
                client.read_tls(&mut rest).expect("bytes");
                client.process_new_packets().expect("a good server");
            }
        }
    }
    spent.as_secs_f64() * 1e6 / f64::from(count)
}
