//! Datagrams that handlers receive and send.

use std::io::Write;

use crate::clients::{ask, ask_with, unnamed};
use crate::scenario::{DATAGRAMS, PLAIN, Scenario, THREADING, scenarios};
use crate::session::Session;

const UNIX: &[&str] = &["unix_datagram"];

pub(super) fn scenarios() -> Vec<Scenario> {
    scenarios! {
        DATAGRAMS, THREADING; "empty_datagram", "handle=size,read"; |session| send(&[0], session);
        DATAGRAMS, THREADING; "empty_reply", "handle=nothing"; ask;
        DATAGRAMS, THREADING; "lines_of_a_datagram", "handle=readline:2,readline,lines"; ask;
        DATAGRAMS, THREADING; "longest_datagram", "handle=size max_packet_size=8192";
            |session| send(&[8192], session);
        DATAGRAMS, THREADING; "oversized_datagram", "handle=size max_packet_size=8192";
            |session| send(&[8193], session);
        DATAGRAMS, THREADING; "long_datagram", "handle=size"; |session| send(&[20_000], session);
        DATAGRAMS, THREADING; "reply_too_long", "handle=write:*10000000"; ask;
        DATAGRAMS, PLAIN; "each_datagram_is_a_request", "requests=3 handle=size";
            |session| send(&[3, 0, 5], session);
        DATAGRAMS, THREADING; "reply_of_a_closed_server",
            "main=gate,handle_request,close handle=readline,wait:server_close,closed,write:late";
            ask;
        UNIX, THREADING; "client_without_a_name", ""; ask_unnamed;
        UNIX, THREADING; "client_without_a_name_and_no_reply", "handle=nothing"; ask_unnamed;
        UNIX, THREADING; "client_is_gone", ""; gone;
    }
}

fn send(lengths: &[usize], session: &mut Session<'_>) {
    let mut client = session.client();
    for length in lengths {
        assert_eq!(client.write("x".repeat(*length).as_bytes()).expect("send"), *length);
    }
    session.go();
    session.see("client", &mut client);
}

fn ask_unnamed(session: &mut Session<'_>) {
    ask_with(unnamed(session), session);
}

fn gone(session: &mut Session<'_>) {
    session.client().send("hello\n");
    session.go();
}
