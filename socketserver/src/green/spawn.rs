//! Starting green threads, and waiting for their results.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::channel::{Receiver, channel};
use super::task::NewTask;
use super::watchdog::{LastWarning, warn_at_times};
use super::{TARGET, cores};
use crate::panics::contained;
use crate::sys::stack::{self, CoroutineStack, StackAllocator};

/// The size of a green thread's stack unless it is set: enough for usual code that recurses, such
/// as a parser with its own limit. Untouched pages cost no memory, only their share of the page
/// table. A page of that table is for 2 MiB, of which a stack with its guard fills an eighth.
/// Without optimisation frames are several times as large.
pub(crate) const STACK_SIZE: usize = if cfg!(debug_assertions) { 960 * 1024 } else { 192 * 1024 };

/// Stacks of one size, for a caller that starts many green threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stacks(&'static StackAllocator);

impl Stacks {
    pub(crate) fn of(stack_size: usize) -> Self {
        Stacks(stack::allocator(stack_size))
    }

    /// Takes a stack, and does everything else that may fail when a green thread is started.
    pub(crate) fn reserve(self) -> io::Result<Reserved> {
        cores::start()?;
        Ok(Reserved(self.0.take()?))
    }
}

/// Everything that a green thread needs except the function that it will run.
pub(crate) struct Reserved(CoroutineStack);

impl Reserved {
    /// Starts the green thread, on the scheduler that has the fewest.
    pub(crate) fn spawn(self, name: &'static str, run: impl FnOnce() + Send + 'static) {
        let gauge = self.0.gauge();
        cores::spawn(NewTask {
            stack: self.0,
            name,
            // Nothing may unwind into the scheduler.
            run: Box::new(move || {
                contained(TARGET, name, run);
                if gauge.was_passed() {
                    warn_of_overflow(name, gauge.stack_size);
                }
            }),
        });
    }
}

/// The next request may need more, and an overflow ends the process: a line in the log, at most
/// once a second.
#[cold]
fn warn_of_overflow(name: &str, stack_size: usize) {
    static LAST: LastWarning = LastWarning::new(None);
    warn_at_times(&LAST, || {
        let kibibytes = stack_size / 1024;
        log::warn!(
            target: TARGET,
            "{name} has used more than three quarters of its stack of {kibibytes} KiB: \
             give it a larger stack_size, because an overflow ends the process"
        );
    });
}

/// Starts a green thread.
///
/// ```
/// use socketserver::green;
///
/// # // SAFETY: nothing here waits inside `LocalKey::with`.
/// # unsafe { green::enable() };
/// let greeting = green::spawn(|| "hello");
/// assert_eq!(greeting.join().unwrap(), "hello");
/// ```
///
/// # Panics
/// When green threads are not [enabled](crate::green::enable), there is no memory for its stack, or
/// the schedulers cannot be started. [`try_spawn`] returns an error instead.
pub fn spawn<T, F>(run: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    try_spawn(STACK_SIZE, run)
        .unwrap_or_else(|error| panic!("cannot start a green thread: {error}"))
}

/// Starts a green thread with a stack of at least `stack_size` bytes.
///
/// # Errors
/// `Unsupported` when green threads are not [enabled](crate::green::enable); `InvalidInput` for a
/// stack of more than 16 GiB; `OutOfMemory` when there is no memory for the stack; the system's
/// error when the schedulers cannot be started.
pub fn try_spawn<T, F>(stack_size: usize, run: F) -> io::Result<JoinHandle<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    if stack_size > stack::LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("expected a stack of at most {} bytes, got {stack_size}", stack::LARGEST),
        ));
    }
    let (sender, result) = channel(1);
    Stacks::of(stack_size).reserve()?.spawn(std::any::type_name::<F>(), move || {
        // If the handle is gone, the result comes back and is dropped here.
        drop(sender.send(catch_unwind(AssertUnwindSafe(run))));
    });
    Ok(JoinHandle(result))
}

/// Waits for the result of a green thread. Dropping it leaves the green thread running.
pub struct JoinHandle<T>(Receiver<thread::Result<T>>);

impl<T> JoinHandle<T> {
    /// Waits for the green thread to end, and returns its result.
    ///
    /// # Errors
    /// The payload of its panic; a `&str` that says so if the caller's request was aborted.
    pub fn join(self) -> thread::Result<T> {
        self.0.recv().unwrap_or_else(|_| {
            Err(Box::new(
                "expected the result of a green thread, got none: \
                      it ended without one, or the caller's request was aborted",
            ) as Box<dyn Any + Send>)
        })
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}
