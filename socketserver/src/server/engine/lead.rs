//! What a loop needs to lend its baton: see [`lead`](crate::lead).

use std::io;
use std::sync::Arc;

use super::{Engine, Listener};
use crate::lead::{Baton, Leader, Pace, Watch};
use crate::request::Waker;

pub(super) struct Lead {
    engine: Arc<Engine>,
    pub(super) pace: Arc<Pace>,
    /// Wakes leaders. Made for the first.
    waker: Option<Waker>,
    /// The leader, if there is one, and where it receives.
    pub(super) leader: Option<(Watch, Listener)>,
}

impl Lead {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        Lead { engine, pace: Pace::new(), waker: None, leader: None }
    }

    fn waker(&mut self) -> io::Result<Waker> {
        match &self.waker {
            Some(waker) => Ok(waker.clone()),
            None => Ok(self.waker.insert(Waker::new()?).clone()),
        }
    }

    /// Lends the baton to a worker. Returns whether there was one.
    pub(super) fn lend(&mut self, listener: &Listener) -> io::Result<bool> {
        let engine = self.engine.clone();
        let baton = Arc::new(Baton::new(self.waker()?, engine.core.waker.clone()));
        let watch = Watch::new(baton.clone(), self.pace.clone());
        let lent = listener.clone();
        let name = engine.intake.handler_name();
        let leader = Leader::new(baton, name, move |baton| engine.receive(baton, &lent));
        let led = self.engine.concurrency.lead(leader).is_ok();
        self.leader = led.then(|| (watch, listener.clone()));
        Ok(led)
    }
}
