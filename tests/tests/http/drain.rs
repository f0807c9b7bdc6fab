//! The end of a server: which of its clients' requests are still answered.

use std::net::{TcpListener, TcpStream};

use socketserver::http::{BaseHTTPRequestHandler, ReplyWriter};
use tests::prelude::*;

use crate::harness::{Column, list, programs};
use crate::replies::{Reply, read_reply};
use crate::site::{Site, serve, serve_bound};

list!(
    ;
    downloads_finish_in_a_drain,
    files_finish_in_a_drain,
    no_request_is_lost_over_stops;
    idle_connections_end_before_downloads;
);
programs!(downloads, numbered);

/// How much a download sends: more than the buffers of both sides hold.
const DOWNLOAD: usize = 64 << 20;

/// A number that the environment may set, for a test of full size.
fn size(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |size| size.parse().expect("a number"))
}

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Numbered {
    server: ServerRef<Handled>,
    path: String,
    wfile: ReplyWriter,
}

/// A file with the numbers of the requests that were handled, by whatever process.
struct Handled(File);

impl BaseServer for Handled {}

#[allow(non_snake_case)]
impl Numbered {
    fn do_GET(&mut self) -> io::Result<()> {
        let number: u64 = self.path[1..].parse().map_err(io::Error::other)?;
        (&self.server.0).write_all(&number.to_ne_bytes())?;
        let body = self.path.clone();
        self.reply(200, "text/plain", body)
    }

    fn log_message(&mut self, _: &str) {}
}

/// Its listener is standard input, and its argument the file for the numbers.
fn numbered(column: Column, arguments: &[String]) {
    let listener = io::stdin().as_fd().try_clone_to_owned().expect("a descriptor");
    let file = File::options().append(true).open(&arguments[0]).expect("a file");
    let builder =
        Builder::<_, _, Numbered, _>::new(Tcp::new(), column.concurrency(), Handled(file));
    let server =
        builder.lame_duck(Duration::from_millis(50)).from_socket(TcpListener::from(listener));
    assert_eq!(serve_bound(server.expect("a server")).aborted, 0);
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

    fn send(&mut self, path: &str) -> io::Result<()> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        self.stream.write_all(request.as_bytes())
    }

    /// `None` if the server has closed the connection without a reply.
    fn ask(&mut self, path: &str) -> Option<Reply> {
        self.send(path).ok()?;
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
                Ok(length @ 1..) => self.received.extend_from_slice(&piece[..length]),
                ended => {
                    assert!(self.received.is_empty(), "a reply broke off: {ended:?}");
                    return None;
                }
            }
        }
    }

    /// Asks for a download, and waits until it has begun.
    fn begin(&mut self, path: &str) {
        self.send(path).expect("send");
        while !self.received.ends_with(b"\r\n\r\n") {
            let mut byte = [0; 1];
            self.stream.read_exact(&mut byte).expect("the reply's head");
            self.received.extend(byte);
        }
        self.received.clear();
    }

    /// The length of the download, after which the server closes the connection.
    fn rest(&mut self) -> u64 {
        io::copy(&mut self.stream, &mut io::sink()).expect("the reply's body")
    }
}

/// The order says it: the drain goes on until the download is read, after all of them have ended.
/// On a machine that does nothing else, which `STRICT=1` says, they take less than 100 ms.
fn idle_connections_end_before_downloads(column: Column) {
    let site = Site::start("drain::downloads", column, &[]);
    let mut busy = KeepAlive::connect(site.address());
    busy.begin("/large");
    let mut idle: Vec<_> = (0..20).map(|_| KeepAlive::connect(site.address())).collect();
    for client in &mut idle {
        assert_eq!(client.ask("/small").expect("a reply").body.len(), 10);
    }
    let began = Instant::now();
    let ending = thread::spawn(move || site.end());
    for client in &mut idle {
        assert_eq!(client.reply(), None);
    }
    let took = began.elapsed();
    assert!(!ending.is_finished());
    assert_eq!(busy.rest(), DOWNLOAD as u64);
    in_time("the server's end", || ending.join()).expect("a good end");
    if std::env::var_os("STRICT").is_some() {
        println!("{column}: idle connections ended {took:?} after the signal");
        assert!(took < Duration::from_millis(100), "{took:?}");
    }
}

fn downloads_finish_in_a_drain(column: Column) {
    download(column, Site::start("drain::downloads", column, &[]), DOWNLOAD as u64);
}

/// `DOWNLOAD` is the size of the file in MiB.
fn files_finish_in_a_drain(column: Column) {
    let (folder, length) = (Folder::new(), size("DOWNLOAD", 64) << 20);
    File::create(folder.join("large")).and_then(|file| file.set_len(length)).expect("a file");
    let folder = folder.path().to_str().expect("text");
    download(column, Site::start("files::files", column, &[folder]), length);
}

fn download(column: Column, site: Site, length: u64) {
    let mut client = KeepAlive::connect(site.address());
    client.begin("/large");
    let ending = thread::spawn(move || site.end());
    // The drain has begun when others are refused, but a loop that serves does not begin it.
    let address = client.stream.peer_addr().expect("an address");
    let is_refused = || TcpStream::connect(address).is_err();
    until("the listener is closed", || column == Column::Inline || is_refused());
    assert_eq!(client.rest(), length);
    in_time("the server's end", || ending.join()).expect("a good end");
}

/// Clients ask one server after the other, each a process on one listener, and each stops while
/// they ask. A client whose connection closes before a byte of the reply asks again, as every HTTP
/// client does. Each request is handled once, and answered. `STOPS` and `REQUESTS` are the size of
/// the test.
fn no_request_is_lost_over_stops(column: Column) {
    const CLIENTS: u64 = 8;
    let (stops, requests) = (size("STOPS", 3), size("REQUESTS", 3_000));
    let listener = TcpListener::bind(LOCAL).expect("bind");
    let address = listener.local_addr().expect("an address").to_address().expect("an address");
    let folder = Folder::new();
    let handled = folder.join("handled");
    File::create(&handled).expect("a file");
    let start = || {
        let listener = OwnedFd::from(listener.try_clone().expect("a descriptor"));
        Site::start_on(listener, "drain::numbered", column, &[handled.to_str().expect("text")])
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
            std::mem::replace(&mut server, start()).end();
        }
    });
    server.end();
    let handled = fs::read(&handled).expect("the file");
    let (handled, []) = handled.as_chunks() else { panic!("{} bytes", handled.len()) };
    let mut handled: Vec<_> = handled.iter().map(|number| u64::from_ne_bytes(*number)).collect();
    handled.sort_unstable();
    assert_eq!(handled, (0..requests).collect::<Vec<_>>());
}
