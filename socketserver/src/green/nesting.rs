//! Which servers is this code inside?
//!
//! While a thread runs a server's loop or one of its requests, the server's number stands in a list
//! that belongs to that thread. Code that is about to wait for the end of a server looks there: if
//! it is inside that very server, it would wait for itself, permanently.
//!
//! On an ordinary thread the list is a thread-local. Green threads of one scheduler share their
//! thread-locals, so each has a list of its own (see `enclosing_servers` in `current.rs`).

use std::cell::RefCell;

use smallvec::SmallVec;

/// The numbers of the servers that code is inside, the innermost last. Nearly always one.
pub(crate) type EnclosingServers = SmallVec<[u64; 2]>;

/// Calls `with` with the list of this thread, taken as an ordinary one.
pub(crate) fn of_this_thread<T>(with: impl FnOnce(&mut EnclosingServers) -> T) -> T {
    crate::sync::thread_local! {
        static SERVERS: RefCell<EnclosingServers> = const {
            RefCell::new(EnclosingServers::new_const())
        };
    }
    // While a thread ends, another of its thread-locals may still own a server although this one
    // is gone already. The list is empty then.
    let mut servers = SERVERS.try_with(|kept| kept.take()).unwrap_or_default();
    let result = with(&mut servers);
    let _ = SERVERS.try_with(|kept| *kept.borrow_mut() = servers);
    result
}
