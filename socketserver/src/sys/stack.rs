//! Stacks for coroutines: slots of a few large mappings, each with a guard below it.
//!
//! ```text
//!            segment: one mapping without reserve
//!    ┌───────────────┬───────────────┬── …
//!    │ guard │ stack │ guard │ stack │        the stack grows down, towards its guard
//!    └───────────────┴───────────────┴── …
//! ```
//!
//! Since Linux 6.13 a guard is a mark in the page table and costs no mapping, so that a million
//! stacks fit under the usual `vm.max_map_count`. On older kernels every guard splits the mapping
//! in two, and the limit is reached at some thirty thousand stacks.
//!
//! A slot is never unmapped. A stack that is no longer used keeps its memory (*warm*) or gives it
//! back to the system and keeps the addresses only (*cold*).

use std::io;
use std::num::NonZeroUsize;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use corosensei::stack::{Stack, StackPointer};
use parking_lot::Mutex;

/// Size of the guard below each stack. Touching it is a fault. It is larger than a page, so that a
/// function with a large frame does not step over it.
pub(crate) const GUARD: usize = 64 * 1024;

/// Size of a mapping, unless a stack needs a larger one.
const SEGMENT: usize = 256 * 1024 * 1024;

/// Size of the smallest first mapping, for a process that may have little address space.
const SMALLEST: usize = SEGMENT / 64;

/// The largest stack: far more than any program has memory for, and still address space that is
/// there (16 GiB where an address has 64 bits).
pub(crate) const LARGEST: usize = if usize::BITS < 64 { SEGMENT / 2 } else { usize::MAX >> 30 };

/// How many unused stacks keep their memory: they are taken first when a stack is needed again.
const WARM: usize = 256;

/// `MADV_GUARD_INSTALL`, which the `libc` crate does not name for every C library.
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// Where the log lines of this file go.
const TARGET: &str = "socketserver::green";

/// Hands out stacks of one size.
#[derive(Debug)]
pub(crate) struct StackAllocator {
    stack_size: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Unused slots that still have their memory, by their lowest addresses. The one that was
    /// released last stands last and is taken first.
    warm: Vec<usize>,
    /// Unused slots whose memory was given back.
    cold: Vec<usize>,
    /// The part of the newest segment that has not been used yet.
    next: usize,
    end: usize,
}

/// A stack, which goes back to its [`StackAllocator`] when it is dropped.
#[derive(Debug)]
pub(crate) struct CoroutineStack {
    allocator: &'static StackAllocator,
    /// The lowest address of the slot, which is that of its guard.
    slot: usize,
}

/// Where a segment lies. The signal handler reads this, so there is no lock around it, and it never
/// changes once it is set.
struct Segment {
    start: AtomicUsize,
    end: AtomicUsize,
    slot_size: AtomicUsize,
}

static SEGMENTS: [Segment; 4096] = [const {
    Segment { start: AtomicUsize::new(0), end: AtomicUsize::new(0), slot_size: AtomicUsize::new(0) }
}; 4096];
static SEGMENT_COUNT: AtomicUsize = AtomicUsize::new(0);

/// Set when the kernel turned out to be too old for guards that cost no mapping.
static MAPPED_GUARDS: AtomicBool = AtomicBool::new(false);

/// The allocator for stacks of at least `stack_size` bytes, up to [`LARGEST`]. There is one per
/// size, which lives to the end of the process.
pub(crate) fn allocator(stack_size: usize) -> &'static StackAllocator {
    static ALLOCATORS: Mutex<Vec<&'static StackAllocator>> = Mutex::new(Vec::new());
    let stack_size = stack_size.clamp(16 * 1024, LARGEST).next_multiple_of(GUARD);
    let mut allocators = ALLOCATORS.lock();
    let found = allocators.iter().find(|one| one.stack_size == stack_size);
    if let Some(allocator) = found {
        return allocator;
    }
    let allocator: &'static StackAllocator =
        Box::leak(Box::new(StackAllocator { stack_size, state: Mutex::default() }));
    allocators.push(allocator);
    allocator
}

