//! `accept` fails: for one connection, or permanently.

use crate::prelude::*;

/// Errors of a connection in the backlog, and of a system that lacks something for a moment.
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

/// After these errors a listener never works again.
const FATAL: [(&str, Errno); 4] = [
    ("EBADF", Errno::BADF),
    ("EINVAL", Errno::INVAL),
    ("ENOTSOCK", Errno::NOTSOCK),
    ("EFAULT", Errno::FAULT),
];

/// How many clients are accepted before the first error.
const BEFORE: u64 = 2;

/// Counters that the transport and a hook of the server share.
#[derive(Default)]
struct Seen {
    accepted: AtomicU64,
    injected: AtomicUsize,
    loops: Mutex<HashSet<ThreadId>>,
}

/// `accept` fails with the errors in the arguments, one after the other.
pub(crate) fn server(column: Column, errors: &[String]) {
    let errors = errors.iter().map(|error| error.parse().expect("an error"));
    let errors: Vec<i32> = errors.collect();
    let seen = Arc::new(Seen::default());
    let counters = seen.clone();
    let transport = obstructed(Tcp::new(), move || {
        counters.loops.lock().insert(thread::current().id());
        let next = errors.get(counters.injected.load(SeqCst));
        match next.filter(|_| counters.accepted.load(SeqCst) >= BEFORE) {
            None => Ok(()),
            Some(&error) => {
                counters.injected.fetch_add(1, SeqCst);
                Err(io::Error::from_raw_os_error(error))
            }
        }
    });
    let counters = seen.clone();
    // On the loop's thread.
    let state = Function::echo().on_verify(move |_, _| {
        counters.accepted.fetch_add(1, SeqCst);
        true
    });
    let builder = Builder::<_, _, Call, _>::new(transport, column.concurrency(), state);
    let error = serve(&bind(builder), DRAIN).err().and_then(|error| error.raw_os_error());
    report("error", error.map_or(0, i32::unsigned_abs).into());
    report("injected", seen.injected.load(SeqCst) as u64);
    report("loops", seen.loops.lock().len() as u64);
}

pub(crate) fn clients(trial: &mut Trial) {
    passing(trial);
    for (name, error) in FATAL {
        fatal(trial, name, error.raw_os_error());
    }
}

fn passing(trial: &mut Trial) {
    let errors = PASSING.map(|error| error.raw_os_error().to_string());
    let (child, before) = trial.begin(&errors.each_ref().map(String::as_str), echo_one);
    let connected = second_client(trial, &child);
    assert_eq!(Client::stream(child.address()).ask("fresh"), b"fresh", "after all the errors");
    still_served(connected);
    let ended = trial.end(child, before, echo_one);
    let (injected, loops) = (ended.number("injected"), ended.number("loops"));
    trial.check(
        "after 14 errors in a row the same thread accepts, and serves old and new clients",
        format!("{injected} errors, {loops} thread"),
        injected == 14 && loops == 1,
    );
    let counted = ended.number("accept_errors");
    let bar = "all are counted except EINTR, which is not an error of a client";
    trial.check(bar, counted, counted == 13);
}

/// `serve_forever` returns that error, and a connected client is served to its end.
fn fatal(trial: &mut Trial, name: &str, error: i32) {
    let child = trial.start(&[&error.to_string()]);
    echo_one(child.address());
    let connected = second_client(trial, &child);
    // Makes the loop accept, if it has not tried already.
    drop(Client::impatient(child.address()));
    still_served(connected);
    let ended = child.wait();
    let returned = ended.number("error");
    let holds = returned == u64::from(error.unsigned_abs());
    trial.check(format!("`serve_forever` returns {name}"), format!("error {returned}"), holds);
    trial.books(&ended);
}

/// The last client before the errors. It stays connected unless the server is inline.
fn second_client(trial: &Trial, child: &Child) -> Option<Client> {
    if trial.column() == Column::Inline {
        echo_one(child.address());
        return None;
    }
    Some(Client::echoed(child.address()))
}

fn still_served(connected: Option<Client>) {
    if let Some(mut connected) = connected {
        assert_eq!(connected.ask("connected"), b"connected");
    }
}
