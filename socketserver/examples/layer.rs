//! A layer between the handler and the connection, where TLS would be: here a cipher of great age.
//!
//!     cargo run --example layer
//!     nc 127.0.0.1 9999               # and then Uryyb

use std::io;

use socketserver::{Address, Layer, Socket, ThreadingTCPServer, Wire};

/// Shifts letters by half the alphabet. The same shift decodes them.
struct Rot13;

fn rot13(byte: u8) -> u8 {
    let first = match byte {
        b'a'..=b'z' => b'a',
        b'A'..=b'Z' => b'A',
        _ => return byte,
    };
    first + (byte - first + 13) % 26
}

impl Layer for Rot13 {
    fn recv(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        let received = wire.recv(buffer)?;
        for byte in &mut buffer[..received] {
            *byte = rot13(*byte);
        }
        Ok(received)
    }

    fn send(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
        let secret: Vec<u8> = data.iter().copied().map(rot13).collect();
        wire.send(&secret)
    }

    fn end(&self, _wire: &Wire<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Reads and writes plain text, as far as it can see.
fn upper(request: Socket, _client_address: Address) -> io::Result<()> {
    request.set_layer(Rot13)?;
    let data = request.recv(1024)?;
    request.sendall(&data.to_ascii_uppercase())
}

fn main() -> io::Result<()> {
    env_logger::init();
    ThreadingTCPServer::handling(upper).bind("127.0.0.1:9999")?.serve_forever()
}
