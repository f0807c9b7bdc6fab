//! Signals: the first of those that end a program drains, the second ends the process; others do
//! what the program wants of them. Each sets a flag and rings the loop's bell, and the loop looks.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use parking_lot::Mutex;
use signal_hook::consts::{FORBIDDEN, SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

use super::Server;
use super::base::BaseServer;
use super::job::quietly;
use super::server_ref::ServerRef;
use super::waker::Waker;
use crate::concurrency::Concurrency;
use crate::handler::RequestHandler;
use crate::transport::Transport;

/// What a server keeps while it listens to signals.
pub(super) struct Signals<S> {
    drain: Mutex<Option<DrainSignals>>,
    hooks: Mutex<Vec<Arc<Hook<S>>>>,
}

impl<S> Default for Signals<S> {
    fn default() -> Self {
        Signals {
            drain: Mutex::default(),
            hooks: Mutex::default(),
        }
    }
}

/// The signals that end a program.
const ENDING: [i32; 2] = [SIGINT, SIGTERM];

/// The servers of this process that drain at signals.
static LISTENERS: Mutex<Listeners> = Mutex::new(Listeners {
    count: 0,
    none: None,
});

struct Listeners {
    count: usize,
    /// Whether there are none: then a signal ends the process, as it would if there never had been
    /// any. Made before the first.
    none: Option<Arc<AtomicBool>>,
}

impl Listeners {
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
    /// The drain was asked for.
    answered: AtomicBool,
    timeout: Duration,
    actions: Vec<SigId>,
    /// All actions are there, and the server counts as a listener.
    listens: bool,
}

impl DrainSignals {
    fn register(waker: &Waker, received: Arc<AtomicBool>, timeout: Duration) -> io::Result<Self> {
        let mut signals = DrainSignals {
            received,
            answered: AtomicBool::new(false),
            timeout,
            actions: Vec::new(),
            listens: false,
        };
        LISTENERS.lock().prepare()?;
        let (actions, received) = (&mut signals.actions, &signals.received);
        for signal in ENDING {
            // In this order, so that only a second signal finds the flag set. It ends the process
            // right in the signal handler: an inline server whose handler waits has no thread that
            // could look.
            let status = 128 + signal;
            actions.push(flag::register_conditional_shutdown(
                signal,
                status,
                received.clone(),
            )?);
            actions.push(flag::register(signal, received.clone())?);
            actions.push(low_level::pipe::register(signal, waker.bell()?)?);
        }
        // Only now: until then a signal ends the process, and so none is lost.
        LISTENERS.lock().more();
        signals.listens = true;
        Ok(signals)
    }

    /// How long live requests may go on, once, if a signal came.
    fn received(&self) -> Option<Duration> {
        let first = self.received.load(SeqCst) && !self.answered.swap(true, SeqCst);
        first.then_some(self.timeout)
    }
}

impl Drop for DrainSignals {
    fn drop(&mut self) {
        // Before the actions go: from here on a signal may end the process.
        if self.listens {
            LISTENERS.lock().fewer();
        }
        for action in self.actions.drain(..) {
            low_level::unregister(action);
        }
    }
}

type Answer<S> = Box<dyn Fn(&ServerRef<S>) + Send + Sync>;

/// What one signal does.
struct Hook<S> {
    received: Arc<AtomicBool>,
    actions: Vec<SigId>,
    run: Answer<S>,
}

impl<S> Hook<S> {
    fn register(signal: i32, waker: &Waker, run: Answer<S>) -> io::Result<Self> {
        if FORBIDDEN.contains(&signal) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("signal {signal} cannot be handled"),
            ));
        }
        let mut hook = Hook {
            received: Arc::default(),
            actions: Vec::new(),
            run,
        };
        // In this order: the loop looks at the flag once it has heard the bell.
        let flag = flag::register(signal, hook.received.clone())?;
        hook.actions.push(flag);
        let bell = low_level::pipe::register(signal, waker.bell()?)?;
        hook.actions.push(bell);
        Ok(hook)
    }
}

impl<S> Drop for Hook<S> {
    fn drop(&mut self) {
        for action in self.actions.drain(..) {
            low_level::unregister(action);
        }
    }
}

impl<S> fmt::Debug for Signals<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals").finish_non_exhaustive()
    }
}

impl<T, C, H, S> Server<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    /// From now on the first SIGINT or SIGTERM drains the server, after its
    /// [`lame_duck`](crate::Builder::lame_duck) time, live requests having `timeout` to finish, and
    /// `serve_forever` returns; a second one ends the process at once, with status 128 + number.
    /// Several servers of one process may each do this, and all of them drain.
    ///
    /// It takes no thread: a flag is set and the loop's bell is rung. An inline server begins to
    /// drain when the handler that runs has returned. Once the last of these servers is dropped, a
    /// signal ends the process, as it does any program that does not care. Called again, this
    /// changes the timeout.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `except KeyboardInterrupt` around `serve_forever`
    pub fn drain_on_signals(&self, timeout: Duration) -> io::Result<()> {
        let core = self.core();
        let mut signals = self.signals.drain.lock();
        match &mut *signals {
            Some(signals) => signals.timeout = timeout,
            None => {
                let received = core.signalled.clone();
                *signals = Some(DrainSignals::register(&core.waker, received, timeout)?);
            }
        }
        Ok(())
    }

    /// From now on a signal calls `run`, on the loop's thread and between requests, for as long as
    /// the server serves: SIGHUP to read its configuration again, SIGUSR1 to tell its counters. The
    /// numbers are in [`signal`](crate::signal).
    ///
    /// It takes no thread: a flag is set and the loop's bell is rung. So signals that come faster
    /// than they are answered are answered once. An inline server does so when the handler that
    /// runs has returned. After the server's end, and in a forked child, the signal does nothing.
    ///
    /// ```
    /// use socketserver::{Socket, ThreadingTCPServer, signal};
    ///
    /// let server = ThreadingTCPServer::handling(|request: Socket, _| request.sendall(b"hello"));
    /// let server = server.bind("127.0.0.1:0")?;
    /// server.on_signal(signal::SIGUSR1, |server| log::info!("{:?}", server.stats()))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for a signal that cannot be handled, and the system's.
    ///
    /// Python: `signal.signal`
    pub fn on_signal(
        &self,
        signal: i32,
        run: impl Fn(&ServerRef<S>) + Send + Sync + 'static,
    ) -> io::Result<()> {
        let hook = Hook::register(signal, &self.core().waker, Box::new(run))?;
        self.signals.hooks.lock().push(Arc::new(hook));
        Ok(())
    }

    /// Does what the signals that came ask for.
    pub(super) fn answer_signals(&self) {
        let hooks = self.signals.hooks.lock();
        let received = hooks
            .iter()
            .filter(|hook| hook.received.swap(false, SeqCst));
        let received: Vec<_> = received.cloned().collect();
        drop(hooks);
        for hook in received {
            quietly("on_signal", || (hook.run)(&self.server));
        }
        let drain = self.signals.drain.lock();
        let timeout = drain.as_ref().and_then(DrainSignals::received);
        drop(drain);
        if let Some(timeout) = timeout {
            self.server.begin_drain(timeout);
        }
    }
}
