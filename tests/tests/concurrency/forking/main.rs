//! Forking servers.
//!
//! A process with several threads cannot fork safely, and the standard harness is one. So
//! `forking/harness.rs` runs every test here in a separate process, which has one thread and
//! serves on it.
//!
//! That one thread is server and client in turn. A connection, or a datagram, waits in the system's
//! queue until the server accepts it, and from then on a child answers. A child has a copy of every
//! client that was there at its fork, so that dropping a client ends nothing; `Client::end` does.

mod beside_threads;
mod children;
mod copies;
mod cpython;
mod dispatch;
mod end;
mod executed;
mod harness;
mod jail;
mod proxy;
mod refusals;
mod requests;
mod support;
mod tls;

fn main() -> std::process::ExitCode {
    harness::main(
        &[
            beside_threads::TESTS,
            requests::TESTS,
            copies::TESTS,
            dispatch::TESTS,
            children::TESTS,
            refusals::TESTS,
            end::TESTS,
            executed::TESTS,
            jail::TESTS,
            proxy::TESTS,
            tls::TESTS,
            cpython::TESTS,
        ],
        &[end::PROGRAMS, executed::PROGRAMS, cpython::PROGRAMS],
    )
}
