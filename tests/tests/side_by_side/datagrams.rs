//! What handlers of datagrams get and send.

use std::io::Write;

use tests::Client;

use crate::clients::{ask, unnamed};
use crate::scenario::{DATAGRAMS, PLAIN, Scenario, THREADING, on};
use crate::session::Session;

pub(super) fn scenarios() -> Vec<Scenario> {
    let both = |name: &str, words: &str, client| on(DATAGRAMS, THREADING, name, words, client);
    let unix =
        |name: &str, words: &str, client| on(&["unix_datagram"], THREADING, name, words, client);
    [
        both("empty_datagram", "handle=size,read", |session| {
            send(&[0], session)
        }),
        both("empty_reply", "handle=nothing", ask),
        both(
            "lines_of_a_datagram",
            "handle=readline:2,readline,lines",
            ask,
        ),
        both(
            "longest_datagram",
            "handle=size max_packet_size=8192",
            |session| {
                send(&[8192], session);
            },
        ),
        both(
            "oversized_datagram",
            "handle=size max_packet_size=8192",
            |session| {
                send(&[8193], session);
            },
        ),
        both("long_datagram", "handle=size", |session| {
            send(&[20_000], session)
        }),
        both("reply_too_long", "handle=write:*10000000", ask),
        on(
            DATAGRAMS,
            PLAIN,
            "each_datagram_is_a_request",
            "requests=3 handle=size",
            |session| send(&[3, 0, 5], session),
        ),
        both(
            "reply_of_a_closed_server",
            "main=gate,handle_request,close handle=readline,wait:server_close,closed,write:late",
            ask,
        ),
        unix("client_without_a_name", "", ask_unnamed),
        unix(
            "client_without_a_name_and_no_reply",
            "handle=nothing",
            ask_unnamed,
        ),
        unix("client_is_gone", "", gone),
    ]
    .concat()
}

/// Sends datagrams of these lengths.
fn send(lengths: &[usize], session: &mut Session<'_>) {
    let mut client = session.client();
    for length in lengths {
        // An empty one has to be written too.
        let sent = client.write("x".repeat(*length).as_bytes());
        assert_eq!(sent.expect("send"), *length);
    }
    session.go();
    session.see("client", &mut client);
}

fn ask_unnamed(session: &mut Session<'_>) {
    let mut client = unnamed(session);
    client.send("hello\n");
    session.go();
    session.see("client", &mut client);
}

fn gone(session: &mut Session<'_>) {
    let mut client: Client = session.client();
    client.send("hello\n");
    drop(client);
    session.go();
}
