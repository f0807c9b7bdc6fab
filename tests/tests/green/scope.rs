//! Threads that borrow from the code that waits for them.

use tests::prelude::*;

/// Each runs on a thread of the kind of its starter, and may start more.
fn scoped_threads_borrow_and_return<W: Thread>() {
    W::in_time("the scope", || {
        let is_green = green::is_green();
        let mut counts = [1, 2, 3];
        let seen = AtomicUsize::new(0);
        let sum: usize = green::scope(|scope| {
            let handles: Vec<_> = counts
                .iter_mut()
                .map(|count| {
                    let seen = &seen;
                    scope.spawn(move || {
                        assert_eq!(green::is_green(), is_green);
                        *count *= 2;
                        // Not joined by its starter, but by the scope.
                        scope.spawn(move || {
                            green::sleep(Duration::from_millis(5));
                            seen.fetch_add(1, SeqCst);
                        });
                        *count
                    })
                })
                .collect();
            let results = handles.into_iter().map(|handle| handle.join());
            results.map(|result| result.expect("no panic")).sum()
        });
        assert_eq!((sum, seen.into_inner()), (12, 3));
        assert_eq!(counts, [2, 4, 6]);
    });
}

/// Both loops of a relay wait at the same time, which on one core takes two that park.
fn scoped_threads_wait_beside_each_other<W: Thread>() {
    W::in_time("the scope", || {
        let ((one, left), (other, right)) = (tcp_pair(), tcp_pair());
        green::scope(|scope| {
            scope.spawn(|| assert_eq!(one.recv(9).expect("recv"), b""));
            scope.spawn(|| {
                assert_eq!(other.recv(9).expect("recv"), b"");
                drop(left);
            });
            green::yield_now();
            drop(right);
        });
    });
}

/// What is borrowed lives on until all have ended, and the panic is not lost.
fn panics_wait_for_the_others<W: Thread>() {
    W::in_time("the scope", || {
        let text = |scope: fn(&AtomicUsize)| {
            let ended = AtomicUsize::new(0);
            let payload = catch_unwind(AssertUnwindSafe(|| scope(&ended)));
            assert_eq!(ended.load(SeqCst), 1);
            let payload = payload.expect_err("a panic");
            payload.downcast_ref::<&str>().copied().map(str::to_owned)
        };
        fn slow(ended: &AtomicUsize) {
            green::sleep(Duration::from_millis(20));
            ended.fetch_add(1, SeqCst);
        }
        let in_body = text(|ended| {
            green::scope(|scope| {
                scope.spawn(|| slow(ended));
                resume_unwind(Box::new("body"));
            });
        });
        assert_eq!(in_body.as_deref(), Some("body"));
        let in_thread = text(|ended| {
            green::scope(|scope| {
                scope.spawn(|| slow(ended));
                scope.spawn(|| resume_unwind(Box::new("thread")));
            });
        });
        assert_eq!(in_thread.as_deref(), Some("a scoped thread panicked"));
        // One that was joined is the caller's business.
        let joined = green::scope(|scope| {
            let handle = scope.spawn(|| resume_unwind(Box::new("thread")));
            handle.join()
        });
        let payload = joined.expect_err("a panic");
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"thread"));
    });
}

matrix!(
    threads: scoped_threads_borrow_and_return, scoped_threads_wait_beside_each_other,
    panics_wait_for_the_others,
);
