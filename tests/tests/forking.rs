//! Forking servers.
//!
//! A process with several threads cannot fork safely, and the standard harness is one. So
//! `forking/harness.rs` runs every test here in a process of its own, which has one thread and
//! serves on it.
//!
//! That one thread is server and client in turn: a connection, or a datagram, waits in the system's
//! queue until the server takes it, and from then on a child answers. A child has a copy of every
//! client that was there at its fork, so that dropping a client ends nothing; `Client::end` does.

#[path = "forking/children.rs"]
mod children;
#[path = "forking/copies.rs"]
mod copies;
#[path = "forking/cpython.rs"]
mod cpython;
#[path = "forking/dispatch.rs"]
mod dispatch;
#[path = "forking/end.rs"]
mod end;
#[path = "forking/harness.rs"]
mod harness;
#[path = "forking/jail.rs"]
mod jail;
#[path = "forking/refusals.rs"]
mod refusals;
#[path = "forking/requests.rs"]
mod requests;
#[path = "forking/support.rs"]
mod support;

fn main() -> std::process::ExitCode {
    harness::main(
        &[
            requests::TESTS,
            copies::TESTS,
            dispatch::TESTS,
            children::TESTS,
            refusals::TESTS,
            end::TESTS,
            jail::TESTS,
            cpython::TESTS,
        ],
        &[end::PROGRAMS, cpython::PROGRAMS],
    )
}
