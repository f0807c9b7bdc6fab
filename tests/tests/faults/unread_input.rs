//! Closing a connection with unread input would reset it, and its reply could be lost.

use crate::prelude::*;

pub(crate) fn server(column: Column, _: &[String]) {
    serve_well(handling(column, |request| request.sendall(&REPLY)));
}

static REPLY: [u8; 400_000] = [b'y'; 400_000];
const INPUT: [u8; 5_000] = [b'x'; 5_000];
const BUFFER: usize = 32 * 1024;

pub(crate) fn clients(trial: &mut Trial) {
    const AT_A_TIME: usize = 4;
    let count = trial.size(50, 1_000);
    let (child, before) = trial.begin(&[], whole_reply);
    let replies = crowd(AT_A_TIME, count, |_| {
        let mut client = Client::narrow_stream(BUFFER, child.address()).expect("connect");
        client.send(INPUT);
        received(&mut client)
    });
    let truncated = replies.iter().filter(|length| **length < REPLY.len()).count();
    // An inline server waits for a client at most 0.1 s, which a busy machine may take.
    let busy = trial.column() == Column::Inline && trial.size(true, false);
    let (bar, allowed) = match busy {
        false => ("no reply is truncated", 0),
        true => ("at most 1 of 10 replies is truncated on a busy machine", count / 10),
    };
    trial.check(bar, format!("{truncated} of {count}"), truncated <= allowed);
    let took = endless(child.address());
    trial.within("a client that never stops sending is closed", Duration::from_secs(2), took);
    trial.end(child, before, whole_reply);
}

fn whole_reply(address: &Address) {
    assert_eq!(Client::stream(address).rest().len(), REPLY.len());
}

/// Returns how many bytes of the reply arrive. A reset is an end too.
fn received(client: &mut impl Read) -> usize {
    let mut reply = Vec::new();
    let _ = client.read_to_end(&mut reply);
    reply.len()
}

/// Returns how long a client can send after it has received the reply.
fn endless(address: &Address) -> Duration {
    let mut client = Client::narrow_stream(BUFFER, address).expect("connect");
    let mut reader = client.tcp().try_clone().expect("the same connection");
    let reader = thread::spawn(move || {
        received(&mut reader);
        Instant::now()
    });
    while client.write_all(&INPUT).is_ok() {}
    let ended = Instant::now();
    drop(client);
    ended.saturating_duration_since(reader.join().expect("no panic"))
}
