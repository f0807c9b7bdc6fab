//! Coroutines: functions with their own stacks, which can be suspended in the middle and
//! resumed later. A coroutine stays on the thread that made it.
//!
//! ```text
//!      scheduler's stack            coroutine's stack
//!           │
//!        resume ──────────────────►  run(), or on from where it was suspended
//!           ┊                           │
//!        returns false ◄───────────  suspend
//!           ┊                           ┊
//!        resume ──────────────────►  suspend returns
//!           ┊                           │
//!        returns true  ◄───────────  the end of run()
//! ```

use std::cell::Cell;
use std::io;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use corosensei::{CoroutineResult, Yielder};

use super::stack::CoroutineStack;

/// Whether the program has made the promise of [`enable`].
static ENABLED: AtomicBool = AtomicBool::new(false);

/// Enables green threads in this process. Call it once, first in `main`: without it no green thread
/// starts, and no `Green…` server serves.
///
/// ```
/// use socketserver::green;
///
/// // SAFETY: no code on a green thread waits inside `LocalKey::with` or in a thread-local's
/// // initializer.
/// unsafe { green::enable() };
/// assert_eq!(green::spawn(|| "hello").join().unwrap(), "hello");
/// ```
///
/// # Safety
/// On a green thread no waiting call is made, by the program or by a library that it uses,
///
/// * inside a closure that is given to [`LocalKey::with`](std::thread::LocalKey::with), or to a
///   method that is made of it (`with_borrow`, `with_borrow_mut`, `scoped_tls`' `set` and `with`);
/// * in the initializer of a `thread_local!`;
/// * in the destructor of a thread-local.
///
/// The waiting calls are those that the module [`green`](crate::green) names. While one of them
/// waits, other green threads run on the same system thread, and share its thread-locals. They
/// could replace or drop a value that the first one has borrowed, which is **undefined behaviour**.
/// `std` and other crates rely on a closure of `with` ending before anything else runs on its
/// thread.
///
/// All other misuse of green threads blocks, or reads another green thread's value; it is not
/// undefined behaviour.
#[allow(unsafe_code)]
pub unsafe fn enable() {
    ENABLED.store(true, Relaxed);
}

/// # Errors
/// `Unsupported` before [`enable`].
pub(crate) fn must_be_enabled() -> io::Result<()> {
    if ENABLED.load(Relaxed) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "green threads are not enabled: call `unsafe { socketserver::green::enable() }` first in `main`",
    ))
}

/// A function with its own stack, which can be suspended in the middle and resumed later.
pub(crate) struct Coroutine {
    inner: ManuallyDrop<corosensei::Coroutine<(), *const u8, (), CoroutineStack>>,
    suspended_at: *const u8,
}

thread_local! {
    /// The way out of the coroutine that runs on this thread; null outside of one.
    static CURRENT: Cell<*const Yielder<(), *const u8>> = const { Cell::new(ptr::null()) };
}

impl Coroutine {
    /// A coroutine that has not begun. `run` must not unwind.
    pub(crate) fn new(stack: CoroutineStack, run: impl FnOnce() + 'static) -> Self {
        let coroutine = corosensei::Coroutine::with_stack(stack, move |yielder, ()| {
            CURRENT.set(yielder);
            run();
        });
        Coroutine { inner: ManuallyDrop::new(coroutine), suspended_at: ptr::null() }
    }

    /// An address in the innermost frame of the suspended function. The frames of its callers lie
    /// above. The registers that the switch of stacks has saved lie just below. Null before the
    /// first [`suspend`].
    #[inline]
    pub(crate) fn suspended_at(&self) -> *const u8 {
        self.suspended_at
    }

    /// Runs the function until it suspends itself or ends. Returns whether it has ended.
    #[inline]
    pub(crate) fn resume(&mut self) -> bool {
        struct Restore(*const Yielder<(), *const u8>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        // Even if the function unwinds: its yielder is gone then.
        let outside = Restore(CURRENT.get());
        let result = self.inner.resume(());
        drop(outside);
        match result {
            CoroutineResult::Yield(address) => {
                self.suspended_at = address;
                false
            }
            CoroutineResult::Return(()) => true,
        }
    }
}

impl Drop for Coroutine {
    /// A suspended coroutine is leaked, together with its stack. To drop the values on that stack
    /// it would have to be unwound, and code in there that catches panics would take the unwinding
    /// for a panic.
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        if self.inner.done() || !self.inner.started() {
            // SAFETY: `inner` is dropped nowhere else, and `self` is not used after its own drop.
            unsafe { ManuallyDrop::drop(&mut self.inner) };
        }
    }
}

/// Suspends the coroutine that runs on this thread. Returns when it is resumed.
///
/// # Panics
/// Outside of a coroutine.
#[inline]
#[allow(unsafe_code)]
pub(crate) fn suspend() {
    let current = CURRENT.get();
    assert!(!current.is_null(), "suspend was called outside of a coroutine");
    // SAFETY: `CURRENT` was set by the coroutine that runs on this thread. It points to the yielder
    // on that coroutine's stack, which is alive as long as the coroutine runs. `resume` restores
    // the previous value as soon as the coroutine is suspended or ends, so that no other code on
    // this thread sees the pointer. No other thread does, because a `Coroutine` is not `Send`. This
    // may run on the stack of an `on_stack`, which stays the caller's until that returns: the
    // switch saves whatever stack it leaves, and comes back there.
    unsafe { (*current).suspend((&raw const current).cast()) };
    CURRENT.set(current);
}

/// Calls a function on another stack, and returns its result or resumes its panic. It may suspend
/// the coroutine, and goes on there: the stack returns to its allocator when the function returns.
#[cfg(feature = "tls")]
#[inline]
pub(crate) fn on_stack<T>(stack: CoroutineStack, call: impl FnOnce() -> T) -> T {
    corosensei::on_stack(stack, call)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::sync::Once;

    use super::*;

    /// Enables green threads in this program, in which no other code does.
    #[allow(unsafe_code)]
    pub(crate) fn enable_once() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let error = must_be_enabled().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            // SAFETY: no test of this program waits inside `LocalKey::with` on a green thread.
            unsafe { enable() };
        });
    }

    #[test]
    fn unwinding_coroutine_leaves_nothing_to_suspend() {
        let stack = super::super::stack::allocator(128 << 10).take().unwrap();
        let mut unwinds = Coroutine::new(stack, || resume_unwind(Box::new("boom")));
        catch_unwind(AssertUnwindSafe(|| unwinds.resume())).unwrap_err();
        assert!(CURRENT.get().is_null());
    }

    #[test]
    fn green_threads_are_refused_until_enabled() {
        enable_once();
        assert!(must_be_enabled().is_ok());
    }
}

#[cfg(all(test, feature = "tls"))]
#[path = "tests/on_stack.rs"]
pub(crate) mod on_stack_tests;
