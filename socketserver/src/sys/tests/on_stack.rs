//! Coroutines whose functions run on spare stacks, without a scheduler.

mod deep;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::*;
use crate::sys::stack::{allocator, spare_stacks};
pub(crate) use deep::deep;

/// A coroutine with a small stack, and the list to which it writes.
fn small(run: impl FnOnce(&RefCell<Vec<usize>>) + 'static) -> (Coroutine, Rc<RefCell<Vec<usize>>>) {
    let list = Rc::default();
    let written = Rc::clone(&list);
    let stack = allocator(128 << 10).take().unwrap();
    (Coroutine::new(stack, move || run(&written)), list)
}

fn on_spare_stack<T>(call: impl FnOnce() -> T) -> T {
    on_stack(spare_stacks().take().unwrap(), call)
}

const LEVELS_OF_1_MIB: usize = (1 << 20) / (16 << 10);

#[test]
fn spare_stack_is_larger_than_a_coroutines() {
    let (mut coroutine, list) = small(|list| {
        let levels = on_spare_stack(|| deep(LEVELS_OF_1_MIB));
        list.borrow_mut().push(levels);
    });
    assert!(coroutine.resume());
    assert_eq!(*list.borrow(), [LEVELS_OF_1_MIB]);
}

/// Each has its frames on a separate stack.
#[test]
fn coroutines_suspend_on_spare_stacks_side_by_side() {
    let run = |list: &RefCell<Vec<usize>>| {
        on_spare_stack(|| {
            for number in 0..3 {
                assert_eq!(deep(LEVELS_OF_1_MIB), LEVELS_OF_1_MIB);
                list.borrow_mut().push(number);
                suspend();
            }
        });
        suspend();
        list.borrow_mut().push(3);
    };
    let (mut first, of_first) = small(run);
    let (mut second, of_second) = small(run);
    for _ in 0..4 {
        assert!(!first.resume());
        assert!(!second.resume());
    }
    assert!(first.resume() && second.resume());
    assert_eq!(*of_first.borrow(), [0, 1, 2, 3]);
    assert_eq!(*of_second.borrow(), [0, 1, 2, 3]);
}

#[test]
fn panic_on_a_spare_stack_unwinds_its_caller() {
    let (mut coroutine, list) = small(|list| {
        let caught = catch_unwind(AssertUnwindSafe(|| {
            on_spare_stack(|| -> usize {
                suspend();
                std::panic::resume_unwind(Box::new(7_usize))
            })
        }));
        let payload = caught.unwrap_err();
        assert!(!std::thread::panicking());
        list.borrow_mut().push(*payload.downcast().unwrap());
        // The stack is in use again.
        let levels = on_spare_stack(|| deep(LEVELS_OF_1_MIB));
        list.borrow_mut().push(levels);
    });
    assert!(!coroutine.resume());
    assert!(coroutine.resume());
    assert_eq!(*list.borrow(), [7, LEVELS_OF_1_MIB]);
}

#[test]
fn spare_stack_serves_code_outside_of_coroutines() {
    assert_eq!(on_spare_stack(|| deep(LEVELS_OF_1_MIB)), LEVELS_OF_1_MIB);
}
