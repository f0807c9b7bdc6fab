//! Stacks for coroutines: slots of a few large mappings, each with a guard below it.
//!
//! ```text
//!            segment: one mapping without reserve
//!    ┌───────────────┬───────────────┬── …
//!    │ guard │ stack │ guard │ stack │        the stack grows down, towards its guard
//!    └───────────────┴───────────────┴── …
//! ```
//!
//! Since Linux 6.13 a guard is a mark in the page table and costs no mapping, so a million stacks
//! fit under the usual `vm.max_map_count`. On older kernels every guard splits the mapping, and
//! some thirty thousand is the end.

use std::io;
use std::num::NonZeroUsize;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use corosensei::stack::{Stack, StackPointer};
use parking_lot::Mutex;

/// Address space below each stack that must not be touched: more than one page, so that a function
/// with a large frame does not step over it.
pub(crate) const GUARD: usize = 64 * 1024;

/// Address space that is mapped at a time.
const SEGMENT: usize = 256 * 1024 * 1024;

/// So many stacks that nobody uses keep their memory, because the next one to be used will be one
/// of them.
const WARM: usize = 256;

/// `MADV_GUARD_INSTALL`, which the `libc` crate does not name for every C library.
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// All stacks of one size.
#[derive(Debug)]
pub(crate) struct Slab {
    stack_size: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The lowest addresses of slots that were used before and still have their memory, the last
    /// one used last.
    warm: Vec<usize>,
    /// Those whose memory was given back.
    cold: Vec<usize>,
    /// What is left of the newest segment.
    next: usize,
    end: usize,
}

/// A stack from a [`Slab`], which gets it back when this is dropped.
#[derive(Debug)]
pub(crate) struct SlabStack {
    slab: &'static Slab,
    /// The lowest address of the slot, which is its guard's.
    slot: usize,
}

/// Where segments lie, for whoever asks about an address in a signal handler: no lock, and never
/// changed once set.
struct Segment {
    start: AtomicUsize,
    end: AtomicUsize,
    slot_size: AtomicUsize,
}

static SEGMENTS: [Segment; 4096] = [const {
    Segment {
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        slot_size: AtomicUsize::new(0),
    }
}; 4096];
static SEGMENT_COUNT: AtomicUsize = AtomicUsize::new(0);

/// The kernel is too old for guards that cost no mapping.
static MAPPED_GUARDS: AtomicBool = AtomicBool::new(false);

/// The slab for stacks of at least `stack_size` bytes. There is one for each size, and it stays.
pub(crate) fn slab(stack_size: usize) -> &'static Slab {
    static SLABS: Mutex<Vec<&'static Slab>> = Mutex::new(Vec::new());
    let stack_size = stack_size
        .clamp(16 * 1024, SEGMENT / 2)
        .next_multiple_of(GUARD);
    let mut slabs = SLABS.lock();
    if let Some(slab) = slabs.iter().find(|slab| slab.stack_size == stack_size) {
        return slab;
    }
    let slab: &'static Slab = Box::leak(Box::new(Slab {
        stack_size,
        state: Mutex::default(),
    }));
    slabs.push(slab);
    slab
}

impl Slab {
    fn slot_size(&self) -> usize {
        GUARD + self.stack_size
    }

    /// A stack, used before or fresh.
    ///
    /// # Errors
    /// No address space left, or no mappings left for guards.
    pub(crate) fn take(&'static self) -> io::Result<SlabStack> {
        let mut state = self.state.lock();
        if let Some(slot) = state.warm.pop().or_else(|| state.cold.pop()) {
            return Ok(SlabStack { slab: self, slot });
        }
        if state.next == state.end {
            state.next = self.map_segment()?;
            state.end = state.next + SEGMENT / self.slot_size() * self.slot_size();
        }
        install_guard(state.next)?;
        let slot = state.next;
        state.next += self.slot_size();
        Ok(SlabStack { slab: self, slot })
    }

