//! The parts of HTTP messages: their bytes, rules and names. Nothing here knows a socket.
//!
//! | file | contents |
//! | --- | --- |
//! | `request_line.rs`, `headers.rs` | the head of a request |
//! | `framing.rs`, `chunked.rs` | where a request's body ends |
//! | `status.rs`, `line.rs` | the head of a reply |
//! | `refusal.rs` | [`HTTPError`](refusal::HTTPError): an error that becomes a reply |
//! | `text.rs`, `query.rs`, `date.rs` | escapes, queries and forms, dates |

pub(super) mod chunked;
pub(super) mod date;
pub(super) mod framing;
pub(super) mod headers;
pub(super) mod line;
pub(super) mod query;
pub(super) mod refusal;
pub(super) mod request_line;
pub(super) mod status;
pub(super) mod text;
