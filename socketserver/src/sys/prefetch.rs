//! One instruction: asking for a line of memory before it is needed. `green/prefetch.rs` says when
//! and why.

/// Requests the cache line that holds `address`, on x86-64; does nothing elsewhere. Any address
/// will do, even null or an unmapped one.
#[inline]
#[allow(unsafe_code)]
pub(crate) fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction is a hint. It reads nothing that the program can observe, and the
        // processor drops it where the address cannot be read.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