/// The allocator for stacks on which code of a coroutine runs for a moment, see
/// [`on_stack`](super::coroutine::on_stack). They are as large as those of threads. None of them is
/// ever a coroutine's own stack, of which the pages that a deep function has touched would stay in
/// use while the coroutine is suspended.
#[cfg(feature = "tls")]
pub(crate) fn spare_stacks() -> &'static StackAllocator {
    const STACK_SIZE: usize = 2 * 1024 * 1024;
    const EMPTY: State = State { warm: Vec::new(), cold: Vec::new(), next: 0, end: 0 };
    static SPARE: StackAllocator =
        StackAllocator { stack_size: STACK_SIZE, state: Mutex::new(EMPTY) };
    &SPARE
}

impl StackAllocator {
    fn slot_size(&self) -> usize {
        GUARD + self.stack_size
    }

    /// A stack, whose contents are arbitrary.
    ///
    /// # Errors
    /// When there is no address space left, or no mapping for its guard.
    pub(crate) fn take(&'static self) -> io::Result<CoroutineStack> {
        let mut state = self.state.lock();
        if let Some(slot) = state.warm.pop().or_else(|| state.cold.pop()) {
            return Ok(CoroutineStack { allocator: self, slot });
        }
        if state.next == state.end {
            let is_first = state.end == 0;
            (state.next, state.end) = self.add_segment(is_first)?;
        }
        let is_first_mapped = install_guard(state.next)?;
        let slot = state.next;
        state.next += self.slot_size();
        drop(state);
        let stack = CoroutineStack { allocator: self, slot };
        // Only now, because the logger may need a stack itself.
        if is_first_mapped {
            log::debug!(
                target: TARGET,
                "kernel lacks MADV_GUARD_INSTALL: each guard of a stack uses a mapping"
            );
        }
        Ok(stack)
    }

    /// Maps a segment, and returns where its slots begin and end. The first one may be smaller, if
    /// the process may have no more. Later ones are not, so that stacks leave address space to
    /// everything else.
    fn add_segment(&self, is_first: bool) -> io::Result<(usize, usize)> {
        let slot_size = self.slot_size();
        let mut size = SEGMENT;
        loop {
            let segment_size = size.max(slot_size);
            match self.map_segment(segment_size) {
                Err(_) if is_first && size > SMALLEST => size /= 4,
                mapped => {
                    let start = mapped?;
                    return Ok((start, start + segment_size / slot_size * slot_size));
                }
            }
        }
    }

    #[allow(unsafe_code)]
    fn map_segment(&self, size: usize) -> io::Result<usize> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _others_wait = ONE_AT_A_TIME.lock();
        let index = SEGMENT_COUNT.load(Relaxed);
        let Some(segment) = SEGMENTS.get(index) else {
            return Err(io::Error::new(
                io::ErrorKind::OutOfMemory,
                "cannot map more stacks for green threads: all segments are in use",
            ));
        };
        // SAFETY: without MAP_FIXED a new mapping touches no memory that exists.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the range is the mapping just made, and the advice changes no contents. (A huge
        // page would give memory to many stacks of which only one page each is used.)
        unsafe { libc::madvise(start, size, libc::MADV_NOHUGEPAGE) };
        segment.slot_size.store(self.slot_size(), Relaxed);
        let end = start as usize + size;
        segment.end.store(end, Relaxed);
        // Stored last: a reader that sees the start also sees the end and the size.
        segment.start.store(start as usize, Release);
        // Not before the mapping exists, so that a failure uses up no entry.
        SEGMENT_COUNT.store(index + 1, Relaxed);
        Ok(start as usize)
    }
}

/// Makes every access to the lowest part of a slot a fault. Returns whether this is the first guard
/// that uses a mapping.
#[allow(unsafe_code)]
fn install_guard(slot: usize) -> io::Result<bool> {
    let mut is_first_mapped = false;
    let start = ptr::without_provenance_mut(slot);
    if !MAPPED_GUARDS.load(Relaxed) {
        // SAFETY: the range is the lowest part of a slot in a mapping of this file's. The slot has
        // not been handed out yet, so nothing refers to that memory.
        if unsafe { libc::madvise(start, GUARD, MADV_GUARD_INSTALL) } == 0 {
            return Ok(false);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINVAL) {
            return Err(error);
        }
        is_first_mapped = !MAPPED_GUARDS.swap(true, Relaxed);
    }
    // SAFETY: as for `madvise` above.
    if unsafe { libc::mprotect(start, GUARD, libc::PROT_NONE) } == 0 {
        return Ok(is_first_mapped);
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(libc::ENOMEM) {
        return Err(io::Error::new(
            io::ErrorKind::OutOfMemory,
            "no mapping left for the guard of a green thread's stack: \
             raise vm.max_map_count, or use Linux 6.13 or later",
        ));
    }
    Err(error)
}

/// Tells whether a stack came near its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gauge {
    /// Where the last quarter of the stack begins.
    mark: usize,
    pub(crate) stack_size: usize,
}

