//! The handlers and clients with which every kind of server is tried: one line there and back.

use tests::prelude::*;

const TEST_STR: &[u8] = b"hello world\n";

/// `make_server.MyHandler` over a `StreamRequestHandler`, line 105.
#[derive(StreamRequestHandler)]
pub(crate) struct StreamEcho {
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl StreamEcho {
    fn handle(&mut self) -> io::Result<()> {
        echo(&mut self.rfile, &mut self.wfile)
    }
}

/// The same over a `DatagramRequestHandler`.
#[derive(DatagramRequestHandler)]
pub(crate) struct DatagramEcho {
    rfile: PacketReader,
    wfile: Vec<u8>,
}

impl DatagramEcho {
    fn handle(&mut self) -> io::Result<()> {
        echo(&mut self.rfile, &mut self.wfile)
    }
}

fn echo(rfile: &mut impl BufRead, wfile: &mut impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    rfile.read_until(b'\n', &mut line)?;
    wfile.write_all(&line)
}

/// `stream_examine`, line 155.
pub(crate) fn stream_examine(address: &Address) {
    assert_eq!(Client::stream(address).ask(TEST_STR), TEST_STR);
}

/// `dgram_examine`, line 165.
pub(crate) fn dgram_examine(address: &Address) {
    assert_eq!(Client::datagram(address).ask(TEST_STR), TEST_STR);
}
