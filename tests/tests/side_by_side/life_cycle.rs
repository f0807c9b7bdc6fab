//! One request's life: successful, and with every hook failing, on the whole grid.

use tests::Client;

use crate::clients::{ask, ask_for, idle, rest, saying};
use crate::scenario::{ALL, EACH, IPV6, STREAMS, Scenario, scenarios};
use crate::session::Session;

pub(super) fn scenarios() -> Vec<Scenario> {
    scenarios! {
        ALL, EACH; "ok", ""; ask;
        IPV6, EACH; "ok", ""; ask;
        ALL, EACH; "ok_with_bare_handler", "handler=bare"; ask;
        STREAMS, EACH; "ok_without_input", ""; |session| ask_for("", session);
        ALL, EACH; "verify_request_is_false", "fault=verify_request_is_false"; ask;
        ALL, EACH; "verify_request_raises", "fault=verify_request"; ask_and_be_forgotten;
        ALL, EACH; "process_request_raises", "fault=process_request"; ask;
        ALL, EACH; "setup_raises", "fault=setup"; ask;
        ALL, EACH; "handle_raises", "fault=handle"; ask;
        ALL, EACH; "handle_panics", "fault=handle_panic"; ask;
        ALL, EACH; "finish_raises", "fault=finish"; ask;
        ALL, EACH; "handle_error_raises", "fault=handle_error"; ask;
        ALL, EACH; "get_request_fails", "fault=get_request"; ask_twice;
        ALL, EACH; "get_request_raises", "fault=get_request_otherwise"; ask_twice;
        ALL, EACH; "service_actions_raises", "fault=service_actions"; ask;
        ALL, EACH; "handle_request", "main=gate,handle_request,gate,close"; ask_handle_request;
        ALL, EACH; "handle_request_times_out", "main=handle_request,close server_timeout=0.01";
            idle;
    }
}

fn ask_and_be_forgotten(session: &mut Session<'_>) {
    let mut client = asking(session);
    session.go();
    see_forgotten("client", &mut client, session);
}

/// Two clients, because the first gets no answer.
fn ask_twice(session: &mut Session<'_>) {
    let mut first = asking(session);
    let mut second = asking(session);
    session.go();
    see_forgotten("first client", &mut first, session);
    session.see("second client", &mut second);
}

fn asking(session: &Session<'_>) -> Client {
    let client = saying("hello\n", session);
    client.end();
    client
}

/// A TCP connection that a server drops ends by a reset if the input has arrived already, which is
/// chance.
fn see_forgotten(who: &str, client: &mut Client, session: &mut Session<'_>) {
    let Client::Tcp(_) = client else {
        return session.see(who, client);
    };
    let what = rest(client);
    let dropped = [r#""" end"#, r#""" reset"#].contains(&what.as_str());
    session.note(who, if dropped { "dropped" } else { &what });
}

/// `handle_request` does not wait for the handler, so the client does.
fn ask_handle_request(session: &mut Session<'_>) {
    let mut client = asking(session);
    session.go();
    session.wait("shutdown_request");
    session.go();
    session.see("client", &mut client);
}
