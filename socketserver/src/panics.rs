//! Contains panics in user code: in handlers and policies, and in whatever else of a user's is
//! called or dropped.

use std::any::Any;
use std::mem;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls `run`. If it panics, returns the message; the payload has been dropped then.
pub(crate) fn catch_panic<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(drop_payload)
}

/// Drops a payload, and returns its message. Not inlined, as `report` below: what they need of the
/// stack would be touched by each request, and stay in the memory of each idle thread.
#[cold]
#[inline(never)]
fn drop_payload(payload: Box<dyn Any + Send>) -> String {
    let text = text_of(&*payload);
    // Dropping a payload may panic, and dropping the payload of that may too: it is forgotten.
    catch_unwind(AssertUnwindSafe(|| drop(payload))).unwrap_or_else(mem::forget);
    text
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "with a payload that is not text".to_owned()
    }
}

/// Calls `run`, for a caller that cannot return an error. A panic becomes a line in the log, where
/// `what` names the code. Never unwinds, whatever the logger does.
pub(crate) fn contained<T>(target: &str, what: &str, run: impl FnOnce() -> T) -> Option<T> {
    match catch_panic(run) {
        Ok(value) => Some(value),
        Err(text) => {
            report(target, what, &text);
            None
        }
    }
}

/// Writes a line to the log. The logger is the user's: if it panics, the caller goes on.
pub(crate) fn log_quietly(target: &str, line: impl FnOnce()) {
    contained(target, "the logger", line);
}

#[cold]
#[inline(never)]
fn report(target: &str, what: &str, text: &str) {
    let _ = catch_panic(|| log::error!(target: target, "{what} panicked ({text}): going on"));
}

/// A value of the user's whose destructor may panic, on any thread: a panic there is a line in the
/// log.
pub(crate) struct DropsQuietly<V>(Option<V>);

impl<V> DropsQuietly<V> {
    pub(crate) fn new(value: V) -> Self {
        DropsQuietly(Some(value))
    }
}

impl<V> Deref for DropsQuietly<V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.0.as_ref().expect("the value is there until the drop")
    }
}

impl<V> Drop for DropsQuietly<V> {
    fn drop(&mut self) {
        contained("socketserver::request", "the drop of a request or its server", || {
            // Where it is, without a move.
            self.0 = None;
        });
    }
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use super::*;

    /// Panics when it is dropped, with a smaller one as the payload.
    struct Bomb(u32);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 > 0 {
                resume_unwind(Box::new(Bomb(self.0 - 1)));
            }
        }
    }

    #[test]
    fn panic_becomes_its_message() {
        assert_eq!(catch_panic(|| 1), Ok(1));
        assert_eq!(
            catch_panic(|| resume_unwind(Box::new("boom"))),
            Err::<(), _>("boom".to_owned())
        );
        let text = || resume_unwind(Box::new("boom".to_owned()));
        assert_eq!(catch_panic(text), Err::<(), _>("boom".to_owned()));
    }

    #[test]
    fn payload_may_panic_when_dropped() {
        let bomb = || resume_unwind(Box::new(Bomb(3)));
        assert_eq!(catch_panic(bomb), Err::<(), _>("with a payload that is not text".to_owned()));
        assert_eq!(contained::<()>("test", "a bomb", bomb), None);
    }
}
