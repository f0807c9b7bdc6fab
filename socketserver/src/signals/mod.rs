//! What signals do. The first SIGINT or SIGTERM drains the servers, and the second ends the
//! process. Other signals call a function. Each signal sets a flag and wakes the loop, which
//! answers it.
//!
//! | file | what it does |
//! | --- | --- |
//! | `actions` | registers actions, and unregisters them |
//! | `drain` | the signals that end a program |
//! | `drain_request` | the drain that such a signal asks for |
//! | `watch` | a thread that answers signals while the loop runs a handler itself |
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
    /// The first field, because it must be dropped first. The functions may hold the state, and a
    /// signal must not end the process while the state is dropped.
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

    /// Called before the loop runs. If handlers run on the loop's own thread, it starts a thread
    /// that answers signals. A handler may wait for an idle client when a signal comes, and the
    /// drain must end that wait.
    pub(crate) fn watch(&self, core: &Arc<Core>) {
        if !core.runs_on_loop {
            return;
        }
        let watched = self.drain.lock().as_mut().map_or(Ok(()), |signals| signals.watch(core));
        if let Err(error) = watched {
            log::warn!(target: TARGET, "cannot start the thread that answers signals of {} ({error}): signals wait for the running handler", core.address);
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
            contained(TARGET, "a function of on_signal", || function.run());
        }
        let drain = self.drain.lock();
        let request = drain.as_ref().and_then(DrainSignals::waiting);
        drop(drain);
        if let Some(request) = request {
            request.answer(core);
        }
    }
}
