//! Signals: the first one that ends a program drains its servers, and the second ends the process;
//! others call a function. Each sets a flag and wakes the loop, which answers.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use parking_lot::Mutex;
use signal_hook::consts::{FORBIDDEN, SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

use super::{Engine, quietly};
use crate::handler::{StopKind, Waiting};
use crate::request::Waker;

/// The signals of one server.
#[derive(Default)]
pub(in crate::server) struct Signals {
    /// First, because they may hold the state, and a signal must not end the process while that is
    /// dropped.
    hooks: Mutex<Vec<Arc<SignalFunction>>>,
    drain: Mutex<Option<DrainSignals>>,
}

/// The signals that end a program.
const ENDING: [i32; 2] = [SIGINT, SIGTERM];

/// The servers of this process that drain on signals.
static DRAINERS: Mutex<Drainers> = Mutex::new(Drainers {
    count: 0,
    none: None,
});

struct Drainers {
    count: usize,
    /// True while no server drains on signals; a signal then ends the process, as if none ever had.
    /// Made with the first such server.
    none: Option<Arc<AtomicBool>>,
}

impl Drainers {
    fn prepare(&mut self) -> io::Result<()> {
        if self.none.is_none() {
            let none = Arc::new(AtomicBool::new(true));
            for signal in ENDING {
                flag::register_conditional_default(signal, none.clone())?;
            }
            self.none = Some(none);
        }
        Ok(())
    }

    fn more(&mut self) {
        self.set(self.count + 1);
    }

    fn fewer(&mut self) {
        self.set(self.count - 1);
    }

    fn set(&mut self, count: usize) {
        self.count = count;
        if let Some(none) = &self.none {
            none.store(count == 0, SeqCst);
        }
    }
}

struct DrainSignals {
    received: Arc<AtomicBool>,
    /// Whether the drain was asked for.
    answered: AtomicBool,
    timeout: Duration,
    actions: Vec<SigId>,
    /// Whether all actions are registered, and the server counts as one that drains.
    registered: bool,
}

impl DrainSignals {
    fn register(waker: &Waker, received: Arc<AtomicBool>, timeout: Duration) -> io::Result<Self> {
        let mut signals = DrainSignals {
            received,
            answered: AtomicBool::new(false),
            timeout,
            actions: Vec::new(),
            registered: false,
        };
        DRAINERS.lock().prepare()?;
        let (actions, received) = (&mut signals.actions, &signals.received);
        for signal in ENDING {
            // In this order, so that only a second signal finds the flag set. It ends the process
            // right in the signal handler, because an inline server whose handler blocks has no
            // thread that could look.
            let status = 128 + signal;
            actions.push(flag::register_conditional_shutdown(
                signal,
                status,
                received.clone(),
            )?);
            actions.push(flag::register(signal, received.clone())?);
            actions.push(low_level::pipe::register(signal, waker.wake_fd()?)?);
        }
        // Only now: until then a signal ends the process, so none is lost.
        DRAINERS.lock().more();
        signals.registered = true;
        Ok(signals)
    }

    /// How long live requests may go on, if a signal has come. `Some` only the first time.
    fn received(&self) -> Option<Duration> {
        let first = self.received.load(SeqCst) && !self.answered.swap(true, SeqCst);
        first.then_some(self.timeout)
    }
}

impl Drop for DrainSignals {
    fn drop(&mut self) {
        // Before the actions go: from here on a signal may end the process.
        if self.registered {
            DRAINERS.lock().fewer();
        }
        for action in self.actions.drain(..) {
            low_level::unregister(action);
        }
    }
}

pub(in crate::server) type Answer = Box<dyn Fn() + Send + Sync>;

/// A signal that calls a function.
struct SignalFunction {
    received: Arc<AtomicBool>,
    actions: Vec<SigId>,
    run: Answer,
}

impl SignalFunction {
    fn register(signal: i32, waker: &Waker, run: Answer) -> io::Result<Self> {
        if FORBIDDEN.contains(&signal) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("expected a signal that can be handled, got {signal}"),
            ));
        }
        let mut hook = SignalFunction {
            received: Arc::default(),
            actions: Vec::new(),
            run,
        };
        // In this order: the loop looks at the flag once it has been woken.
        let flag = flag::register(signal, hook.received.clone())?;
        hook.actions.push(flag);
        let wake = low_level::pipe::register(signal, waker.wake_fd()?)?;
        hook.actions.push(wake);
        Ok(hook)
    }
}

impl Drop for SignalFunction {
    fn drop(&mut self) {
        for action in self.actions.drain(..) {
            low_level::unregister(action);
        }
    }
}

impl Engine {
    pub(in crate::server) fn drain_on_signals(&self, timeout: Duration) -> io::Result<()> {
        let mut signals = self.signals.drain.lock();
        match &mut *signals {
            Some(signals) => signals.timeout = timeout,
            None => {
                let received = self.core.signalled.clone();
                let registered = DrainSignals::register(&self.core.waker, received, timeout)?;
                *signals = Some(registered);
            }
        }
        Ok(())
    }

    pub(in crate::server) fn on_signal(&self, signal: i32, run: Answer) -> io::Result<()> {
        let hook = SignalFunction::register(signal, &self.core.waker, run)?;
        self.signals.hooks.lock().push(Arc::new(hook));
        Ok(())
    }

    /// Answers the signals that have come: calls their functions, and asks for a drain.
    pub(super) fn answer_signals(&self) {
        let hooks = self.signals.hooks.lock();
        let received = hooks
            .iter()
            .filter(|hook| hook.received.swap(false, SeqCst));
        let received: Vec<_> = received.cloned().collect();
        drop(hooks);
        for hook in received {
            quietly("on_signal", &*hook.run);
        }
        let drain = self.signals.drain.lock();
        let timeout = drain.as_ref().and_then(DrainSignals::received);
        drop(drain);
        if let Some(timeout) = timeout {
            let life = &self.core.life;
            life.ask(StopKind::Drain, Waiting::Loop(timeout), false);
        }
    }
}
