//! A server's life: it serves, is stopped at all times, serves again, and closes.

use crate::clients::{ask, idle, saying, silent};
use crate::scenario::{
    ALL, EACH, PLAIN, STREAMS, Scenario, TCP, THREADING, UNIX, WITH_THREADS, scenarios,
};
use crate::session::Session;

const NOT_INLINE: &[&str] = &["threading", "forking", "green"];

/// A handler that has begun and waits for its client.
const SLOW: &str = "handle=readline,trace:begun,readline,trace:done";

pub(super) fn scenarios() -> Vec<Scenario> {
    let slow = |words: &str| format!("{SLOW} {words}");
    scenarios! {
        // Shutdown.
        TCP, WITH_THREADS; "shutdown_before_serving",
            "main=&shutdown,soon:shutdown.returned,serve,wait:shutdown.returned,close"; idle;
        ALL, WITH_THREADS; "shutdown_while_serving",
            "requests=0 main=&serve,gate,shutdown,wait:serve_forever.returned,fileno,gate,close";
            ask_before_and_after;
        TCP, WITH_THREADS; "shutdown_after_serving",
            "main=gate,serve,shutdown,&serve,soon:serve_forever#2.returned,exit"; ask;
        TCP, WITH_THREADS; "shutdown_in_a_handler",
            "requests=0 handle=upper,shutdown \
             main=gate,&serve,soon:serve_forever.returned,soon:shutdown_request,exit"; ask;
        STREAMS, &["threading", "green"]; "shutdown_leaves_live_requests_alone",
            &slow("requests=0 main=&serve,wait:begun,shutdown,gate,close"); finish_after_shutdown;
        TCP, WITH_THREADS; "shutdown_in_service_actions",
            "shutdown_on_loop=yes main=gate,&serve,soon:serve_forever.returned,exit"; ask;
        ALL, EACH; "serving_again", "main=gate,serve,gate,serve,close"; ask_again;

        // Close.
        ALL, EACH; "close_and_whatever_comes_after_it",
            "main=fileno,close,fileno,close,serve,handle_request,shutdown"; idle;
        TCP, WITH_THREADS; "close_while_serving",
            "requests=0 main=&serve,gate,close,fileno,soon:serve_forever.returned,exit";
            ask_before;
        STREAMS, NOT_INLINE; "close_waits_for_a_live_request",
            &slow("main=gate,handle_request,close"); finish_while_it_closes;
        STREAMS, THREADING; "close_does_not_wait_for_daemon_threads",
            &slow("daemon_threads=yes main=gate,handle_request,close,wait:shutdown_request");
            finish_when_it_has_closed;
        STREAMS, &["threading", "forking"]; "close_does_not_wait_without_block_on_close",
            &slow("no_block_on_close=yes main=gate,handle_request,close,wait:shutdown_request");
            finish_when_it_has_closed;
        STREAMS, THREADING; "close_with_a_silent_client",
            &slow("drain_timeout=0.05 main=gate,handle_request,wait:handle,&close,\
                   soon:server_close.returned,soon:shutdown_request,exit"); silent;

        // The address afterwards.
        UNIX, PLAIN; "file_after_close", "main=file,close,file,bind"; idle;
        ALL, PLAIN; "bind_beside_another", "main=bind,close"; idle;
        TCP, PLAIN; "bind_after_close", "main=gate,serve,gate,close,bind"; let_it_end_first;
    }
}

/// Asks a server that continues afterwards.
fn ask_now(session: &mut Session<'_>) {
    let mut client = saying("hello\n", session);
    client.end();
    if !session.is_stream() {
        session.wait("shutdown_request");
    }
    session.see_now("client", &mut client);
}

fn ask_before(session: &mut Session<'_>) {
    ask_now(session);
    session.go();
}

/// One client is served. Another connects after the loop has ended, and waits in the backlog until
/// the server closes.
fn ask_before_and_after(session: &mut Session<'_>) {
    ask_now(session);
    session.go();
    session.wait("fileno=open");
    let mut late = saying("hello\n", session);
    session.go();
    session.end();
    session.see_now("late client", &mut late);
}

/// The side that ends a connection first has its port occupied for a while.
fn let_it_end_first(session: &mut Session<'_>) {
    let mut client = saying("hello\n", session);
    session.go();
    session.see_now("client", &mut client);
    drop(client);
    session.go();
}

fn ask_again(session: &mut Session<'_>) {
    session.go();
    ask_now(session);
    session.wait("serve_forever.returned");
    let mut second = saying("again\n", session);
    second.end();
    session.go();
    session.see("second client", &mut second);
}

fn finish_while_it_closes(session: &mut Session<'_>) {
    finish_after("server_close", session);
}

fn finish_when_it_has_closed(session: &mut Session<'_>) {
    finish_after("server_close.returned", session);
}

fn finish_after_shutdown(session: &mut Session<'_>) {
    let mut client = saying("hello\n", session);
    session.wait("shutdown.returned");
    client.send("world\n");
    client.end();
    session.see_now("client", &mut client);
    session.go();
    session.note_order("done", "shutdown.returned");
}

/// Sends the second line after that word.
fn finish_after(word: &str, session: &mut Session<'_>) {
    let mut client = saying("hello\n", session);
    session.go();
    session.wait("begun");
    session.wait(word);
    client.send("world\n");
    client.end();
    session.see("client", &mut client);
    session.note_order("done", "server_close.returned");
}
