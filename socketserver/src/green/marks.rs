//! Numbers that code puts down on a green thread or on an ordinary one: what a thread-local would be
//! for the latter.

use std::cell::RefCell;

use smallvec::SmallVec;

/// Nearly always one.
pub(crate) type Marks = SmallVec<[u64; 2]>;

/// The marks of an ordinary thread.
pub(crate) fn of_this_thread<T>(with: impl FnOnce(&mut Marks) -> T) -> T {
    crate::sync::thread_local! {
        static MARKS: RefCell<Marks> = const { RefCell::new(Marks::new_const()) };
    }
    // As a thread ends its thread-locals do, this one perhaps before one with a server.
    let mut marks = MARKS.try_with(|kept| kept.take()).unwrap_or_default();
    let result = with(&mut marks);
    let _ = MARKS.try_with(|kept| *kept.borrow_mut() = marks);
    result
}
