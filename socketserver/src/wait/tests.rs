use std::cell::Cell;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use super::*;

/// Repeats an operation that is never ready, on a descriptor that always is. Returns how often.
fn tries(patience: Patience, part: Part) -> usize {
    let (one, _other) = UnixStream::pair().unwrap();
    let (source, tries) = (Source::default(), Cell::new(0));
    let awaited = Awaited { fd: one.as_fd(), source: &source };
    let result = until_ready(awaited, Interest::Write, (patience, part), |_| {
        tries.set(tries.get() + 1);
        Err::<(), _>(Errno::AGAIN)
    });
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
    tries.get()
}

#[test]
fn only_a_first_part_is_tried_when_time_is_over() {
    let over = || Patience::Until(Instant::now());
    assert_eq!(tries(over(), Part::Later), 0);
    assert!(tries(over(), Part::First) >= 1);
}

#[test]
fn readiness_in_vain_is_followed_by_a_pause() {
    let patience = Patience::Until(Instant::now() + Duration::from_millis(50));
    // Two tries follow a pause, which takes a millisecond or more.
    assert!((1..=110).contains(&tries(patience, Part::First)));
}
