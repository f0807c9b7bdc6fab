//! `#[derive(DatagramRequestHandler)]` behind a server: its files, and when a reply is sent.

use std::os::unix::net;

use tests::prelude::*;

/// Sends back the lines of a datagram in upper case, and their number.
#[derive(DatagramRequestHandler)]
struct UpperLines {
    rfile: PacketReader,
    wfile: Vec<u8>,
    count: usize,
}

impl UpperLines {
    fn handle(&mut self) -> io::Result<()> {
        for line in self.rfile.by_ref().lines() {
            writeln!(self.wfile, "{}", line?.to_uppercase())?;
            self.count += 1;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        write!(self.wfile, "{}", self.count)
    }
}

fn wfile_is_sent_as_one_reply<T: Datagrams, C: Column>() {
    let (_folder, server) = placed(Server::<T, C, UpperLines>::builder());
    let mut client = T::client(&server.address());
    let mut ask = |question: &[u8]| {
        client.write_all(question).expect("send");
        String::from_utf8(client.recv()).expect("text")
    };
    assert_eq!(ask(b"hello\nworld"), "HELLO\nWORLD\n2");
    assert_eq!(ask(b"x"), "X\n1");
    assert_eq!(ask(&b"x\n".repeat(10_000)), "X\n".repeat(10_000) + "10000");
}

/// Checks its attributes, and sends the packet back.
#[derive(DatagramRequestHandler)]
struct Attributes {
    request: Datagram,
    client_address: Address,
    server: ServerRef<()>,
    packet: Arc<[u8]>,
    socket: ReplySocket,
    rfile: PacketReader,
}

impl Attributes {
    fn handle(&mut self) -> io::Result<()> {
        assert_eq!(self.packet, self.request.data);
        assert_eq!(self.socket.fileno(), self.request.socket.fileno());
        assert_eq!(self.socket.getsockname()?, *self.server.server_address());
        let mut read = Vec::new();
        self.rfile.read_to_end(&mut read)?;
        assert_eq!(*read, *self.packet);
        self.socket.sendto(&self.packet, &self.client_address)?;
        Ok(())
    }
}

fn all_attributes_are_of_one_datagram<T: Datagrams, C: Column>() {
    let (_folder, server) = placed(Server::<T, C, Attributes>::builder());
    let mut client = T::client(&server.address());
    assert_eq!(client.ask(b"hello"), b"hello");
    assert_eq!(server.ends(), [1, 0, 0, 0]);
}

/// Does what its packet says, and in most cases writes first.
#[derive(DatagramRequestHandler)]
struct Told {
    packet: Arc<[u8]>,
    wfile: Vec<u8>,
}

impl Told {
    fn fails_at(&self, place: &[u8]) -> Result<(), &'static str> {
        match *self.packet == *place {
            true => Err("as told"),
            false => Ok(()),
        }
    }

    fn setup(&self) -> Result<(), &'static str> {
        self.fails_at(b"fail in setup")
    }

    fn handle(&mut self) -> Result<(), &'static str> {
        match &*self.packet {
            b"nothing" => return Ok(()),
            b"too much" => self.wfile.resize(8 << 20, b'x'),
            packet => self.wfile.extend_from_slice(packet),
        }
        match &*self.packet {
            b"panic" => resume_unwind(Box::new("as told")),
            _ => self.fails_at(b"fail"),
        }
    }

    fn finish(&mut self) -> Result<(), &'static str> {
        self.fails_at(b"fail in finish")
    }
}

/// Neither half a reply nor an empty one. A reply that is too long is an error.
///
/// Complaint 22.
fn only_a_complete_reply_is_sent<T: Datagrams, C: Column>() {
    let (_folder, server) = placed(Server::<T, C, Told>::builder());
    let mut client = T::client(&server.address());
    let failing = ["fail in setup", "fail", "panic", "fail in finish"];
    for word in ["nothing", "too much"].into_iter().chain(failing) {
        client.send(word);
    }
    until("all are handled", || {
        let stats = server.stats();
        (stats.accepted, stats.active) == (6, 0)
    });
    assert_eq!((server.stats().finished, server.stats().failed), (1, 5));
    // Had any of them been answered, that answer would be the first.
    assert_eq!(client.ask(b"well"), b"well");
}

matrix!(
    datagrams: wfile_is_sent_as_one_reply, all_attributes_are_of_one_datagram,
    only_a_complete_reply_is_sent,
);

/// Complaint 22.
fn a_client_without_an_address_is_no_failure<C: Column>() {
    let (folder, server) = placed(Server::<UnixDatagram, C, Told>::builder());
    let unnamed = net::UnixDatagram::unbound().expect("a socket");
    let gone = net::UnixDatagram::bind(folder.join("gone")).expect("bind");
    let removed = net::UnixDatagram::bind(folder.join("removed")).expect("bind");
    fs::remove_file(folder.join("removed")).expect("its file");
    for client in [&unnamed, &gone, &removed] {
        client.send_to(b"hello", folder.join("server")).expect("send");
    }
    drop(gone);
    assert_eq!(Client::datagram(&server.address()).ask(b"hello"), b"hello");
    assert_eq!(server.ends(), [4, 0, 0, 0]);
}

/// It leaves its answers where they are, and the next ones are dropped.
fn unread_replies_fail_no_request<C: Column>() {
    let builder = Server::<UnixDatagram, C, Told>::builder();
    let (folder, server) = placed(builder.send_timeout(Duration::from_millis(20)));
    // Not connected: the system counts what lies in its queue only for such a client.
    let lazy = net::UnixDatagram::bind(folder.join("lazy")).expect("bind");
    lazy.set_write_timeout(Some(DEADLINE)).expect("a timeout");
    for _ in 0..30 {
        lazy.send_to(b"hello", folder.join("server")).expect("send");
    }
    assert_eq!(Client::datagram(&server.address()).ask(b"hello"), b"hello");
    assert_eq!(server.ends(), [31, 0, 0, 0]);

    lazy.set_nonblocking(true).expect("a non-blocking socket");
    let answers = std::iter::from_fn(|| lazy.recv(&mut [0; 10]).ok()).count();
    assert!((1..30).contains(&answers), "{answers}");
    assert_eq!(error_kind(lazy.recv(&mut [0; 10])), ErrorKind::WouldBlock);
}

matrix!(columns: a_client_without_an_address_is_no_failure, unread_replies_fail_no_request);
