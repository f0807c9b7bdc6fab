//! A thread that answers signals while the loop runs a handler itself.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::Arc;

use signal_hook::low_level;

use super::actions::{Actions, ENDING};
use super::drain_request::DrainRequest;

use crate::handler::Core;
use crate::sync::thread;

pub(super) struct Watch {
    /// The ID of the process that has the thread.
    process: u32,
    actions: Actions,
    /// The thread reads it: each signal writes a byte to the other end.
    signals: Arc<UnixStream>,
}

impl Watch {
    pub(super) fn start(core: Arc<Core>, request: Arc<DrainRequest>) -> io::Result<Self> {
        let (signals, sender) = UnixStream::pair()?;
        sender.set_nonblocking(true)?;
        let mut watch = Watch {
            process: process::id(),
            actions: Actions::default(),
            signals: Arc::new(signals),
        };
        for signal in ENDING {
            let action = low_level::pipe::register(signal, sender.try_clone()?);
            watch.actions.add(action)?;
        }
        let signals = watch.signals.clone();
        let answer = move || {
            loop {
                // Before the first read too: a signal may have come before the actions were
                // registered.
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

    /// Whether this process has started the thread: false in a forked child.
    pub(super) fn is_in_this_process(&self) -> bool {
        self.process == process::id()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.actions.clear();
        // Ends the thread. A forked child shares the sockets and has no thread to end.
        if self.is_in_this_process() {
            let _ = self.signals.shutdown(Shutdown::Both);
        }
    }
}
