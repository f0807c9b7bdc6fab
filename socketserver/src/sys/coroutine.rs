//! Coroutines that stay on the thread that made them, and the way back from inside one.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr;

use corosensei::{CoroutineResult, Yielder};

use super::prefetch::prefetch;
use super::stack::SlabStack;

/// A function with a stack of its own, which can be left in the middle and gone on with.
pub(crate) struct Coroutine {
    inner: ManuallyDrop<corosensei::Coroutine<(), Place, (), SlabStack>>,
    /// Null until it was left for the first time.
    left_at: Place,
}

/// Where on its stack a coroutine was left.
type Place = *const u8;

/// The change of stacks puts registers below that place: prefetching begins a line lower.
const BELOW: usize = 64;

/// So many cache lines are asked for beforehand: the calls that lead to a wait and, where the buffer
/// has 1 KiB, as in the benchmark, the handler above it.
const LINES: usize = 25;

thread_local! {
    /// The way out of the coroutine that runs on this thread; null outside of one.
    static CURRENT: Cell<*const Yielder<(), Place>> = const { Cell::new(ptr::null()) };
}

impl Coroutine {
    /// A coroutine that has not begun. `run` must not unwind.
    pub(crate) fn new(stack: SlabStack, run: impl FnOnce() + 'static) -> Self {
        let coroutine = corosensei::Coroutine::with_stack(stack, move |yielder, ()| {
            CURRENT.set(yielder);
            run();
        });
        Coroutine {
            inner: ManuallyDrop::new(coroutine),
            left_at: ptr::null(),
        }
    }

    /// Asks for the part of its stack to which it will come back. Of many thousands each has a
    /// stack of its own, and few are in a cache when their turn comes.
    #[inline]
    pub(crate) fn prefetch(&self) {
        if !self.left_at.is_null() {
            for line in 0..LINES {
                prefetch(self.left_at.wrapping_sub(BELOW).wrapping_add(64 * line));
            }
        }
    }

    /// Has the page looked up in which it was left.
    #[inline]
    pub(crate) fn prefetch_page(&self) {
        if !self.left_at.is_null() {
            prefetch(self.left_at);
        }
    }

    /// Goes on with it until it suspends itself or ends. Returns whether it has ended.
    #[inline]
    pub(crate) fn resume(&mut self) -> bool {
        let outside = CURRENT.get();
        let result = self.inner.resume(());
        CURRENT.set(outside);
        match result {
            CoroutineResult::Yield(place) => {
                self.left_at = place;
                false
            }
            CoroutineResult::Return(()) => true,
        }
    }
}

impl Drop for Coroutine {
    /// A coroutine in the middle of its function is left as it is, and its stack with it: to drop
    /// what stands there it would have to be unwound, and whoever catches panics there would take
    /// that for one.
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        if self.inner.done() || !self.inner.started() {
            // SAFETY: this is the only place that drops it, and `self` is never used again.
            unsafe { ManuallyDrop::drop(&mut self.inner) };
        }
    }
}

/// Leaves the coroutine that this thread runs; returns when somebody resumes it.
///
/// # Panics
/// Outside of a coroutine.
#[inline]
#[allow(unsafe_code)]
pub(crate) fn suspend() {
    let current = CURRENT.get();
    assert!(!current.is_null(), "only a coroutine can be suspended");
    // SAFETY: the pointer was set by the coroutine that runs on this thread, to the yielder on its
    // own stack, which lives as long as it does. `resume` puts back what was there before as soon
    // as it is left, so nobody else finds it, and a `Coroutine` is not `Send`, so it is resumed on
    // this thread only.
    unsafe { (*current).suspend((&raw const current).cast()) };
    CURRENT.set(current);
}
