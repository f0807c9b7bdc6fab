//! HTTP: what a client may send, and the right answer to each of it.
//!
//! ```text
//! cargo test --test http
//! cargo test --test http -- hostile::a_whole_case_gets_its_answer::green
//! FUZZ_SECONDS=600 cargo test --release --test http -- oracle
//! STRICT=1 cargo test --release --test http -- slow
//! STRICT=1 STOPS=50 REQUESTS=100000 DOWNLOAD=1024 cargo test --release --test http -- drain
//! ```
//!
//! Each server runs in a separate process, which is this program again: so it may fork, and its
//! panics are seen. `harness.rs` starts the tests, `site.rs` the servers.

mod clients;
mod cpython;
mod drain;
mod files;
mod fronts;
mod handles;
mod harness;
mod hostile;
mod methods;
mod mistakes;
mod oracle;
mod replies;
mod site;
mod slow;
mod transfers;

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::main(
        // The longest first, because several run at the same time.
        &[
            files::large::TESTS,
            hostile::TESTS,
            oracle::TESTS,
            slow::TESTS,
            clients::TESTS,
            cpython::base::TESTS,
            cpython::rest::TESTS,
            cpython::socketless::TESTS,
            files::changes::TESTS,
            files::clients::TESTS,
            files::cpython::TESTS,
            files::paths::TESTS,
            drain::TESTS,
            fronts::TESTS,
            handles::TESTS,
            methods::TESTS,
            mistakes::ends::TESTS,
            mistakes::errors::TESTS,
            mistakes::heads::TESTS,
            replies::TESTS,
            transfers::TESTS,
        ],
        &[
            cpython::servers::PROGRAMS,
            drain::PROGRAMS,
            files::PROGRAMS,
            handles::PROGRAMS,
            hostile::PROGRAMS,
            methods::PROGRAMS,
            mistakes::PROGRAMS,
            slow::PROGRAMS,
            transfers::PROGRAMS,
        ],
    )
}
