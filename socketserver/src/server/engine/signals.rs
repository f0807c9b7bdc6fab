//! Signals: the first one that ends a program drains its servers, and the second ends the process;
//! others call a function. Each sets a flag and wakes the loop, which answers.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use parking_lot::Mutex;
use signal_hook::consts::{FORBIDDEN, SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

use super::{Engine, TARGET, quietly};
use crate::handler::Core;
use crate::request::Waker;
use crate::sync::thread;

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

/// The drain that a signal asks for.
struct DrainRequest {
    received: Arc<AtomicBool>,
    /// Whether the drain was asked for.
    answered: AtomicBool,
    timeout: Mutex<Duration>,
}

impl DrainRequest {
    /// Whether a signal has come that was not answered.
    fn waits(&self) -> bool {
        self.received.load(SeqCst) && !self.answered.load(SeqCst)
    }

    /// Asks for the drain, once, if a signal has come.
    fn answer(&self, core: &Core) {
        if self.waits() && !self.answered.swap(true, SeqCst) {
            let timeout = *self.timeout.lock();
            core.begin_drain(timeout);
        }
    }
}

struct DrainSignals {
    request: Arc<DrainRequest>,
    actions: Vec<SigId>,
    /// Whether all actions are registered, and the server counts as one that drains.
    registered: bool,
    watch: Option<Watch>,
}

impl DrainSignals {
    fn register(waker: &Waker, received: Arc<AtomicBool>, timeout: Duration) -> io::Result<Self> {
        let request = DrainRequest {
            received,
            answered: AtomicBool::new(false),
            timeout: Mutex::new(timeout),
        };
        let mut signals = DrainSignals {
            request: Arc::new(request),
            actions: Vec::new(),
            registered: false,
            watch: None,
        };
        DRAINERS.lock().prepare()?;
        let (actions, received) = (&mut signals.actions, &signals.request.received);
        for signal in ENDING {
            // In this order, so that only a second signal finds the flag set. It ends the process
            // right in the signal handler, because a program whose loop is stuck has no thread that
            // could look.
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
}

impl Drop for DrainSignals {
    fn drop(&mut self) {
        // Before the actions go: from here on a signal may end the process.
        if self.registered {
            DRAINERS.lock().fewer();
        }
        unregister(&mut self.actions);
    }
}

fn unregister(actions: &mut Vec<SigId>) {
    for action in actions.drain(..) {
        low_level::unregister(action);
    }
}

/// A thread that answers a signal while the loop runs a handler itself, and cannot.
struct Watch {
    /// The process that has the thread.
    process: u32,
    actions: Vec<SigId>,
    /// What the thread reads.
    signals: Arc<UnixStream>,
}

impl Watch {
    fn start(core: Arc<Core>, request: Arc<DrainRequest>) -> io::Result<Self> {
        let (signals, sender) = UnixStream::pair()?;
        sender.set_nonblocking(true)?;
        let mut watch = Watch {
            process: process::id(),
            actions: Vec::new(),
            signals: Arc::new(signals),
        };
        for signal in ENDING {
            let action = low_level::pipe::register(signal, sender.try_clone()?)?;
            watch.actions.push(action);
        }
        let signals = watch.signals.clone();
        let answer = move || {
            loop {
                // Also at first: the signal may have come before this was registered.
                request.answer(&core);
                match (&*signals).read(&mut [0; 64]) {
                    Ok(0) => return,
                    Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
                    _ => {}
                }
            }
        };
        let thread = thread::Builder::new().name("drain signals".to_owned());
        thread.spawn(answer)?;
        Ok(watch)
    }

    /// Not in a child of the process that started it.
    fn is_in_this_process(&self) -> bool {
        self.process == process::id()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        unregister(&mut self.actions);
        // Ends the thread. A forked child shares the sockets and has no thread to end.
        if self.is_in_this_process() {
            let _ = self.signals.shutdown(Shutdown::Both);
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
        unregister(&mut self.actions);
    }
}

impl Engine {
    pub(in crate::server) fn drain_on_signals(&self, timeout: Duration) -> io::Result<()> {
        let mut signals = self.signals.drain.lock();
        match &mut *signals {
            Some(signals) => *signals.request.timeout.lock() = timeout,
            None => {
                let received = self.core.signalled.clone();
                let registered = DrainSignals::register(&self.core.waker, received, timeout)?;
                *signals = Some(registered);
            }
        }
        drop(signals);
        if self.core.life.is_serving() {
            self.watch_signals();
        }
        Ok(())
    }

    /// Before the loop of a server runs whose handlers run on the loop's thread: one of them may
    /// wait for an idle client when the signal comes, and the drain must end it.
    pub(super) fn watch_signals(&self) {
        if !self.core.runs_on_loop {
            return;
        }
        let mut signals = self.signals.drain.lock();
        let Some(signals) = &mut *signals else {
            return;
        };
        if signals
            .watch
            .as_ref()
            .is_some_and(Watch::is_in_this_process)
        {
            return;
        }
        match Watch::start(self.core.clone(), signals.request.clone()) {
            Ok(watch) => signals.watch = Some(watch),
            Err(error) => {
                log::warn!(target: TARGET, "cannot start the thread that answers the signals of {} ({error}): they wait for the handler that runs", self.core.address);
            }
        }
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
        let request = drain
            .as_ref()
            .filter(|signals| signals.request.waits())
            .map(|signals| signals.request.clone());
        drop(drain);
        if let Some(request) = request {
            request.answer(&self.core);
        }
    }
}
