//! A recursion that needs a known depth of stack, for the unit tests and those of real programs.

#![allow(unreachable_pub)]

use std::hint::black_box;

/// Uses 16 KiB of stack for each level, and a little.
#[inline(never)]
pub fn deep(levels: usize) -> usize {
    let frame = [levels as u8 | 1; 16 << 10];
    let frame = black_box(&frame);
    match levels {
        0 => 0,
        _ => deep(black_box(levels - 1)) + usize::from(frame[levels % frame.len()] > 0),
    }
}
