//! Signals: the first one that ends a program drains its servers, and the second ends the process;
//! others call a function. Each sets a flag and wakes the loop, which answers.
//!
//! | file | what it does |
//! | --- | --- |
//! | `actions` | what is registered with the system |
//! | `drain` | the signals that end a program |
//! | `drain_request` | the drain that such a signal asks for |
//! | `watch` | a thread that answers them for a loop that runs a handler itself |
//! | `function` | a signal that calls a function |

mod actions;
mod drain;
mod drain_request;
mod function;
mod watch;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::handler::Core;
use crate::panics::contained;
use drain::DrainSignals;
pub(crate) use function::Answer;
use function::SignalFunction;

/// Where this folder's log lines go.
const TARGET: &str = "socketserver::signals";

/// The signals of one server.
#[derive(Default)]
pub(crate) struct Signals {
    /// First, because they may hold the state, and a signal must not end the process while that is
    /// dropped.
    functions: Mutex<Vec<Arc<SignalFunction>>>,
    drain: Mutex<Option<DrainSignals>>,
}

impl Signals {
    /// From now on the first signal that ends a program asks for a drain.
    pub(crate) fn set_drain(&self, core: &Arc<Core>, timeout: Duration) -> io::Result<()> {
        let mut drain = self.drain.lock();
        match &*drain {
            Some(signals) => signals.set_timeout(timeout),
            None => *drain = Some(DrainSignals::register(core, timeout)?),
        }
        drop(drain);
        if core.life.is_serving() {
            self.watch(core);
        }
        Ok(())
    }

    /// Before the loop of a server runs whose handlers run on the loop's thread: one of them may
    /// wait for an idle client when the signal comes, and the drain must end it.
    pub(crate) fn watch(&self, core: &Arc<Core>) {
        if core.runs_on_loop
            && let Some(signals) = &mut *self.drain.lock()
            && let Err(error) = signals.watch(core)
        {
            log::warn!(target: TARGET, "cannot start the thread that answers the signals of {} ({error}): they wait for the handler that runs", core.address);
        }
    }

    /// From now on a signal calls `run`.
    pub(crate) fn call(&self, core: &Core, signal: i32, run: Answer) -> io::Result<()> {
        let function = SignalFunction::register(signal, &core.waker, run)?;
        self.functions.lock().push(Arc::new(function));
        Ok(())
    }

    /// Answers the signals that have come: calls their functions, and asks for a drain.
    pub(crate) fn answer(&self, core: &Core) {
        let functions = self.functions.lock();
        let received = functions.iter().filter(|function| function.was_received());
        let received: Vec<_> = received.cloned().collect();
        drop(functions);
        for function in received {
            contained(TARGET, "on_signal", || function.run());
        }
        let drain = self.drain.lock();
        let request = drain.as_ref().and_then(DrainSignals::waiting);
        drop(drain);
        if let Some(request) = request {
            request.answer(core);
        }
    }
}
