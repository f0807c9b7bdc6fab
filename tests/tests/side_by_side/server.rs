//! Our side: one server, and the program around it. `python/server.py` is the same in Python.

use std::process::exit;

use socketserver::Datagram as Packet;
use tests::prelude::*;

use crate::handlers::{Bare, Datagram, Stream, StreamWithTimeout};
use crate::hooks::{Hooks, Traced, traced, watch};
use crate::trace::{soon, trace, trace_at, wait};
use crate::{trace, words};

/// Runs the server that the words describe.
pub(super) fn main(arguments: impl Iterator<Item = String>) {
    words::set(arguments);
    trace::open(words::get("trace").expect("a trace"));
    let packet = words::number("max_packet_size", 65_535);
    let linger = words::seconds("linger").unwrap_or(Duration::from_secs(2));
    match words::get("transport").expect("a transport") {
        "tcp" => streams(Tcp::new().linger(linger)),
        "unix_stream" => streams(UnixStream::new().linger(linger)),
        "udp" => datagrams(Udp::new().max_packet_size(packet)),
        "unix_datagram" => datagrams(UnixDatagram::new().max_packet_size(packet)),
        other => unreachable!("no transport is called {other}"),
    }
}

fn streams<T: Transport<Request = Socket> + Clone>(transport: T) {
    match words::get("handler") {
        Some("bare") => run::<T, Bare>(transport),
        _ if words::get("timeout").is_some() => run::<T, StreamWithTimeout>(transport),
        _ => run::<T, Stream>(transport),
    }
}

fn datagrams<T: Transport<Request = Packet> + Clone>(transport: T) {
    match words::get("handler") {
        Some("bare") => run::<T, Bare>(transport),
        _ => run::<T, Datagram>(transport),
    }
}

fn concurrency() -> Box<dyn Concurrency> {
    let blocks = words::get("no_block_on_close").is_none();
    let daemon = words::get("daemon_threads").is_some();
    let threading = || Threading::new().daemon_threads(daemon);
    match words::get("concurrency").expect("a concurrency") {
        "plain" => Box::new(Inline),
        "threading" => Box::new(threading().block_on_close(blocks)),
        "forking" => Box::new(Forking::new().block_on_close(blocks)),
        "green" => Box::new(Green::new()),
        other => unreachable!("no concurrency is called {other}"),
    }
}

fn bind<T, H>(transport: T, address: Address) -> io::Result<Server<Watched<T>, Traced, H, Hooks>>
where
    T: Transport,
    H: RequestHandler<T::Request, Hooks>,
{
    let hooks = Hooks::default();
    let mut builder = Builder::new(watched(transport, watch), traced(concurrency()), hooks)
        .poll_interval(Duration::from_millis(10))
        .drain_timeout(words::seconds("drain_timeout").unwrap_or(DEADLINE));
    if let Some(timeout) = words::seconds("server_timeout") {
        builder = builder.timeout(timeout);
    }
    builder.bind(address)
}

fn run<T, H>(transport: T)
where
    T: Transport + Clone,
    H: RequestHandler<T::Request, Hooks>,
{
    let address = words::get("address").expect("an address");
    let address = address.to_address().expect("an address");
    let server = Arc::new(bind::<T, H>(transport.clone(), address).expect("bind"));
    println!("address {}", server.server_address());
    for step in words::get("main").unwrap_or("gate,serve,close").split(',') {
        let (server, transport) = (server.clone(), transport.clone());
        match step.strip_prefix('&') {
            None => take(step, &server, transport),
            Some(step) => beside(move || take(step, &server, transport)),
        }
    }
    let others = std::mem::take(&mut *OTHERS.lock());
    for other in others {
        other.join().expect("no panic");
    }
    // Dropping the server would close it again, with a line in the trace.
    exit(0);
}

fn take<T, H>(step: &str, server: &Server<Watched<T>, Traced, H, Hooks>, transport: T)
where
    T: Transport,
    H: RequestHandler<T::Request, Hooks>,
{
    let (name, argument) = step.split_once(':').unwrap_or((step, ""));
    match name {
        "serve" => {
            let name = match server.state().begin() {
                1 => "serve_forever".to_owned(),
                n => format!("serve_forever#{n}"),
            };
            in_loop(&name, || server.serve_forever());
        }
        "handle_request" => {
            in_loop("handle_request", || server.handle_request());
        }
        "shutdown" => {
            server.shutdown();
            trace("shutdown.returned");
        }
        "close" => {
            server.server_close();
            trace("server_close.returned");
        }
        "bind" => {
            let second = bind::<T, H>(transport, server.server_address().clone());
            // Dropping it would close it, with a line in the trace.
            trace(end_of("bind", second.map(std::mem::forget)));
        }
        "soon" => {
            let there = if soon(argument, Duration::from_secs(1)) { "yes" } else { "no" };
            trace(format!("soon:{argument}={there}"));
        }
        "wait" => wait(argument),
        "gate" => {
            let read = io::stdin().read(&mut [0; 100]);
            read.expect("a line");
        }
        "fileno" => trace(if server.fileno() == -1 { "fileno=-1" } else { "fileno=open" }),
        "file" => {
            let there = server.server_address().path().expect("a path").exists();
            trace(if there { "file=True" } else { "file=False" });
        }
        "exit" => exit(0),
        _ => unreachable!("no step is called {name}"),
    }
}

/// Runs a loop on this thread, and traces how it ends.
fn in_loop<V>(what: &str, run: impl FnOnce() -> io::Result<V>) {
    trace::in_loop(|| trace_at("end", end_of(what, run())));
}

fn end_of<V>(what: &str, result: io::Result<V>) -> String {
    match result {
        Ok(_) => format!("{what}.returned"),
        Err(error) => {
            eprintln!("{what}: {error}");
            format!("{what}.raised")
        }
    }
}

static OTHERS: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// Runs something on a thread that is not the server's.
pub(super) fn beside(work: impl FnOnce() + Send + 'static) {
    OTHERS.lock().push(thread::spawn(work));
}
