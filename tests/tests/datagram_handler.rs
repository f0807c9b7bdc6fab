//! `#[derive(DatagramRequestHandler)]`: its files, and when a reply is sent.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::os::unix::net;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use socketserver::{
    Address, Concurrency, Datagram, DatagramRequestHandler, PacketReader, ReplySocket, Server, Udp,
    UnixDatagram,
};
use tests::{Client, DEADLINE, Folder, Place, matrix, python, run, until};

/// Sends back the lines of a datagram in upper case, and how many they were.
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

fn what_was_written_is_one_reply<T, C>()
where
    T: Place<Request = Datagram>,
    C: Concurrency + Default,
{
    let folder = Folder::new();
    let server = run(Server::<T, C, UpperLines>::builder(), T::address(&folder));
    let mut client = T::client(&server.address());
    let mut ask = |question: &[u8]| {
        client.write_all(question).expect("send");
        String::from_utf8(client.recv()).expect("text")
    };
    assert_eq!(ask(b"hello\nworld"), "HELLO\nWORLD\n2");
    assert_eq!(ask(b"x"), "X\n1");
    assert_eq!(ask(&b"x\n".repeat(10_000)), "X\n".repeat(10_000) + "10000");
}

/// Checks that its attributes are what they should be.
#[derive(DatagramRequestHandler)]
struct Attributes {
    request: Datagram,
    client_address: Address,
    packet: Arc<[u8]>,
    socket: ReplySocket,
    rfile: PacketReader,
}

impl Attributes {
    fn handle(&mut self) -> io::Result<()> {
        assert_eq!(self.packet, self.request.data);
        assert_eq!(self.socket.fileno(), self.request.socket.fileno());
        let mut read = Vec::new();
        self.rfile.read_to_end(&mut read)?;
        assert_eq!(*read, *self.packet);
        self.socket.sendto(&self.packet, &self.client_address)?;
        Ok(())
    }
}

fn all_attributes_are_of_the_same_datagram<T, C>()
where
    T: Place<Request = Datagram>,
    C: Concurrency + Default,
{
    let folder = Folder::new();
    let server = run(Server::<T, C, Attributes>::builder(), T::address(&folder));
    let mut client = T::client(&server.address());
    assert_eq!(client.ask(b"hello"), b"hello");
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.finished, stats.failed), (1, 0));
}

/// Does as it is told, after it has written something or not.
#[derive(DatagramRequestHandler)]
struct Told {
    packet: Arc<[u8]>,
    wfile: Vec<u8>,
}

impl Told {
    fn handle(&mut self) -> Result<(), &'static str> {
        match &*self.packet {
            b"nothing" => return Ok(()),
            b"too much" => self.wfile.resize(8 << 20, b'x'),
            packet => self.wfile.extend_from_slice(packet),
        }
        match &*self.packet {
            b"fail" => Err("as told"),
            b"panic" => resume_unwind(Box::new("as told")),
            _ => Ok(()),
        }
    }

    fn finish(&mut self) -> Result<(), &'static str> {
        match &*self.packet {
            b"fail in finish" => Err("as told"),
            _ => Ok(()),
        }
    }
}

/// Nothing that was not written, nothing that is only half of a reply, nothing that is no datagram
/// any more, which is an error.
fn only_what_was_written_and_well_is_sent<T, C>()
where
    T: Place<Request = Datagram>,
    C: Concurrency + Default,
{
    let folder = Folder::new();
    let server = run(Server::<T, C, Told>::builder(), T::address(&folder));
    let mut client = T::client(&server.address());
    for word in ["nothing", "fail", "panic", "fail in finish", "too much"] {
        client.send(word);
    }
    until("all are handled", || {
        let stats = server.stats();
        (stats.accepted, stats.active) == (5, 0)
    });
    assert_eq!((server.stats().finished, server.stats().failed), (1, 4));
    // Had any of them been answered, that answer would be the first.
    assert_eq!(client.ask(b"well"), b"well");
}

matrix!(
    datagrams: what_was_written_is_one_reply,
    all_attributes_are_of_the_same_datagram,
    only_what_was_written_and_well_is_sent,
);

/// Neither one without a name nor one that is gone is an error.
fn a_client_that_cannot_be_answered_is_no_error<C: Concurrency + Default>() {
    let folder = Folder::new();
    let address = UnixDatagram::address(&folder);
    let server = run(Server::<UnixDatagram, C, Told>::builder(), address);
    let path = folder.join("server");
    let nameless = net::UnixDatagram::unbound().expect("a socket");
    nameless.send_to(b"hello", &path).expect("send");
    let gone = net::UnixDatagram::bind(folder.join("gone")).expect("bind");
    gone.send_to(b"hello", &path).expect("send");
    drop(gone);
    assert_eq!(Client::datagram(&server.address()).ask(b"hello"), b"hello");
    until("all are handled", || server.stats().active == 0);
    assert_eq!((server.stats().finished, server.stats().failed), (3, 0));
}

/// It leaves its answers where they are, and the next ones are given up.
fn a_client_that_does_not_read_is_no_error<C: Concurrency + Default>() {
    let folder = Folder::new();
    let builder = Server::<UnixDatagram, C, Told>::builder();
    let builder = builder.send_timeout(Duration::from_millis(20));
    let server = run(builder, UnixDatagram::address(&folder));
    let lazy = net::UnixDatagram::bind(folder.join("lazy")).expect("bind");
    lazy.set_write_timeout(Some(DEADLINE)).expect("a timeout");
    for _ in 0..30 {
        lazy.send_to(b"hello", folder.join("server")).expect("send");
    }
    assert_eq!(Client::datagram(&server.address()).ask(b"hello"), b"hello");
    until("all are handled", || server.stats().active == 0);
    assert_eq!((server.stats().finished, server.stats().failed), (31, 0));

    lazy.set_nonblocking(true).expect("a non-blocking socket");
    let answers = std::iter::from_fn(|| lazy.recv(&mut [0; 10]).ok()).count();
    assert!((1..30).contains(&answers), "{answers}");
    let left = lazy.recv(&mut [0; 10]).expect_err("nothing");
    assert_eq!(left.kind(), ErrorKind::WouldBlock);
}

matrix!(
    columns: a_client_that_cannot_be_answered_is_no_error,
    a_client_that_does_not_read_is_no_error,
);

fn clients_in_python<C: Concurrency + Default>() {
    let server = run(Server::<Udp, C, UpperLines>::builder(), "127.0.0.1:0");
    let script = "
import socket, sys
for text in (b'hello', b'two\\nlines', b''):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.sendto(text, ('127.0.0.1', int(sys.argv[1])))
        print(client.recv(65536))
";
    let port = server.address().port().expect("a port").to_string();
    let Some(client) = python(script, &[&port]) else {
        return;
    };
    let (status, said, errors) = client.wait();
    assert!(status.success(), "{errors}");
    assert_eq!(said, "b'HELLO\\n1'\nb'TWO\\nLINES\\n2'\nb'0'\n");
}

matrix!(columns: clients_in_python);
