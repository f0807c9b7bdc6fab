//! A signal that calls a function.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use signal_hook::consts::FORBIDDEN;
use signal_hook::{flag, low_level};

use super::actions::Actions;
use crate::request::Waker;
use crate::sys;

pub(crate) type Answer = Box<dyn Fn() + Send + Sync>;

pub(super) struct SignalFunction {
    /// The first field, which is dropped first: no signal comes once the others are dropped.
    _actions: Actions,
    received: Arc<AtomicBool>,
    run: Answer,
}

impl SignalFunction {
    pub(super) fn register(signal: i32, waker: &Waker, run: Answer) -> io::Result<Self> {
        if FORBIDDEN.contains(&signal) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("expected a signal that can be handled, got {signal}"),
            ));
        }
        let received: Arc<AtomicBool> = Arc::default();
        let mut actions = Actions::default();
        // In this order: the loop looks at the flag once it has been woken.
        actions.add(flag::register(signal, received.clone()))?;
        actions.add(low_level::pipe::register(signal, waker.wake_fd()?))?;
        sys::unblock(signal);
        Ok(SignalFunction { received, _actions: actions, run })
    }

    /// Whether the signal has come since the last call.
    pub(super) fn was_received(&self) -> bool {
        self.received.swap(false, SeqCst)
    }

    pub(super) fn run(&self) {
        (self.run)();
    }
}
