//! The attacks of slowhttptest: a slow head, a slow body, a reply that is not read, and overlapping
//! ranges.
//!
//! The limits are shorter than usual. The bars hold on a machine that does nothing else, which
//! `STRICT=1` says; beside other tests they are wider.

use std::iter;
use std::thread::sleep;

use socketserver::http::{BaseHTTPRequestHandler, BodyReader, Limits, ReplyWriter};
use tests::prelude::*;

use crate::harness::{Column, list, programs};
use crate::replies::{Replies, ask};
use crate::site::{Site, serve};

list!(
    ;
    overlapping_ranges_cost_no_memory, the_rate_decides_over_tls_too;
    slow_heads_are_ended, slow_bodies_are_ended, replies_that_are_not_read_are_ended;
);

programs!(limited, metered);

/// How long a client may take for a head, and keep a transfer waiting.
const LIMIT: Duration = Duration::from_secs(2);

/// How many clients a threading or forking server serves at a time.
const MOST: usize = 8;

/// How many slow clients there are beside a server of green threads.
const CROWD: usize = 200;

/// Between two bytes of a slow client.
const PAUSE: Duration = Duration::from_millis(100);

const LARGE: usize = 64 << 20;

#[derive(BaseHTTPRequestHandler)]
#[handler(
    protocol_version = "HTTP/1.1",
    limits = Limits {
        idle_time: LIMIT, head_time: LIMIT, body_time: LIMIT, reply_time: LIMIT, ..Limits::DEFAULT
    }
)]
struct Limited {
    rfile: BodyReader,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Limited {
    fn do_GET(&mut self) -> io::Result<()> {
        self.reply(200, "text/plain", "hello")
    }

    fn do_POST(&mut self) -> io::Result<()> {
        io::copy(&mut self.rfile, &mut io::sink())?;
        self.do_GET()
    }

    fn do_PUT(&mut self) -> io::Result<()> {
        self.send_response(200)?;
        self.send_header("Content-Length", LARGE)?;
        self.end_headers()?;
        let piece = vec![b'x'; 1 << 20];
        (0..LARGE / piece.len()).try_for_each(|_| self.wfile.write_all(&piece))
    }
}

fn limited(column: Column, _: &[String]) {
    let concurrency: Box<dyn Concurrency> = match column {
        Column::Threading => Box::new(Threading::new().max_threads(MOST)),
        Column::Forking => Box::new(Forking::new().max_children(MOST)),
        _ => column.concurrency(),
    };
    serve(Builder::<_, _, Limited, _>::new(Tcp::new(), concurrency, ()));
}

fn is_strict() -> bool {
    std::env::var_os("STRICT").is_some()
}

/// How many clients attack, so that there is a place for one that is connected.
fn crowd(column: Column) -> usize {
    if column == Column::Green { CROWD } else { MOST - 1 }
}

/// A client that is served all the time, until the attack is over. Returns how long the slowest
/// replies but one in a hundred took.
fn pulse(address: &Address, over: &AtomicBool) -> Duration {
    let mut times = Vec::new();
    let mut replies = Replies::new(Client::stream(address));
    while !over.load(Relaxed) {
        let began = Instant::now();
        replies.client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(replies.reply().text(), "hello");
        times.push(began.elapsed());
        sleep(PAUSE / 20);
    }
    times.sort();
    times[times.len() * 99 / 100]
}

/// Sends `begin`, and then `piece` again and again, until the server ends the connection. Returns
/// how long that took, and what the server has said.
fn drip(address: &Address, begin: &str, piece: &str) -> (Duration, Vec<u8>) {
    let mut client = Client::stream(address);
    let began = Instant::now();
    client.try_send(begin);
    client.tcp().set_read_timeout(Some(PAUSE)).expect("a timeout");
    let mut said = Vec::new();
    loop {
        let mut buffer = [0; 4_096];
        match client.read(&mut buffer) {
            Ok(0) => return (began.elapsed(), said),
            Ok(received) => said.extend_from_slice(&buffer[..received]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => client.try_send(piece),
            Err(_) => return (began.elapsed(), said),
        }
    }
}

/// Attacks with `begin` and `piece`; checks the bars of the healthy client, and that each attacker
/// gets a 408 and its end at the limit.
fn attack(column: Column, begin: &str, piece: &str) {
    let site = Site::start("slow::limited", column, &[]);
    let (address, over) = (site.address(), AtomicBool::new(false));
    let (p99, ends) = thread::scope(|scope| {
        let pulse = scope.spawn(|| pulse(address, &over));
        sleep(PAUSE);
        let attackers: Vec<_> =
            (0..crowd(column)).map(|_| scope.spawn(|| drip(address, begin, piece))).collect();
        let ends: Vec<_> = attackers.into_iter().map(|one| one.join().expect("an end")).collect();
        over.store(true, Relaxed);
        (pulse.join().expect("replies"), ends)
    });
    let shortest = ends.iter().map(|end| end.0).min().expect("one");
    let longest = ends.iter().map(|end| end.0).max().expect("one");
    println!(
        "figure: {column}: p99 {p99:.1?} beside {}; {shortest:.2?} to {longest:.2?} of {LIMIT:?}",
        ends.len()
    );
    let (bar, slack) = match is_strict() {
        true => (Duration::from_millis(50), LIMIT / 10),
        false => (DEADLINE / 10, LIMIT),
    };
    assert!(p99 <= bar, "{p99:?}");
    // A client notices with its next piece.
    assert!(shortest >= LIMIT - LIMIT / 10 && longest <= LIMIT + slack + PAUSE, "{longest:?}");
    for (_, said) in &ends {
        assert!(said.starts_with(b"HTTP/1.1 408 "), "{}", said.escape_ascii());
    }
    site.end();
}

fn slow_heads_are_ended(column: Column) {
    attack(column, "GET / HTTP/1.1\r\nHost: a\r\n", "X: y\r\n");
}

fn slow_bodies_are_ended(column: Column) {
    attack(column, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", "x");
}

/// A client that asks for much and reads nothing is cut off, and the reply is no whole one.
fn replies_that_are_not_read_are_ended(column: Column) {
    let site = Site::start("slow::limited", column, &[]);
    let mut silent = Vec::new();
    for _ in 0..crowd(column).min(50) {
        let mut client = Client::narrow_stream(4_096, site.address()).expect("connect");
        client.send("PUT / HTTP/1.1\r\nHost: a\r\n\r\n");
        silent.push(client);
    }
    let over = AtomicBool::new(false);
    let p99 = thread::scope(|scope| {
        let pulse = scope.spawn(|| pulse(site.address(), &over));
        sleep(2 * LIMIT);
        over.store(true, Relaxed);
        pulse.join().expect("replies")
    });
    println!("figure: {column}: p99 {p99:.1?} beside {} that read nothing", silent.len());
    assert!(p99 <= if is_strict() { Duration::from_millis(50) } else { DEADLINE / 10 }, "{p99:?}");
    for mut client in silent {
        let rest = client.rest_or_reset();
        assert!(rest.len() < LARGE / 2, "{} bytes were waiting", rest.len());
    }
    site.end();
}

/// Hundreds of ranges that overlap, asked for again and again, as once brought Apache down.
fn overlapping_ranges_cost_no_memory(column: Column) {
    const SIZE: usize = 64 << 10;
    let folder = Folder::new();
    fs::write(folder.join("file"), vec![b'x'; SIZE]).expect("write");
    let root = folder.join("").display().to_string();
    let site = Site::start("files::files", column, &[&root]);
    let ranges: String = (0..1_300).map(|last| format!(",5-{last}")).collect();
    let request = format!(
        "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=0-{ranges}\r\n\r\n"
    );
    let attack = || {
        let replies = ask(site.address(), &request);
        let sizes: Vec<_> = replies.iter().map(|reply| (reply.status, reply.body.len())).collect();
        assert!(matches!(sizes[..], [(200 | 206 | 416, ..=100_000)]), "{sizes:?}");
    };
    (0..20).for_each(|_| attack());
    let before = memory_of(site.id(), "VmRSS").expect("its memory");
    (0..300).for_each(|_| attack());
    let grown = memory_of(site.id(), "VmRSS").expect("its memory").saturating_sub(before);
    assert!(grown <= 8 << 20, "{grown} bytes");
    site.end();
}

/// How long a client of [`Metered`] may keep a reply waiting at first, and how many bytes a second
/// it must then read.
const FIRST: Duration = Duration::from_millis(900);
const RATE: u32 = 5_000;

const METERED: usize = 200_000;

/// How much one record of TLS holds.
const RECORD: usize = 16_384;

#[derive(BaseHTTPRequestHandler)]
#[handler(
    limits = Limits { body_time: FIRST, reply_time: FIRST, rate: RATE, ..Limits::DEFAULT }
)]
struct Metered {
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Metered {
    fn do_GET(&mut self) -> io::Result<()> {
        self.reply(200, "text/plain", vec![b'x'; METERED])
    }

    fn do_POST(&mut self) -> io::Result<()> {
        let body = self.body(RECORD)?;
        self.reply(200, "text/plain", body.len().to_string())
    }
}

/// The arguments are a certificate and its key.
fn metered(column: Column, identity: &[String]) {
    let context =
        ssl::SSLContext::new().load_cert_chain(&identity[0], &identity[1]).expect("a certificate");
    let builder = Builder::<_, _, Metered, _>::new(Tcp::new(), column.concurrency(), ());
    let narrow = |socket: &Socket| socket.setsockopt(SocketOption::SendBuffer(8 << 10));
    serve(builder.with_socket(narrow).tls(context));
}

/// How much a client gets that reads 4,000 bytes at a time, with these pauses.
fn read_over_tls(
    site: &Site,
    authority: &Authority,
    mut pauses: impl Iterator<Item = Duration>,
) -> usize {
    let client = Client::narrow_stream(4_096, site.address()).expect("connect");
    let config = Arc::new(client_config(authority, None));
    let host = "localhost".try_into().expect("a name");
    let session = rustls::ClientConnection::new(config, host).expect("a session");
    let mut tls = rustls::StreamOwned::new(session, client.tcp().try_clone().expect("a handle"));
    tls.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("sent");
    let (mut buffer, mut all) = ([0; 4_000], 0);
    while let Ok(read @ 1..) = tls.read(&mut buffer) {
        all += read;
        sleep(pauses.next().unwrap_or_default());
    }
    client.end();
    all
}

/// The reply to a body of one record, of which these many bytes come ten times a second.
fn send_over_tls(site: &Site, authority: &Authority, piece: usize) -> String {
    let config = client_config(authority, None);
    let mut client = TlsClient::connect(site.address(), config, "localhost");
    let head = format!("POST / HTTP/1.0\r\nContent-Length: {RECORD}\r\n\r\n");
    client.0.write_all(head.as_bytes()).expect("sent");
    client.0.conn.writer().write_all(&[b'x'; RECORD]).expect("room");
    let mut record = Vec::new();
    while client.0.conn.wants_write() {
        client.0.conn.write_tls(&mut record).expect("a vector");
    }
    for piece in record.chunks(piece) {
        if client.0.sock.write_all(piece).is_err() {
            break;
        }
        sleep(PAUSE);
    }
    let mut reply = String::new();
    // The end may be a reset.
    let _ = client.0.read_to_string(&mut reply);
    reply
}

/// A layer takes more at once than a slow client reads in the time of one wait.
fn the_rate_decides_over_tls_too(column: Column) {
    let authority = Authority::new("an authority");
    let files = authority.issue(&["localhost"]);
    let identity = [&files.cert, &files.key].map(|path| path.to_str().expect("text"));
    let site = Site::start("slow::metered", column, &identity);
    let allowed = read_over_tls(&site, &authority, iter::repeat(PAUSE));
    assert!(allowed > METERED, "{allowed} bytes");
    let too_slow = read_over_tls(&site, &authority, iter::once(3 * FIRST));
    assert!(too_slow < METERED, "{too_slow} bytes");
    let allowed = send_over_tls(&site, &authority, 1_250);
    assert!(allowed.ends_with("\r\n\r\n16384"), "{allowed}");
    let too_slow = send_over_tls(&site, &authority, 100);
    assert!(!too_slow.contains("16384"), "{too_slow}");
    site.end();
}
