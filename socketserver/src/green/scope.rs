//! Threads that borrow from the code that waits for them. They are green if that code runs on a
//! green thread.

use std::any::type_name;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use super::current::{enclosing_servers, may_park};
use super::spawn::Stacks;
use super::sync::{Condvar, Mutex};
use crate::sys::scope::{Scope, Shared, enclose};

/// Calls `body`, which can start threads that borrow from the code around it, and waits for all of
/// them. On a green thread these are green threads, and ordinary threads elsewhere, so a handler
/// with two loops runs on every concurrency. Their waits belong to the caller's request: its
/// deadline ends them too. The stack of a green one has the size of the caller's.
///
/// ```
/// use std::io;
/// use socketserver::{Socket, green};
///
/// fn both_ways(client: &Socket, upstream: &Socket) -> io::Result<()> {
///     let copy = |from: &Socket, to: &Socket| -> io::Result<()> {
///         loop {
///             match from.recv(65_536)? {
///                 data if data.is_empty() => return to.shutdown(std::net::Shutdown::Write),
///                 data => to.sendall(&data)?,
///             }
///         }
///     };
///     green::scope(|scope| {
///         let back = scope.spawn(|| copy(upstream, client));
///         copy(client, upstream)?;
///         back.join().expect("no panic")
///     })
/// }
/// ```
///
/// # Panics
/// If `body` panics, or a thread that nothing [joins](ScopedJoinHandle::join). The panic comes
/// after all threads have ended.
///
/// Python: starting `threading.Thread`s and joining them
pub fn scope<'env, T>(body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T) -> T {
    let ended = Arc::new((Mutex::new(()), Condvar::new()));
    let wakes = ended.clone();
    let returned = move || {
        drop(wakes.0.lock());
        wakes.1.notify_all();
    };
    let mut has_panicked = false;
    let wait = |shared: &Shared| {
        let mut guard = ended.0.lock();
        while !shared.is_over() {
            guard = ended.1.wait(guard);
        }
        has_panicked = shared.has_panicked.load(SeqCst);
    };
    match enclose(returned, body, wait) {
        Err(payload) => resume_unwind(payload),
        Ok(_) if has_panicked => panic!("a scoped thread panicked"),
        Ok(result) => result,
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a green thread on a green thread, and an ordinary thread elsewhere.
    ///
    /// # Panics
    /// If the system has no memory for the stack, or no thread.
    pub fn spawn<T, F>(&'scope self, run: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        // An ordinary thread also in a panic: the green thread cannot park then, and another one on
        // its core would never run.
        let reserved = may_park().map(|current| Stacks::of(current.stack_size()).reserve());
        let reserved = reserved.transpose().unwrap_or_else(|error| cannot_start(&error));
        let outcome = Arc::new(Outcome {
            result: Mutex::new(None),
            is_there: Condvar::new(),
            shared: self.shared.clone(),
        });
        let sender = outcome.clone();
        let enclosing = enclosing_servers(|servers| servers.clone());
        let run = self.lend(move || {
            enclosing_servers(|servers| *servers = enclosing);
            let result = catch_unwind(AssertUnwindSafe(run));
            // Dropped after the list is released: a destructor may use the list.
            drop(enclosing_servers(std::mem::take));
            *sender.result.lock() = Some(result);
            sender.is_there.notify_all();
        });
        if let Some(reserved) = reserved {
            reserved.spawn(type_name::<F>(), run);
        } else if let Err(error) = thread::Builder::new().spawn(run) {
            cannot_start(&error);
        }
        ScopedJoinHandle { outcome, scope: std::marker::PhantomData }
    }
}

fn cannot_start(error: &std::io::Error) -> ! {
    panic!("cannot start a scoped thread: {error}")
}

struct Outcome<T> {
    result: Mutex<Option<thread::Result<T>>>,
    is_there: Condvar,
    shared: Arc<Shared>,
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        let result = self.result.lock().take();
        if matches!(result, Some(Err(_))) {
            self.shared.has_panicked.store(true, SeqCst);
        }
    }
}

/// Handle to a thread of a [`scope`], which waits for its result.
pub struct ScopedJoinHandle<'scope, T> {
    outcome: Arc<Outcome<T>>,
    scope: std::marker::PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread to end, and returns its result.
    ///
    /// # Errors
    /// The payload of its panic.
    pub fn join(self) -> thread::Result<T> {
        let mut result = self.outcome.result.lock();
        loop {
            match result.take() {
                Some(result) => return result,
                None => result = self.outcome.is_there.wait(result),
            }
        }
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
