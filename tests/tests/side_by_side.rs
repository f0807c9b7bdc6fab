//! The same scenarios against a server of Python's `socketserver` and against ours: the order of the hooks, where each
//! ran, and what a client sees.
//!
//! Both servers run in processes of their own and are told by the same words what to do (`side_by_side/python/server.py`,
//! `side_by_side/server.rs`); the client is one and the same. What differs on purpose stands in
//! `side_by_side/differences.rs` and nowhere else: a difference that is not listed there fails, and so does one that is
//! listed and not seen.
//!
//!     cargo test --test side_by_side
//!     cargo test --test side_by_side -- handle_raises::tcp

#[path = "side_by_side/addresses.rs"]
mod addresses;
#[path = "side_by_side/clients.rs"]
mod clients;
#[path = "side_by_side/datagrams.rs"]
mod datagrams;
#[path = "side_by_side/differences.rs"]
mod differences;
#[path = "side_by_side/handlers.rs"]
mod handlers;
#[path = "side_by_side/harness.rs"]
mod harness;
#[path = "side_by_side/hooks.rs"]
mod hooks;
#[path = "side_by_side/life_cycle.rs"]
mod life_cycle;
#[path = "side_by_side/lives.rs"]
mod lives;
#[path = "side_by_side/scenario.rs"]
mod scenario;
#[path = "side_by_side/server.rs"]
mod server;
#[path = "side_by_side/session.rs"]
mod session;
#[path = "side_by_side/streams.rs"]
mod streams;
#[path = "side_by_side/trace.rs"]
mod trace;
#[path = "side_by_side/verdict.rs"]
mod verdict;
#[path = "side_by_side/words.rs"]
mod words;

fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == session::SERVE).is_some() {
        server::main(arguments);
        return std::process::ExitCode::SUCCESS;
    }
    let scenarios = [
        life_cycle::scenarios(),
        streams::scenarios(),
        datagrams::scenarios(),
        addresses::scenarios(),
        lives::scenarios(),
    ];
    harness::main(scenarios.concat(), arguments)
}
