//! Code that somebody else wrote is run here and survived: handlers and policies, and whatever else
//! of a user's is called, or runs as it is dropped.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `run`. What it panicked with comes back as a text, and is gone.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = text_of(&*payload);
        // A payload may panic as it is dropped, and what that leaves may too; there it must end.
        catch_unwind(AssertUnwindSafe(|| drop(payload))).unwrap_or_else(mem::forget);
        text
    })
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "not with a text".to_owned()
    }
}

/// Runs what has nobody to report to: a panic is a line in the log. Never unwinds, whatever the
/// logger does.
pub(crate) fn contained<T>(target: &str, what: &str, run: impl FnOnce() -> T) -> Option<T> {
    match caught(run) {
        Ok(value) => Some(value),
        Err(text) => {
            let _ = caught(|| log::error!(target: target, "{what} panicked: {text}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use super::*;

    /// Panics as it is dropped, with another one.
    struct Bomb(u32);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 > 0 {
                resume_unwind(Box::new(Bomb(self.0 - 1)));
            }
        }
    }

    #[test]
    fn a_panic_is_its_text() {
        assert_eq!(caught(|| 1), Ok(1));
        assert_eq!(
            caught(|| resume_unwind(Box::new("boom"))),
            Err::<(), _>("boom".to_owned())
        );
        let text = || resume_unwind(Box::new("boom".to_owned()));
        assert_eq!(caught(text), Err::<(), _>("boom".to_owned()));
    }

    #[test]
    fn what_a_panic_leaves_may_panic_again() {
        let bomb = || resume_unwind(Box::new(Bomb(3)));
        assert_eq!(caught(bomb), Err::<(), _>("not with a text".to_owned()));
        assert_eq!(contained::<()>("test", "a bomb", bomb), None);
    }
}
