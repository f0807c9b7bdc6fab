//! The TCP transport.

use socketserver::{Concurrency, Server, Socket};
use tests::{Folder, Place, matrix, run};

fn upper(request: Socket, _: socketserver::Address) -> std::io::Result<()> {
    loop {
        let data = request.recv(65_536)?;
        if data.is_empty() {
            return Ok(());
        }
        request.sendall(&data.to_ascii_uppercase())?;
    }
}

fn every_byte_comes_back<T: Place<Request = Socket>, C: Concurrency + Default>() {
    let folder = Folder::new();
    let server = run(Server::<T, C, _, _>::handling(upper), T::address(&folder));
    for length in [1, 2, 1_023, 1_024, 1_025, 60_000] {
        let text: Vec<u8> = (0..length).map(|place| b'a' + (place % 26) as u8).collect();
        let mut client = T::client(&server.address());
        assert_eq!(client.ask(&text), text.to_ascii_uppercase());
        assert_eq!(client.finish(), b"");
    }
}

matrix!(streams: every_byte_comes_back);
