//! All prefetching of green threads: why there is any, what it does, what it brings, and how to
//! switch it off.
//!
//! # Why
//!
//! A parked green thread is spread over memory: its task, its stack and its socket are in places of
//! their own. With thousands of green threads few of those places are in a near cache when their
//! turn comes. The turn would begin with cache misses one after the other, some 100 ns each, during
//! which the processor does nothing. But the scheduler knows whose turns are next, and can ask for
//! their memory while others run.
//!
//! # What
//!
//! * [`before_turn`]: while one green thread runs, the socket and the innermost frames of the next
//!   one come to the cache.
//! * [`before_batch`]: every stack is in separate pages, and the processor knows the addresses of a
//!   few thousand pages only. A prefetch of any other page has to wait until the page is looked up.
//!   So the pages of the next [`BATCH`] green threads are touched in one go. The processor looks up
//!   several at a time, and all together take little longer than one.
//!
//! Both are hints, and no result depends on them. They need two facts about a suspended green
//! thread: where its stack was left (`Coroutine::suspended_at`), and what it will read first
//! besides (`Task::prefetch_hint`, its socket).
//!
//! # What it brings
//!
//! Without this file, a server with 1,000 connections takes 6 % more processor time per message of
//! 64 bytes (4 to 9 % in six rounds, on one Xeon of 2023). Without the lines of the stacks it takes
//! 2 % more. To measure that again, run `cargo bench -p tests --bench versus -- --server green`
//! with and without it.
//!
//! # How to switch it off
//!
//! Set [`ENABLED`] to `false`, and both calls compile to nothing. That is so on all processors but
//! x86-64, because nothing was measured there.

use std::cell::RefCell;
use std::collections::VecDeque;

use slab::Slab;

use super::task::Task;
use crate::sys::prefetch::prefetch;

/// Whether anything is prefetched.
const ENABLED: bool = cfg!(target_arch = "x86_64");

/// How many green threads have their pages looked up together.
const BATCH: usize = 32;

/// Size of a cache line.
const LINE: usize = 64;

/// How much of a stack is asked for, in bytes. The frames of this crate between the start of a
/// green thread and a wait for its socket take some 1,850 bytes with optimisation. So this is the
/// whole stack of a handler that has no large variables. Between 768 bytes and 3 KiB no difference
/// could be measured.
const FRAMES: usize = 2 * 1024;

/// To be called before each turn of a run through the ready queue, with the number of turns since
/// the run began. Does its work at every [`BATCH`]th.
#[inline]
pub(super) fn before_batch(
    turn: usize,
    ready: &RefCell<VecDeque<usize>>,
    tasks: &RefCell<Slab<Task>>,
) {
    if ENABLED && turn.is_multiple_of(BATCH) {
        let tasks = tasks.borrow();
        for &next in ready.borrow().iter().take(BATCH) {
            if let Some((frame, hint)) = memory_of(next, &tasks) {
                prefetch(hint);
                prefetch(frame);
            }
        }
    }
}

/// Asks for the memory of the next green thread in the ready queue. Called right before a turn,
/// during which that memory comes to the cache.
#[inline]
pub(super) fn before_turn(ready: &RefCell<VecDeque<usize>>, tasks: &RefCell<Slab<Task>>) {
    if ENABLED
        && let Some(&next) = ready.borrow().front()
        && let Some((frame, hint)) = memory_of(next, &tasks.borrow())
    {
        prefetch(hint);
        // The switch of stacks has saved registers in the line below the frame.
        let first = frame.wrapping_sub(LINE);
        for offset in (0..FRAMES).step_by(LINE) {
            prefetch(first.wrapping_add(offset));
        }
    }
}

/// Where the stack of a green thread was left, and what it will read first besides. None if it is
/// not suspended.
#[inline]
fn memory_of(task: usize, tasks: &Slab<Task>) -> Option<(*const u8, *const u8)> {
    let task = tasks.get(task)?;
    let frame = task.coroutine.as_ref()?.suspended_at();
    (!frame.is_null()).then_some((frame, task.prefetch_hint))
}
