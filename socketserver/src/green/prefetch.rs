//! All prefetching of green threads: what it is, why, what it brings, how to switch it off.
//!
//! # Why
//!
//! A parked green thread is spread over memory: its task, its stack, its socket, each in a place of
//! its own. With thousands of them few are in a near cache when their turn comes. A turn would
//! begin with one cache miss after another, some 100 ns each, and the processor would do nothing
//! meanwhile. But the scheduler knows beforehand whose turns are next, and can ask for their memory
//! while others run.
//!
//! # What
//!
//! * [`before_turn`]: while one green thread runs, the socket and the innermost frames of the next
//!   one are brought to the cache.
//! * [`before_batch`]: a stack is a page of its own, and thousands of pages are more than the
//!   processor keeps addresses of. A prefetch has to wait until the page is found. So the pages of
//!   the next [`BATCH`] green threads are touched in one go: the processor looks several up at a
//!   time, and all of them take little longer than one.
//!
//! Both are hints. No result depends on them, and nothing else in this module knows of them, except
//! that a parking green thread leaves the address of its socket (`Task::prefetch_hint`).
//!
//! # What it brings
//!
//! TODO
//!
//! # How to switch it off
//!
//! Set [`ENABLED`] to `false`. It is so on processors other than x86-64, where nothing was measured.

use std::cell::RefCell;
use std::collections::VecDeque;

use slab::Slab;

use super::task::Task;
use crate::sys::coroutine::Coroutine;
use crate::sys::prefetch::prefetch;

const ENABLED: bool = cfg!(target_arch = "x86_64");

/// How many green threads have their pages looked up together.
const BATCH: usize = 32;

/// Size of a cache line.
const LINE: usize = 64;

/// How many lines of a stack are asked for.
const LINES: usize = 25;

/// To be called before each turn of a run through the ready queue, with the number of turns since
/// the run began. Does its work at every [`BATCH`]th.
#[inline]
pub(super) fn before_batch(
    turn: usize,
    ready: &RefCell<VecDeque<usize>>,
    tasks: &RefCell<Slab<Task>>,
) {
    if ENABLED && turn.is_multiple_of(BATCH) {
        for (task, coroutine) in suspended(&ready.borrow(), &tasks.borrow()).take(BATCH) {
            prefetch(task.prefetch_hint);
            prefetch(coroutine.suspended_at());
        }
    }
}

/// To be called right before a turn, when its green thread has left the ready queue: asks for the
/// memory of the next one, which comes to the cache during that turn.
#[inline]
pub(super) fn before_turn(ready: &RefCell<VecDeque<usize>>, tasks: &RefCell<Slab<Task>>) {
    if ENABLED && let Some((task, coroutine)) = suspended(&ready.borrow(), &tasks.borrow()).next() {
        prefetch(task.prefetch_hint);
        let frame = coroutine.suspended_at();
        if !frame.is_null() {
            // The switch of stacks has saved registers in the line below the frame.
            let first = frame.wrapping_sub(LINE);
            for line in 0..LINES {
                prefetch(first.wrapping_add(LINE * line));
            }
        }
    }
}

/// The ready green threads that have run before and are suspended, in their order.
#[inline]
fn suspended<'a>(
    ready: &'a VecDeque<usize>,
    tasks: &'a Slab<Task>,
) -> impl Iterator<Item = (&'a Task, &'a Coroutine)> {
    ready.iter().filter_map(|&id| {
        let task = tasks.get(id)?;
        Some((task, task.coroutine.as_ref()?))
    })
}
