//! `accept` fails: for one connection, or for good.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, ThreadId};

use parking_lot::Mutex;
use rustix::io::Errno;
use socketserver::{Address, BaseServer, Builder, ServerRef, Socket, Tcp};
use tests::{Client, Echo, obstructed};

use crate::child::Child;
use crate::column::Column;
use crate::fault::Fault;
use crate::load::echo_one;
use crate::serve::{LOCAL, serve, tell};
use crate::trial::Trial;

pub(crate) const FAULT: Fault = Fault {
    name: "accept_errors",
    words: "accept fails",
    columns: Column::ALL,
    server,
    clients,
};

/// What may happen to a connection that nobody has accepted yet, and what a machine may lack for a
/// moment.
const PASSING: [Errno; 14] = [
    Errno::CONNABORTED,
    Errno::PROTO,
    Errno::NETDOWN,
    Errno::NOPROTOOPT,
    Errno::HOSTDOWN,
    Errno::NONET,
    Errno::HOSTUNREACH,
    Errno::OPNOTSUPP,
    Errno::NETUNREACH,
    Errno::TIMEDOUT,
    Errno::INTR,
    Errno::PERM,
    Errno::NOBUFS,
    Errno::NOMEM,
];

/// After these a listener never works again.
const FATAL: [(&str, Errno); 4] = [
    ("EBADF", Errno::BADF),
    ("EINVAL", Errno::INVAL),
    ("ENOTSOCK", Errno::NOTSOCK),
    ("EFAULT", Errno::FAULT),
];

/// So many clients are accepted before the first error.
const BEFORE: u64 = 2;

/// What the transport and the state of the server share.
#[derive(Default)]
struct Seen {
    accepted: AtomicU64,
    injected: AtomicUsize,
    loops: Mutex<HashSet<ThreadId>>,
}

/// Counts, on the loop's thread, who was accepted.
struct Counting(Arc<Seen>);

impl BaseServer for Counting {
    fn verify_request(&self, _: &Socket, _: &Address, _: &ServerRef<Self>) -> bool {
        self.0.accepted.fetch_add(1, SeqCst);
        true
    }
}

/// Its `accept` fails with the errors given as arguments, one after the other.
fn server(column: Column, errors: &[String]) {
    let errors = errors.iter().map(|error| error.parse().expect("an error"));
    let errors: Vec<i32> = errors.collect();
    let seen = Arc::new(Seen::default());
    let told = seen.clone();
    let transport = obstructed(Tcp::new(), move || {
        told.loops.lock().insert(thread::current().id());
        let next = errors.get(told.injected.load(SeqCst));
        match next.filter(|_| told.accepted.load(SeqCst) >= BEFORE) {
            None => Ok(()),
            Some(&error) => {
                told.injected.fetch_add(1, SeqCst);
                Err(io::Error::from_raw_os_error(error))
            }
        }
    });
    let state = Counting(seen.clone());
    let result = serve(
        Builder::<_, _, Echo, _>::new(transport, column.concurrency(), state),
        LOCAL,
    );
    let error = result.err().and_then(|error| error.raw_os_error());
    tell("error", error.map_or(0, i32::unsigned_abs).into());
    tell("injected", seen.injected.load(SeqCst) as u64);
    tell("loops", seen.loops.lock().len() as u64);
}

fn clients(trial: &mut Trial) {
    passing(trial);
    for (name, error) in FATAL {
        fatal(trial, name, error);
    }
}

fn passing(trial: &mut Trial) {
    let errors = PASSING.map(|error| error.raw_os_error().to_string());
    let child = trial.start(&errors.each_ref().map(String::as_str));
    let before = trial.baseline(&child, echo_one);
    let mut connected = second_client(trial, &child);
    let mut fresh = Client::stream(child.address());
    assert_eq!(fresh.ask("fresh"), b"fresh", "after all the errors");
    drop(fresh);
    if let Some(connected) = &mut connected {
        assert_eq!(connected.ask("connected"), b"connected");
    }
    drop(connected);
    let ended = trial.end(child, before, echo_one);
    let (injected, loops) = (ended.told("injected"), ended.told("loops"));
    trial.check(
        "14 errors in a row: the same thread accepts, who is connected and who comes is served",
        format!("{injected} errors, {loops} thread"),
        injected == 14 && loops == 1,
    );
    let counted = ended.told("accept_errors");
    trial.check(
        "they are counted, but for the one that is none, EINTR",
        counted,
        counted == 13,
    );
}

/// `serve_forever` ends with that error, and who is connected is served to the end.
fn fatal(trial: &mut Trial, name: &str, error: Errno) {
    let child = trial.start(&[&error.raw_os_error().to_string()]);
    echo_one(child.address());
    let mut connected = second_client(trial, &child);
    // It makes the loop look, if that has not looked already.
    drop(Client::impatient(child.address()));
    if let Some(connected) = &mut connected {
        assert_eq!(connected.ask("connected"), b"connected");
    }
    drop(connected);
    let ended = child.wait();
    let told = ended.told("error");
    trial.check(
        format!("serve_forever ends with {name}"),
        format!("error {told}"),
        told == u64::from(error.raw_os_error().unsigned_abs()),
    );
    trial.books(&ended);
}

/// The last one before the errors; it stays where that is possible.
fn second_client(trial: &Trial, child: &Child) -> Option<Client> {
    if trial.column() == Column::Inline {
        echo_one(child.address());
        return None;
    }
    let mut client = Client::stream(child.address());
    assert_eq!(client.ask("hello"), b"hello");
    Some(client)
}
