//! h11, a parser in Python that others have written, decides what a request is. A server answers as
//! many requests as h11 finds, and h11 reads each reply.

mod mutation;

use tests::prelude::*;

use crate::harness::{Column, list};
use crate::hostile;
use crate::replies::{Replies, Unread};
use crate::site::Site;
use mutation::{Dice, mutated};

list!(; ; mutated_requests_are_answered_as_h11_finds_them);

const ORACLE: &str = include_str!("h11.py");

/// Streams without a fault, of which half of the mutations are made: others have little behind it.
const GOOD: [&str; 6] = [
    "GET /1 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
     GET /next HTTP/1.1\r\nHost: a\r\n\r\nPOST /q HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789\
     GET /next HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
     3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST http://a/abs HTTP/1.1\r\nHost: a\r\nX: b\r\nContent-Length: 1\r\n\r\nz\
     GET /next HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /unread HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
     2\r\nab\r\n0\r\nT: u\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /next HTTP/1.1\r\nHost: a\r\n\r\nGET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n\
     GET /next HTTP/1.1\r\nHost: a\r\n\r\n",
];

/// How many clients there are, each with an oracle.
const CLIENTS: u64 = 2;

/// A Python that has h11: not every one on a machine does.
fn python_with_h11() -> Option<&'static str> {
    let has = |python: &&str| {
        let output = Command::new(python).args(["-c", "import h11"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has);
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "h11 is not installed");
    if found.is_none() {
        eprintln!("skipped: h11 is not installed");
    }
    found
}

fn number(variable: &str, usual: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(usual, |text| text.parse().expect("a number"))
}

/// `FUZZ_SECONDS` is how long it takes, and `FUZZ_SEED` where its numbers begin.
fn mutated_requests_are_answered_as_h11_finds_them(column: Column) {
    let Some(python) = python_with_h11() else { return };
    let (time, cases) = (number("FUZZ_SECONDS", 2), hostile::small_requests());
    let seed = number("FUZZ_SEED", 1);
    let site = Site::start("hostile::echo::echo", column, &[]);
    let (requests, answered) = (AtomicU64::new(0), AtomicU64::new(0));
    let wrong = Mutex::new(Vec::new());
    let end = Instant::now() + Duration::from_secs(time);
    let work = |client: u64| {
        let mut oracle = Process::start(Command::new(python).args(["-u", "-c", ORACLE]));
        let mut dice = Dice::new(seed * CLIENTS + client);
        while Instant::now() < end && wrong.lock().len() < 20 {
            let other = &cases[dice.below(cases.len())];
            let request = match dice.below(2) {
                0 => other,
                _ => GOOD[dice.below(GOOD.len())].as_bytes(),
            };
            let other = &cases[dice.below(cases.len())];
            let request = mutated(&mut dice, request, other);
            let said = match exchange(site.address(), &request) {
                Ok(reply) => {
                    oracle.write(format!("{} {}\n", hex(&request), hex(&reply)));
                    oracle.line()
                }
                Err(error) => format!("wrong: {error:?}"),
            };
            requests.fetch_add(1, Relaxed);
            match said.strip_prefix("right: ").and_then(|right| right.split(' ').next()) {
                Some(number) => {
                    answered.fetch_add(number.parse().expect("a number"), Relaxed);
                }
                None => wrong.lock().push(format!("{}\n    {said}", request.escape_ascii())),
            }
        }
    };
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let work = &work;
            scope.spawn(move || work(client));
        }
    });
    let (requests, answered) = (requests.into_inner(), answered.into_inner());
    println!("{column}: {requests} streams with {answered} answered requests, seed {seed}");
    let wrong = wrong.into_inner();
    assert!(wrong.is_empty(), "seed {seed}, {} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(answered > 0, "no request is right");
    site.end();
}

/// Sends a stream and ends it. Returns the replies, which our own parser has read, too.
fn exchange(address: &Address, request: &[u8]) -> Result<Vec<u8>, Unread> {
    let mut replies = Replies::new(Client::stream(address));
    replies.client.try_send(request);
    replies.client.end();
    let reply = replies.everything()?;
    let mut rest = &reply[..];
    while !rest.is_empty() {
        let (_, length) = crate::replies::read_reply(rest, false, true)?;
        rest = &rest[length..];
    }
    Ok(reply)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
