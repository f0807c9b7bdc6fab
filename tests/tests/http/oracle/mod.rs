//! h11, a parser in Python that was written by others, decides what a request is: a server answers
//! as many of them as h11 finds, and h11 reads each reply.

mod mutation;

use tests::prelude::*;

use crate::harness::{Column, list};
use crate::hostile;
use crate::replies::{Replies, Unread};
use crate::site::Site;
use mutation::{Dice, mutated};

list!(; ; mutated_requests_are_answered_as_h11_finds_them);

const ORACLE: &str = include_str!("h11.py");

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

/// For so many seconds as `FUZZ_SECONDS` says, begun with `FUZZ_SEED`.
fn mutated_requests_are_answered_as_h11_finds_them(column: Column) {
    let Some(python) = python_with_h11() else { return };
    let end = Instant::now() + Duration::from_secs(number("FUZZ_SECONDS", 2));
    let seed = number("FUZZ_SEED", 1);
    let site = Site::start("hostile::echo::echo", column, &[]);
    let (requests, answered) = (AtomicU64::new(0), AtomicU64::new(0));
    let wrong = Mutex::new(Vec::new());
    let work = |client: u64| {
        let mut oracle = Process::start(Command::new(python).args(["-u", "-c", ORACLE]));
        let mut dice = Dice::new(seed * CLIENTS + client);
        let cases = hostile::small_requests();
        while Instant::now() < end && wrong.lock().len() < 20 {
            let request = &cases[dice.below(cases.len())];
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

/// Sends a stream and ends it. Returns what came back, which our own parser has read, too.
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
