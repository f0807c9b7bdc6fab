//! Requests over HTTP, on a connection that stays open.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;

use socketserver::http::{BaseHTTPRequestHandler, ReplyWriter};
use socketserver::{Builder, Concurrency, Tcp};

use crate::paths::{enable_green, on_one_processor};

/// As short as that of `wrk`.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

const BODY: &str = "Hello, world!\n";

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Hello {
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Hello {
    fn do_GET(&mut self) -> io::Result<()> {
        self.reply(200, "text/plain", BODY)
    }
}

/// A client's requests, one after the other. What it costs to send and receive counts too.
pub(crate) fn requests(concurrency: impl Concurrency, rounds: u64) -> io::Result<()> {
    on_one_processor()?;
    enable_green();
    let builder = Builder::<_, _, Hello, _>::new(Tcp::new(), concurrency, ());
    let server = Arc::new(builder.bind("127.0.0.1:0")?);
    let serving = thread::spawn({
        let server = server.clone();
        move || server.serve_forever()
    });
    let mut client = TcpStream::connect(server.server_address().to_string())?;
    let mut reply = [0; 1024];
    for _ in 0..rounds {
        client.write_all(REQUEST)?;
        let received = client.read(&mut reply)?;
        if !reply[..received].ends_with(BODY.as_bytes()) {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    client.shutdown(Shutdown::Both)?;
    server.shutdown();
    serving.join().expect("no panic")
}
