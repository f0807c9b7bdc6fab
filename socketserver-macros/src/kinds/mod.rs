//! The kinds of handlers, one file each.
//!
//! A new kind is a new file, its two lines here, and its derive with its docs in `lib.rs`. What
//! its code calls at run time belongs to the library, in `handler`, and is exported for the
//! derives in `__private`.

pub(crate) mod base;
pub(crate) mod datagram;
pub(crate) mod http;
pub(crate) mod stream;

use crate::ast::Kind;

/// Every kind, in the order in which messages name them.
pub(crate) static ALL: &[&Kind] = &[&base::KIND, &stream::KIND, &datagram::KIND, &http::KIND];
