//! What travels: one request from the moment it is accepted to its end.
//!
//! ```text
//!   transport ──► Accepted          the request with its types forgotten, in one allocation
//!                    │
//!        ┌───────────┴──────────┐
//!        ▼                      ▼
//!      Books                   Job ───────► a concurrency runs it, anywhere
//!      live requests,           │
//!      counters, deadlines      ├── Run     prepare, handle, shutdown_request
//!        ▲                      └── Ticket  its place in the books
//!        └──────── End ─────────────┘       finished, failed, refused or aborted: exactly one
//! ```
//!
//! The folder lies below the axes: a transport, a concurrency and a handler import it, and it
//! imports none of them.

mod abort;
mod accepted;
mod books;
mod clock;
mod counters;
mod datagram;
mod enforcer;
mod error;
mod facts;
mod job;
mod quotas;
mod rates;
mod reply_socket;
mod shares;
mod stats;
mod ticket;
// A model checker cannot see into the system, so under it the waker is a flag in memory.
#[cfg_attr(loom, path = "../model/waker.rs")]
mod waker;

pub(crate) use accepted::Accepted;
pub(crate) use books::Books;
pub(crate) use clock::{Moment, deadline_after};
pub use datagram::Datagram;
pub(crate) use enforcer::Enforcer;
pub(crate) use error::caught;
pub use error::{HandlerError, is_disconnect, is_timeout};
pub(crate) use facts::{Facts, Named};
pub use facts::{LiveRequest, RequestPhase};
pub(crate) use job::short_name;
pub use job::{Job, Rejected, Run};
pub(crate) use rates::{Rate, Rates};
pub use reply_socket::ReplySocket;
pub(crate) use shares::{Share, Shares};
pub use stats::{End, Stats, Workers};
pub use ticket::Ticket;
#[cfg(all(test, loom))]
pub(crate) use waker::CLIENTS;
pub use waker::Waker;

/// Where this folder's log lines go.
const TARGET: &str = "socketserver::request";
