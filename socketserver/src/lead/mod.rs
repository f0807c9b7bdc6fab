//! Requests that never change threads: a worker receives them, and runs their handlers itself.
//!
//! To hand a datagram to another thread costs more than most handlers do. So, while the handlers of
//! a server are short, its loop lends the *baton* to a worker, the *leader*. The leader takes a
//! request, verifies it, and runs its handler; then it takes the next one. The loop looks at the
//! leader every millisecond, and takes the baton back as soon as a handler is not short. Then the
//! loop receives again, and hands requests to other workers, so that none waits for that handler.
//!
//! ```text
//!    the loop                             the leader
//!
//!    lends the baton ──────────────────►  accepts a request, verifies it
//!    looks every millisecond              marks that a handler runs, runs it
//!    the same handler still runs?         it still has the baton?
//!        │ yes                                │ yes              │ no
//!        ▼                                    ▼                  ▼
//!    takes the baton, receives            takes the next one   is a worker as others are
//! ```
//!
//! A leader on a green thread gives the baton to the loop by itself when its handler parks.
//!
//! While a handler runs, and while the leader waits for a request, no thread holds the baton, so
//! the loop may take it. A thread receives and verifies requests only while it holds the baton, so
//! one thread at a time does.
//!
//! A leader on a green thread wakes only when its scheduler is free, and another green thread may
//! compute there when a request comes. So, once the leader has waited for a millisecond, the loop
//! waits for requests beside it. If one is there and the leader does not wake, the loop takes the
//! baton. The leader notices that when it wakes, and does not touch the socket any more.
//!
//! | file | what it does |
//! | --- | --- |
//! | `baton` | where the baton is, and which thread may take it |
//! | `pace` | whether handlers are short |
//! | `watch` | what the loop sees of its leader |
//! | `lender` | what the loop needs to lend the baton |

mod baton;
mod lender;
mod pace;
mod thread_state;
mod watch;

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

pub(crate) use baton::Baton;
#[cfg(all(test, loom))]
pub(crate) use baton::Place;
pub(crate) use lender::Lender;
pub(crate) use pace::Pace;
pub(crate) use watch::Seen;
use watch::Watch;

use crate::green::{self, Interest};
use crate::request::Job;
use crate::socket::Socket;
use crate::sync::thread_local;

/// Number of requests that a green thread handles before others of its scheduler run.
const TURNS: u64 = 64;

thread_local! {
    /// The batons of the leaders on this thread.
    static HELD: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
}

/// The baton of a leader.
struct Held {
    /// The number of the green thread that leads, if it is one.
    leader: Option<usize>,
    baton: Arc<Baton>,
    /// The leader runs a handler. What that may submit goes elsewhere.
    is_down: bool,
}

/// Calls `with` with the baton of this thread, or green thread, if it has one. If the result is
/// `None`, it has it no more.
fn with_held<T>(with: impl FnOnce(&mut Held) -> Option<T>) -> Option<T> {
    let number = green::number();
    let result = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        let position = held.iter().position(|held| held.leader == number)?;
        let result = with(&mut held[position]);
        if result.is_none() {
            held.swap_remove(position);
        }
        result
    });
    // A thread that ends may have lost the list already: another of its thread-locals serves.
    result.unwrap_or(None)
}

/// What a worker does as the leader of a server, until it has lost the baton.
pub struct Leader {
    baton: Arc<Baton>,
    receive: Box<dyn FnOnce(&Baton) + Send>,
    name: &'static str,
}

impl Leader {
    /// `receive` accepts requests and dispatches them as long as its baton [is
    /// led](Baton::is_led). `name` is the handler's type.
    pub(crate) fn new(
        baton: Arc<Baton>,
        name: &'static str,
        receive: impl FnOnce(&Baton) + Send + 'static,
    ) -> Self {
        Leader { baton, receive: Box::new(receive), name }
    }

    /// The baton that it will have.
    pub(crate) fn baton(&self) -> &Arc<Baton> {
        &self.baton
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Leads, unless the loop has taken the baton back before.
    pub(crate) fn run(self) {
        struct GiveBack;
        impl Drop for GiveBack {
            fn drop(&mut self) {
                with_held(|held| {
                    held.baton.give_back();
                    None::<()>
                });
            }
        }
        if self.baton.accept() {
            let held = Held { leader: green::number(), baton: self.baton.clone(), is_down: false };
            HELD.with(|all| all.borrow_mut().push(held));
            let _give_back = GiveBack;
            (self.receive)(&self.baton);
        }
    }
}

impl fmt::Debug for Leader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leader").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Whether this thread, or green thread, has a baton.
pub(crate) fn leads() -> bool {
    with_held(|held| Some(!held.is_down)) == Some(true)
}

/// Waits until a request may be there, on the thread or green thread that leads, or until the loop
/// asks for the baton. If the loop has taken it, this thread leads no more.
pub(crate) fn wait(baton: &Baton, listener: &Socket) {
    let has_baton = baton.wait(|waker| match green::may_park() {
        Some(current) => {
            let awaited = listener.awaited();
            awaited.source.park(current, awaited.fd, Interest::Read, None)
        }
        None => waker.wait(Some(listener), None).map(drop),
    });
    if !has_baton {
        with_held(|_| None::<()>);
    }
}

/// Ends the watching of the listener until the next [`wait`], on a green thread.
pub(crate) fn rest(listener: &Socket) {
    if let Some(current) = green::may_park() {
        let awaited = listener.awaited();
        awaited.source.rest(current, awaited.fd);
    }
}

/// Runs the job here, after `begin`, if this thread, or green thread, leads. Otherwise returns the
/// job.
pub(crate) fn run_here(job: Job, begin: impl FnOnce()) -> Result<(), Job> {
    let put_down = |held: &mut Held| {
        let leads = !std::mem::replace(&mut held.is_down, true);
        Some(leads.then(|| {
            begin();
            held.baton.begin_handler()
        }))
    };
    let Some(down) = with_held(put_down).flatten() else {
        return Err(job);
    };
    green::report_parking(handler_parks, || job.run());
    // While requests are there, nothing else makes the leader yield: a handler may send nothing.
    if down.turns.is_multiple_of(TURNS) && green::is_green() {
        green::yield_now();
    }
    with_held(|held| {
        held.is_down = false;
        held.baton.take_up(down).then_some(())
    });
    Ok(())
}

fn handler_parks() {
    with_held(|held| {
        held.baton.handler_parks();
        Some(())
    });
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn thread_leads_nothing_after_its_list_is_gone() {
        struct Asks;
        impl Drop for Asks {
            fn drop(&mut self) {
                assert!(!leads());
            }
        }
        std::thread_local! {
            static ASKS: Asks = const { Asks };
        }
        // Thread-locals end in the reverse of the order in which they were first used.
        let ends = std::thread::spawn(|| {
            ASKS.with(|_| ());
            assert!(!leads());
        });
        ends.join().unwrap();
    }
}
