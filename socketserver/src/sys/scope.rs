//! Functions that run on another thread, and borrow from the code that waits for them.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Acquire};
use std::thread;

/// A scope for threads that borrow from the code around it: the argument of the closure of
/// [`green::scope`](crate::green::scope).
///
/// Python: no counterpart; its threads share everything
pub struct Scope<'scope, 'env: 'scope> {
    pub(crate) shared: Arc<Shared>,
    // Invariant in both, as in `std::thread::Scope`.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// What a scope and its threads share.
pub(crate) struct Shared {
    lent: AtomicUsize,
    /// Set when a thread has panicked and its result was dropped.
    pub(crate) has_panicked: AtomicBool,
    /// Called after each of the functions has been dropped.
    returned: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    /// Whether no function borrows any more.
    pub(crate) fn is_over(&self) -> bool {
        self.lent.load(Acquire) == 0
    }
}

/// Calls `body` with a scope, and then `wait`, which returns once the scope is over.
pub(crate) fn enclose<'env, T>(
    returned: impl Fn() + Send + Sync + 'static,
    body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
    wait: impl FnOnce(&Shared),
) -> thread::Result<T> {
    /// All borrows must end before the lender goes on, even if a wait unwinds.
    struct Ends(Arc<Shared>);
    impl Drop for Ends {
        fn drop(&mut self) {
            if !self.0.is_over() {
                process::abort();
            }
        }
    }
    let shared = Arc::new(Shared {
        lent: AtomicUsize::new(0),
        has_panicked: AtomicBool::new(false),
        returned: Box::new(returned),
    });
    let ends = Ends(shared.clone());
    let scope = Scope { shared, scope: PhantomData, env: PhantomData };
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    wait(&scope.shared);
    drop(ends);
    result
}

impl<'scope> Scope<'scope, '_> {
    /// Makes a function that another thread can take, and that borrows from here.
    #[allow(unsafe_code)]
    pub(crate) fn lend(
        &'scope self,
        run: impl FnOnce() + Send + 'scope,
    ) -> impl FnOnce() + Send + 'static {
        let run: Box<dyn FnOnce() + Send + 'scope> = Box::new(run);
        self.shared.lent.fetch_add(1, AcqRel);
        // SAFETY: the two types differ in a lifetime alone. What `run` borrows lives for `'scope`,
        // which ends after `enclose` has returned. It returns only when every `Lent` was dropped,
        // and a `Lent` drops its function first, or has called it, which drops it too. If the drop
        // never comes, the function leaks, or the process ends.
        let run: Box<dyn FnOnce() + Send + 'static> = unsafe { mem::transmute(run) };
        let lent = Lent { run: Some(run), shared: self.shared.clone() };
        move || lent.call()
    }
}

struct Lent {
    run: Option<Box<dyn FnOnce() + Send>>,
    shared: Arc<Shared>,
}

impl Lent {
    fn call(mut self) {
        if let Some(run) = self.run.take() {
            run();
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // A destructor of the function may panic, and the lender must not wait for ever then.
        let run = self.run.take();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(run)));
        self.shared.lent.fetch_sub(1, AcqRel);
        (self.shared.returned)();
        if let Err(payload) = dropped {
            mem::forget(payload);
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
