//! Which servers and requests is this code inside?
//!
//! While a thread runs a server's loop or a request, a list that belongs to the thread has an entry
//! for it. Code that is about to wait for the end of a server looks for that server in the list. If
//! it is there, the code would wait for itself, permanently. Code that makes a socket, or waits for
//! a channel, looks for the request whose abort must end its waits.
//!
//! And is it code for which nothing may wait? While the loop runs a hook that must not block it,
//! every socket behaves as if its timeout were zero. That is a mark of the thread.
//!
//! On an ordinary thread the list is a thread-local. Green threads of one scheduler share their
//! thread-locals, so each has a separate list (see `enclosing_servers` in `green/current.rs`). It
//! takes its mark along when it parks (see `without_mark`).

use std::cell::{Cell, RefCell};

use smallvec::SmallVec;

use crate::aborts::Abortables;

/// A server's loop, or one of its requests.
#[derive(Clone)]
pub(crate) struct Enclosing {
    /// The server's number.
    pub(crate) server: u64,
    pub(crate) request: Option<Abortables>,
}

/// The servers and requests that code is inside, the innermost last. Nearly always one.
pub(crate) type EnclosingServers = SmallVec<[Enclosing; 2]>;

/// Calls `with` with the list of this thread, taken as an ordinary one.
#[inline]
pub(crate) fn of_this_thread<T>(with: impl FnOnce(&mut EnclosingServers) -> T) -> T {
    crate::sync::thread_local! {
        static SERVERS: RefCell<EnclosingServers> = const {
            RefCell::new(EnclosingServers::new_const())
        };
    }
    let mut with = Some(with);
    let mut call = |servers: &mut _| with.take().map(|with| with(servers));
    let result = SERVERS.try_with(|kept| call(&mut kept.borrow_mut()));
    // While a thread ends, another of its thread-locals may still own a server although this one
    // is gone already. The list is empty then.
    let result = result.unwrap_or_else(|_| call(&mut EnclosingServers::new()));
    result.expect("it is called once")
}

std::thread_local! {
    /// Every socket of the code that runs on this thread is non-blocking at the moment.
    static NONBLOCKING_SOCKETS: Cell<bool> = const { Cell::new(false) };
}

/// Runs a user's code where nothing may wait for it: meanwhile every socket behaves as if its
/// timeout were zero.
pub(crate) fn nonblocking_sockets<T>(run: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            NONBLOCKING_SOCKETS.set(self.0);
        }
    }
    let _restore = Restore(NONBLOCKING_SOCKETS.replace(true));
    run()
}

/// Whether this code runs in there.
#[inline]
pub(crate) fn has_nonblocking_sockets() -> bool {
    NONBLOCKING_SOCKETS.get()
}

/// Calls `suspend`, during which other code runs on this thread, without this code's mark.
#[inline]
pub(crate) fn without_mark(suspend: impl FnOnce()) {
    let marked = NONBLOCKING_SOCKETS.get();
    if marked {
        NONBLOCKING_SOCKETS.set(false);
    }
    suspend();
    if marked {
        NONBLOCKING_SOCKETS.set(true);
    }
}
