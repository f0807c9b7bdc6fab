//! Input that is made to end a process: a huge length, and deeply nested JSON.

use crate::prelude::*;

/// The handler takes the size of its buffer from its client, as Python programs do, or parses what
/// comes.
pub(crate) fn server(column: Column, _: &[String]) {
    let builder = handling(column, |request| {
        let (mut rfile, _) = request.makefile(0, 0);
        let mut prefix = [0; 8];
        rfile.read_exact(&mut prefix)?;
        if prefix == *b"as JSON\n" {
            let line = rfile.readline(1_000)?;
            let value: serde_json::Value = serde_json::from_slice(&line)?;
            // There, and back, and with the frames of a formatter.
            assert!(format!("{value:?}{value:#}").len() > line.len());
            return request.sendall(value.to_string().as_bytes());
        }
        let length = usize::try_from(u64::from_be_bytes(prefix)).map_err(io::Error::other)?;
        request.sendall(&request.recv(length)?)
    });
    serve(&bind(builder), DRAIN).expect("serve_forever");
}

pub(crate) fn clients(trial: &mut Trial) {
    let (child, before) = trial.begin(&[], ask_one);
    let kept = [16, 40, 46, 62].map(|bits: u32| {
        let promise = (1_u64 << bits).to_be_bytes();
        ask(child.address(), &[&promise[..], b"hello"].concat()) == b"hello"
    });
    let served = kept.iter().filter(|kept| **kept).count();
    let bar = "clients that promise up to 2^62 bytes and send 5 are served with these";
    trial.all(bar, served as u64, kept.len() as u64);
    // The usual limit of the parser is 127.
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let text = |levels| format!("as JSON\n{}\n", nested(levels));
    let asked = |levels| ask(child.address(), text(levels).as_bytes());
    let parsed = asked(127) == nested(127).as_bytes();
    let refused = asked(128).is_empty();
    trial.check(
        "127 levels of JSON are parsed in a handler; one more costs its request",
        format!("{}, {}", word(parsed, "parsed"), word(refused, "refused")),
        parsed && refused,
    );
    trial.end(child, before, ask_one);
}

fn word(holds: bool, word: &str) -> String {
    if holds { word.to_owned() } else { format!("not {word}") }
}

/// Sends all of it, ends its stream, and receives the reply.
fn ask(address: &Address, data: &[u8]) -> Vec<u8> {
    let mut client = Client::stream(address);
    client.send(data);
    client.finish()
}

fn ask_one(address: &Address) {
    assert_eq!(ask(address, b"\0\0\0\0\0\0\0\x05hello"), b"hello");
}
