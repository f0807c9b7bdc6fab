//! The end of a server: which of its clients' requests are still answered.

use std::net::{TcpListener, TcpStream};

use socketserver::http::{BaseHTTPRequestHandler, ReplyWriter};
use tests::prelude::*;

use crate::harness::{Column, list, programs};
use crate::replies::{Reply, read_reply};
use crate::site::{Site, serve};

list!(; a_drain_lets_downloads_finish; idle_connections_end_at_once, no_request_is_lost_over_stops);
programs!(downloads);

/// How much a download sends: more than the buffers of both sides hold.
const DOWNLOAD: usize = 64 << 20;

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Numbered {
    server: ServerRef<Handled>,
    path: String,
    wfile: ReplyWriter,
}

/// The numbers of the requests that were handled.
#[derive(Default)]
struct Handled(Mutex<Vec<u64>>);

impl BaseServer for Handled {}

#[allow(non_snake_case)]
impl Numbered {
    fn do_GET(&mut self) -> io::Result<()> {
        let number = self.path[1..].parse().map_err(io::Error::other)?;
        self.server.0.lock().push(number);
        let body = self.path.clone();
        self.reply(200, "text/plain", body)
    }

    fn log_message(&mut self, _: &str) {}
}

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Download {
    path: String,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Download {
    fn do_GET(&mut self) -> io::Result<()> {
        let size = if self.path == "/large" { DOWNLOAD } else { 10 };
        self.send_response(200)?;
        self.send_header("Content-Length", size)?;
        self.end_headers()?;
        let piece = [b'x'; 1 << 16];
        let mut left = size;
        while left > 0 {
            let length = left.min(piece.len());
            self.wfile.write_all(&piece[..length])?;
            left -= length;
        }
        Ok(())
    }
}

fn downloads(column: Column, _: &[String]) {
    serve(Builder::<_, _, Download, _>::new(Tcp::new(), column.concurrency(), ()));
}

/// A client that keeps its connection, and reads replies as the strict reader does.
struct KeepAlive {
    stream: TcpStream,
    received: Vec<u8>,
}

impl KeepAlive {
    fn connect(address: &Address) -> Self {
        let stream = TcpStream::connect(address.to_string()).expect("connect");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        KeepAlive { stream, received: Vec::new() }
    }

    /// `None` if the server has closed the connection without a reply.
    fn ask(&mut self, path: &str) -> Option<Reply> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        self.stream.write_all(request.as_bytes()).ok()?;
        self.reply()
    }

    fn reply(&mut self) -> Option<Reply> {
        let mut piece = [0; 1 << 16];
        loop {
            if let Ok((reply, length)) = read_reply(&self.received, false, false) {
                self.received.drain(..length);
                return Some(reply);
            }
            match self.stream.read(&mut piece) {
                Ok(1..) if self.received.len() > 2 * DOWNLOAD => panic!("no end of the reply"),
                Ok(length @ 1..) => self.received.extend_from_slice(&piece[..length]),
                ended => {
                    assert!(self.received.is_empty(), "a reply broke off: {ended:?}");
                    return None;
                }
            }
        }
    }
}

/// A drain may take five seconds, and idle connections have no part in that.
fn idle_connections_end_at_once(column: Column) {
    let site = Site::start("drain::downloads", column, &[]);
    let mut clients: Vec<_> = (0..20).map(|_| KeepAlive::connect(site.address())).collect();
    for client in &mut clients {
        assert_eq!(client.ask("/small").expect("a reply").body.len(), 10);
    }
    let began = Instant::now();
    site.end();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    for client in &mut clients {
        assert_eq!(client.reply(), None);
    }
}

fn a_drain_lets_downloads_finish(column: Column) {
    let site = Site::start("drain::downloads", column, &[]);
    let mut client = KeepAlive::connect(site.address());
    client.stream.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").expect("send");
    let mut first = [0; 1];
    client.stream.read_exact(&mut first).expect("the reply has begun");
    client.received.extend(first);
    let ending = thread::spawn(move || site.end());
    let reply = client.reply().expect("a reply");
    assert_eq!(reply.body.len(), DOWNLOAD);
    in_time("the server's end", || ending.join()).expect("a good end");
}

/// Clients ask one server after the other, on one listener, and each stops while they ask. A client
/// whose connection closes before a byte of the reply asks again, as every HTTP client does. Each
/// request is handled once, and answered. `STOPS` and `REQUESTS` are the size of the test.
fn no_request_is_lost_over_stops(column: Column) {
    const CLIENTS: u64 = 8;
    if column == Column::Forking {
        // A child has its own copy of the state.
        return;
    }
    let size = |name: &str, usual: u64| {
        std::env::var(name).map_or(usual, |size| size.parse().expect("a number"))
    };
    let (stops, requests) = (size("STOPS", 3), size("REQUESTS", 3_000));
    let listener = TcpListener::bind(LOCAL).expect("bind");
    let address = listener.local_addr().expect("an address").to_address().expect("an address");
    let handled = Arc::new(Handled::default());
    let start = || {
        let listener = listener.try_clone().expect("a descriptor");
        let (transport, concurrency) = (Tcp::new(), column.concurrency());
        Builder::<_, _, Numbered, _>::with_shared(transport, concurrency, handled.clone())
            .lame_duck(Duration::from_millis(50))
            .from_socket(listener)
            .expect("a server")
            .spawn()
            .expect("a thread")
    };
    let mut server = start();
    let answered = AtomicU64::new(0);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (answered, address) = (&answered, &address);
            scope.spawn(move || {
                let mut connection = KeepAlive::connect(address);
                for number in (client..requests).step_by(CLIENTS as usize) {
                    let path = format!("/{number}");
                    let reply = loop {
                        match connection.ask(&path) {
                            Some(reply) => break reply,
                            None => connection = KeepAlive::connect(address),
                        }
                    };
                    assert_eq!(reply.text(), path);
                    answered.fetch_add(1, SeqCst);
                    if reply.field("Connection") == Some("close") {
                        connection = KeepAlive::connect(address);
                    }
                }
            });
        }
        for stop in 1..=stops {
            let due = requests * stop / (stops + 1);
            until("the clients have asked", || answered.load(SeqCst) >= due);
            let next = start();
            let old = std::mem::replace(&mut server, next);
            let drained = old.drain(DEADLINE).expect("a drain");
            assert_eq!(drained.aborted, 0);
        }
    });
    server.drain(DEADLINE).expect("a drain");
    let mut handled = handled.0.lock().clone();
    handled.sort_unstable();
    assert_eq!(handled, (0..requests).collect::<Vec<_>>());
}