    #[allow(unsafe_code)]
    fn map_segment(&self) -> io::Result<usize> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _others_wait = ONE_AT_A_TIME.lock();
        let index = SEGMENT_COUNT.load(Relaxed);
        let Some(segment) = SEGMENTS.get(index) else {
            return Err(io::Error::new(
                io::ErrorKind::OutOfMemory,
                "no room for more stacks of green threads",
            ));
        };
        // SAFETY: a new private mapping at an address of the system's choice touches nothing that
        // exists.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                SEGMENT,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the range is the mapping just made. Huge pages would fill stacks of which one
        // page is used.
        unsafe { libc::madvise(start, SEGMENT, libc::MADV_NOHUGEPAGE) };
        segment.slot_size.store(self.slot_size(), Relaxed);
        segment.end.store(start as usize + SEGMENT, Relaxed);
        // Who sees this one sees the others.
        segment.start.store(start as usize, Release);
        // Only a segment that is there takes a place: the next attempt may succeed.
        SEGMENT_COUNT.store(index + 1, Relaxed);
        Ok(start as usize)
    }
}

/// Makes the lowest part of a slot fault when it is touched.
#[allow(unsafe_code)]
fn install_guard(slot: usize) -> io::Result<()> {
    let start = ptr::without_provenance_mut(slot);
    if !MAPPED_GUARDS.load(Relaxed) {
        // SAFETY: the range is the lowest part of a slot that was never handed out, in a mapping of
        // this module's.
        if unsafe { libc::madvise(start, GUARD, MADV_GUARD_INSTALL) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINVAL) {
            return Err(error);
        }
        log::debug!(target: "socketserver::green", "this kernel's guards cost a mapping each");
        MAPPED_GUARDS.store(true, Relaxed);
    }
    // SAFETY: as above.
    if unsafe { libc::mprotect(start, GUARD, libc::PROT_NONE) } == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(libc::ENOMEM) {
        return Err(io::Error::new(
            io::ErrorKind::OutOfMemory,
            "no mappings left for the guards of green threads: raise vm.max_map_count, or use Linux 6.13 or later",
        ));
    }
    Err(error)
}

impl Drop for SlabStack {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        let mut state = self.slab.state.lock();
        if state.warm.len() < WARM {
            state.warm.push(self.slot);
        } else {
            // SAFETY: the range is this slot's stack, and nobody uses it any more: `self` was the
            // only owner. What it holds is lost, as it may be.
            unsafe {
                libc::madvise(
                    ptr::without_provenance_mut(self.slot + GUARD),
                    self.slab.stack_size,
                    libc::MADV_DONTNEED,
                );
            }
            state.cold.push(self.slot);
        }
    }
}

// SAFETY: the slot is a mapping of this module's that is never unmapped, its lowest part is a
// guard, above which there are at least 16 KiB of stack, and both ends are multiples of the page
// size. The slot is in no other `SlabStack` until this one is dropped.
#[allow(unsafe_code)]
unsafe impl Stack for SlabStack {
    fn base(&self) -> StackPointer {
        NonZeroUsize::new(self.slot + self.slab.slot_size())
            .expect("a mapping is not at the end of memory")
    }

    fn limit(&self) -> StackPointer {
        NonZeroUsize::new(self.slot).expect("a mapping is not at the beginning of memory")
    }
}

/// Whether an address is in the guard of a stack. For signal handlers too.
pub(super) fn is_guard(address: usize) -> bool {
    let count = SEGMENT_COUNT.load(Relaxed);
    SEGMENTS[..count].iter().any(|segment| {
        let start = segment.start.load(Acquire);
        start != 0
            && (start..segment.end.load(Relaxed)).contains(&address)
            && (address - start) % segment.slot_size.load(Relaxed) < GUARD
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_peak_the_warm_stacks_are_used_first() {
        // A size that nobody else has.
        let slab = slab(3 * GUARD);
        let peak: Vec<_> = (0..WARM + 10).map(|_| slab.take().unwrap()).collect();
        drop(peak);
        let counts = || {
            let state = slab.state.lock();
            (state.warm.len(), state.cold.len())
        };
        assert_eq!(counts(), (WARM, 10));
        let one = slab.take().unwrap();
        assert_eq!(counts(), (WARM - 1, 10));
        drop(one);
        assert_eq!(counts(), (WARM, 10));
    }
}
