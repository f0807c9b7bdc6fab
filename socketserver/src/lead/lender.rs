//! What a loop needs to lend its baton.

use std::sync::Arc;

use super::{Baton, Pace, Watch};
use crate::request::Waker;

/// The loop's side: how fast handlers are, and its leader. `L` is where that receives.
pub(crate) struct Lender<L> {
    /// Measures the handlers of requests that the loop receives.
    pub(crate) pace: Arc<Pace>,
    /// The leader, if there is one.
    pub(crate) leader: Option<(Watch, L)>,
}

impl<L> Lender<L> {
    pub(crate) fn new() -> Self {
        Lender { pace: Pace::new(), leader: None }
    }

    /// Lends a baton to a worker that `start` finds, if there is one. `looping` wakes the loop.
    pub(crate) fn lend(
        &mut self,
        looping: &Waker,
        listener: L,
        start: impl FnOnce(Arc<Baton>) -> bool,
    ) {
        // For this leader alone, because an earlier one may not have woken yet.
        let Ok(waker) = Waker::new() else {
            return self.pace.lost(0);
        };
        let baton = Arc::new(Baton::new(waker, looping.clone()));
        let watch = Watch::new(baton.clone(), self.pace.clone());
        if start(baton) {
            self.leader = Some((watch, listener));
        } else {
            self.pace.lost(0);
        }
    }
}
