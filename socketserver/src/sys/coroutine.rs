//! Coroutines: functions with a stack of their own, which can be suspended in the middle and
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
use std::mem::ManuallyDrop;
use std::ptr;

use corosensei::{CoroutineResult, Yielder};

use super::stack::CoroutineStack;

/// A function with a stack of its own, which can be suspended in the middle and resumed later.
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
        Coroutine {
            inner: ManuallyDrop::new(coroutine),
            suspended_at: ptr::null(),
        }
    }

    /// An address in the innermost frame of the suspended function: the frames of its callers lie
    /// above, and the registers that the switch of stacks has saved just below. Null before the
    /// first [`suspend`].
    #[inline]
    pub(crate) fn suspended_at(&self) -> *const u8 {
        self.suspended_at
    }

    /// Runs the function until it suspends itself or ends. Returns whether it has ended.
    #[inline]
    pub(crate) fn resume(&mut self) -> bool {
        let outside = CURRENT.get();
        let result = self.inner.resume(());
        CURRENT.set(outside);
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
    assert!(
        !current.is_null(),
        "suspend was called outside of a coroutine"
    );
    // SAFETY: `CURRENT` was set by the coroutine that runs on this thread. It points to the yielder
    // on that coroutine's stack, which is alive as long as the coroutine runs. `resume` restores
    // the previous value as soon as the coroutine is suspended or ends, so that no other code on
    // this thread sees the pointer; and no other thread does, because a `Coroutine` is not `Send`.
    unsafe { (*current).suspend((&raw const current).cast()) };
    CURRENT.set(current);
}
