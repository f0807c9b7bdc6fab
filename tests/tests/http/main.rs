//! HTTP: what a client may send, and the right answer to each of it.
//!
//! ```text
//! cargo test --test http
//! cargo test --test http -- hostile::right_answers::green
//! FUZZ_SECONDS=600 cargo test --release --test http -- oracle
//! ```
//!
//! A server runs in a process of its own, which is this program again: so it may fork, and so a
//! panic in it is seen. `harness.rs` starts the tests, `site.rs` the servers.

mod cpython;
mod harness;
mod hostile;
mod oracle;
mod replies;
mod site;

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::main(
        &[
            cpython::base::TESTS,
            cpython::socketless::TESTS,
            hostile::TESTS,
            oracle::TESTS,
            replies::TESTS,
        ],
        &[cpython::servers::PROGRAMS, hostile::PROGRAMS],
    )
}