/// How many words there are looked at: more than a usual frame leaves untouched.
const WORDS: usize = 32;

impl CoroutineStack {
    /// Its size without the guard, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.allocator.stack_size
    }

    pub(crate) fn gauge(&self) -> Gauge {
        let stack_size = self.size();
        Gauge { mark: self.slot + GUARD + stack_size / 4, stack_size }
    }
}

impl Gauge {
    /// Whether the stack was used to its last quarter since the last call. Memory that no frame has
    /// touched reads as zero, and a page of it takes no memory.
    ///
    /// # Panics
    /// Unless it is called on that stack, and well above its last quarter.
    #[allow(unsafe_code)]
    pub(crate) fn was_passed(self) -> bool {
        let words: *mut usize = ptr::with_exposed_provenance_mut(self.mark);
        let mut passed = false;
        let frame = (&raw const passed).addr();
        let above = self.mark + 1024..self.mark + self.stack_size / 4 * 3;
        assert!(above.contains(&frame), "expected to be on the stack of this gauge");
        for word in 0..WORDS {
            // SAFETY: the words lie at the end of the third quarter of a stack, which is mapped for
            // reading and writing. As checked above, this frame lies on the same stack, and higher.
            // A stack grows down, so no frame is where the words are, and nothing refers to them.
            // They are aligned, because a slot and a quarter of its stack are. `map_segment` has
            // exposed the provenance of the mapping.
            unsafe {
                if words.wrapping_add(word).read_volatile() != 0 {
                    passed = true;
                    words.wrapping_add(word).write_volatile(0);
                }
            }
        }
        passed
    }
}

impl Drop for CoroutineStack {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        let mut state = self.allocator.state.lock();
        if state.warm.len() < WARM {
            state.warm.push(self.slot);
        } else {
            // SAFETY: the range is this slot's stack. `self` was its only owner, so nothing refers
            // to that memory any more, and its contents may be lost.
            unsafe {
                libc::madvise(
                    ptr::without_provenance_mut(self.slot + GUARD),
                    self.allocator.stack_size,
                    libc::MADV_DONTNEED,
                );
            }
            state.cold.push(self.slot);
        }
    }
}

// SAFETY: `base` and `limit` are the two ends of a slot, both multiples of the page size. The slot
// lies in a mapping that is never unmapped, its lowest part is a guard, and above that there are at
// least 16 KiB of stack. No other `CoroutineStack` has this slot until this one is dropped.
#[allow(unsafe_code)]
unsafe impl Stack for CoroutineStack {
    fn base(&self) -> StackPointer {
        NonZeroUsize::new(self.slot + self.allocator.slot_size())
            .expect("a mapping is not at the end of memory")
    }

    fn limit(&self) -> StackPointer {
        NonZeroUsize::new(self.slot).expect("a mapping is not at the beginning of memory")
    }
}

/// Whether an address lies in the guard of a stack. May be called in a signal handler.
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
    #[should_panic(expected = "expected to be on the stack of this gauge")]
    fn gauge_reads_no_other_stack_than_its_own() {
        allocator(GUARD).take().unwrap().gauge().was_passed();
    }

    #[test]
    fn warm_stacks_are_taken_first_after_a_peak() {
        // A size that no other test uses.
        let allocator = allocator(3 * GUARD);
        let peak: Vec<_> = (0..WARM + 10).map(|_| allocator.take().unwrap()).collect();
        drop(peak);
        let counts = || {
            let state = allocator.state.lock();
            (state.warm.len(), state.cold.len())
        };
        assert_eq!(counts(), (WARM, 10));
        let one = allocator.take().unwrap();
        assert_eq!(counts(), (WARM - 1, 10));
        drop(one);
        assert_eq!(counts(), (WARM, 10));
    }
}
