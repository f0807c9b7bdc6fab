//! Short computations that need a deep stack, on green threads.
//!
//! A green thread has a small stack, and all pages of it that were ever touched stay in use. So a
//! deep computation would cost a green thread that is idle later some pages of memory.
//! [`blocking`](crate::green::blocking) computes on another thread instead, for two switches of
//! threads. [`compute`] needs neither: it changes to a spare stack, and stays on its core.
//!
//! ```text
//!    stack of a green thread          spare stack
//!
//!    compute(call) ───────────────►   call()
//!       ┊                                │
//!    its result    ◄──────────────────  end
//! ```
//!
//! Other green threads of the core wait meanwhile. So that they wait for one computation and not
//! for a queue of them, the green threads of a scheduler take turns. Each gives its turn away only
//! after the scheduler has run all others, and has looked at its descriptors.

use std::cell::Cell;
use std::rc::Rc;

use crate::green::{self, blocking, may_park, yield_now};
use crate::sys::coroutine::on_stack;
use crate::sys::stack::spare_stacks;

thread_local! {
    /// Held by the green thread of this scheduler that computes.
    static TURN: Rc<green::Mutex<()>> = Rc::default();
    /// The number of that green thread.
    static COMPUTES: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The mark of the green thread that computes.
struct Mark;

impl Mark {
    fn set() -> Self {
        COMPUTES.set(green::number());
        Mark
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        COMPUTES.set(None);
    }
}

/// Makes a computation of about a millisecond or less. It is for one that needs more than a green
/// thread's own stack, or would leave too many of its pages in use. `call` should not wait, since
/// no other green thread of the scheduler computes meanwhile.
///
/// # Panics
/// When `call` does.
pub(crate) fn compute<T, F>(call: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // An ordinary thread has a deep stack. A computation inside of another one has its turn.
    if may_park().is_none() || COMPUTES.get() == green::number() {
        return call();
    }
    let turn = TURN.with(Rc::clone);
    let turn = turn.lock();
    let Ok(stack) = spare_stacks().take() else {
        drop(turn);
        return blocking(call);
    };
    let mark = Mark::set();
    let result = on_stack(stack, call);
    yield_now();
    drop(mark);
    result
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::panic::resume_unwind;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::thread;

    use parking_lot::Mutex;

    use super::*;
    use crate::sys::coroutine::on_stack_tests::deep;
    use crate::sys::coroutine::tests::enable_once;

    const LEVELS_OF_1_MIB: usize = (1 << 20) / (16 << 10);

    /// Runs on a green thread with a small stack.
    fn on_green<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
        enable_once();
        green::try_spawn(128 << 10, run).unwrap().join().unwrap()
    }

    #[test]
    fn small_stack_suffices_for_a_deep_computation() {
        assert_eq!(on_green(|| compute(|| deep(LEVELS_OF_1_MIB))), LEVELS_OF_1_MIB);
        assert_eq!(compute(|| 7), 7, "on an ordinary thread");
    }

    #[test]
    fn computation_inside_of_another_has_its_turn() {
        let nested = || compute(|| compute(|| deep(LEVELS_OF_1_MIB / 4)));
        assert_eq!(on_green(nested), LEVELS_OF_1_MIB / 4);
    }

    /// More of them than schedulers, so that a turn that was lost would block a later one.
    #[test]
    fn panic_reaches_its_caller_and_passes_the_turn_on() {
        for _ in 0..4 * green::count_cores() {
            enable_once();
            let panics = || compute(|| resume_unwind(Box::new("boom")));
            let joined = green::try_spawn(128 << 10, panics).unwrap().join();
            assert_eq!(joined.unwrap_err().downcast_ref(), Some(&"boom"));
        }
        for _ in 0..4 * green::count_cores() {
            assert_eq!(on_green(|| compute(|| 7)), 7);
        }
    }

    #[test]
    fn wait_inside_leaves_the_scheduler_to_others() {
        let waits = || {
            let [(ask, asked), (answer, answered)] = [(); 2].map(|()| green::channel(1));
            let other = green::spawn(move || answer.send(asked.recv().unwrap() + 1).unwrap());
            let call = move || {
                ask.send(deep(LEVELS_OF_1_MIB)).unwrap();
                answered.recv().unwrap() + deep(LEVELS_OF_1_MIB)
            };
            let result = compute(call);
            other.join().unwrap();
            result
        };
        assert_eq!(on_green(waits), 2 * LEVELS_OF_1_MIB + 1);
    }

    /// Starts green threads that yield again and again, until there is one on each scheduler.
    fn neighbours(run: impl Fn() + Clone + Send + 'static) -> Vec<green::JoinHandle<()>> {
        let schedulers = Arc::new(Mutex::new(HashSet::new()));
        let mut neighbours = Vec::new();
        while schedulers.lock().len() < green::count_cores() {
            let (schedulers, run) = (schedulers.clone(), run.clone());
            neighbours.push(green::spawn(move || {
                schedulers.lock().insert(thread::current().id());
                run();
            }));
            thread::yield_now();
        }
        neighbours
    }

    #[test]
    fn neighbours_run_between_two_computations() {
        thread_local! {
            static IN_A_ROW: Cell<usize> = const { Cell::new(0) };
        }
        enable_once();
        let [begun, over] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let ends = over.clone();
        let neighbours = neighbours(move || {
            while !ends.load(SeqCst) {
                IN_A_ROW.set(0);
                yield_now();
            }
        });
        let computing: Vec<_> = (0..20 * green::count_cores())
            .map(|_| {
                let begun = begun.clone();
                green::spawn(move || {
                    while !begun.load(SeqCst) {
                        yield_now();
                    }
                    compute(|| IN_A_ROW.replace(IN_A_ROW.get() + 1))
                })
            })
            .collect();
        begun.store(true, SeqCst);
        let before: Vec<_> = computing.into_iter().map(|one| one.join().unwrap()).collect();
        over.store(true, SeqCst);
        neighbours.into_iter().for_each(|one| one.join().unwrap());
        assert!(before.iter().all(|before| *before == 0), "{before:?}");
    }
}
