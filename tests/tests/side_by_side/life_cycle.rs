//! One request's life: well, and with every hook failing, on the whole grid.

use tests::Client;

use crate::clients::{ask, ask_for, nobody, rest};
use crate::scenario::{CONCURRENCIES, STREAMS, Scenario, TRANSPORTS, on};
use crate::session::Session;

pub(super) fn scenarios() -> Vec<Scenario> {
    let hooks =
        |name: &str, words: &str, client| on(TRANSPORTS, CONCURRENCIES, name, words, client);
    [
        hooks("ok", "", ask),
        on(&["tcp6", "udp6"], CONCURRENCIES, "ok", "", ask),
        hooks("ok_with_bare_handler", "handler=bare", ask),
        on(STREAMS, CONCURRENCIES, "ok_without_input", "", |session| {
            ask_for("", session);
        }),
        hooks(
            "verify_request_is_false",
            "fault=verify_request_is_false",
            ask,
        ),
        hooks(
            "verify_request_raises",
            "fault=verify_request",
            ask_and_be_forgotten,
        ),
        hooks("process_request_raises", "fault=process_request", ask),
        hooks("setup_raises", "fault=setup", ask),
        hooks("handle_raises", "fault=handle", ask),
        hooks("handle_panics", "fault=handle_panic", ask),
        hooks("finish_raises", "fault=finish", ask),
        hooks("handle_error_raises", "fault=handle_error", ask),
        hooks("get_request_fails", "fault=get_request", ask_twice),
        hooks(
            "get_request_raises",
            "fault=get_request_otherwise",
            ask_twice,
        ),
        hooks("service_actions_raises", "fault=service_actions", ask),
        hooks(
            "handle_request",
            "main=gate,handle_request,gate,close",
            ask_handle_request,
        ),
        hooks(
            "handle_request_times_out",
            "main=handle_request,close server_timeout=0.01",
            nobody,
        ),
    ]
    .concat()
}

fn ask_and_be_forgotten(session: &mut Session<'_>) {
    let mut client = asking(session);
    session.go();
    see_forgotten("client", &mut client, session);
}

/// Two clients, since the first is forgotten.
fn ask_twice(session: &mut Session<'_>) {
    let mut first = asking(session);
    let mut second = asking(session);
    session.go();
    see_forgotten("first client", &mut first, session);
    session.see("second client", &mut second);
}

fn asking(session: &Session<'_>) -> Client {
    let mut client = session.client();
    client.send("hello\n");
    client.end();
    client
}

/// How a TCP connection ends that a server drops is chance: by a reset if what the client sent was there already.
fn see_forgotten(who: &str, client: &mut Client, session: &mut Session<'_>) {
    let Client::Tcp(_) = client else {
        return session.see(who, client);
    };
    let what = rest(client);
    let dropped = [r#""" end"#, r#""" reset"#].contains(&what.as_str());
    session.note(who, if dropped { "dropped" } else { &what });
}

/// `handle_request` does not wait for who handles the request, so the client does.
fn ask_handle_request(session: &mut Session<'_>) {
    let mut client = session.client();
    client.send("hello\n");
    client.end();
    session.go();
    session.wait("shutdown_request");
    session.go();
    session.see("client", &mut client);
}
