//! The baton: its place, and how it moves between the loop and the leader.

use std::fmt;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::thread::{Pid, gettid};

use crate::green::OnParking;
use crate::request::Waker;
use crate::socket::Socket;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use crate::sync::{Instant, Mutex};

/// Where the baton is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On its way to a worker. The loop may take it back.
    Offered,
    /// The leader has it, and receives.
    Leader,
    /// The leader runs a handler, and has put it down. The loop may take it.
    Down,
    /// The loop has it, permanently: it lends another one the next time.
    Loop,
}

/// A place, and how many handlers the leader has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) place: Place,
    pub(crate) begun: u64,
}

impl State {
    fn of(word: u64) -> Self {
        let place = match word & 3 {
            0 => Place::Offered,
            1 => Place::Leader,
            2 => Place::Down,
            _ => Place::Loop,
        };
        State { place, begun: word >> 2 }
    }

    fn word(self) -> u64 {
        self.begun << 2 | self.place as u64
    }

    fn at(self, place: Place) -> Self {
        State { place, ..self }
    }
}

/// The right to receive requests. One thread at a time has it.
pub(crate) struct Baton {
    /// A [`State`].
    word: AtomicU64,
    /// The loop wants it back.
    wanted: AtomicBool,
    /// The loop does not look at it, and must be woken when a handler begins. Written before the
    /// loop reads the word, and read after the leader has written it, so one of the two sees the
    /// other.
    unwatched: AtomicBool,
    /// The leader's handler has parked.
    has_parked: AtomicBool,
    /// Why the leader could not take a request.
    failure: Mutex<Option<io::Error>>,
    thread: OnceLock<Pid>,
    leader: Waker,
    looping: Waker,
}

impl fmt::Debug for Baton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Baton").field("state", &self.state()).finish_non_exhaustive()
    }
}

/// The handler of a leader on a green thread parks: other requests must not wait for it.
impl OnParking for Baton {
    fn parks(&self) {
        let state = self.state();
        if state.place == Place::Down {
            self.has_parked.store(true, Relaxed);
            if self.change(state, Place::Loop) {
                self.looping.wake();
            }
        }
    }
}

impl Baton {
    /// `leader` wakes the leader, and `looping` the loop.
    pub(crate) fn new(leader: Waker, looping: Waker) -> Self {
        Baton {
            word: AtomicU64::new(State { place: Place::Offered, begun: 0 }.word()),
            wanted: AtomicBool::new(false),
            unwatched: AtomicBool::new(false),
            has_parked: AtomicBool::new(false),
            failure: Mutex::new(None),
            thread: OnceLock::new(),
            leader,
            looping,
        }
    }

    pub(crate) fn state(&self) -> State {
        State::of(self.word.load(SeqCst))
    }

    fn change(&self, from: State, to: Place) -> bool {
        let (from, to) = (from.word(), from.at(to).word());
        self.word.compare_exchange(from, to, SeqCst, SeqCst).is_ok()
    }

    /// The leader begins. Returns whether it has the baton.
    pub(crate) fn accept(&self) -> bool {
        let _ = self.thread.set(gettid());
        self.change(State { place: Place::Offered, begun: 0 }, Place::Leader)
    }

    /// Runs a handler on the leader's thread. Returns whether the leader still has the baton.
    pub(crate) fn run(&self, handler: impl FnOnce()) -> bool {
        // Only the leader changes the word while it has the baton.
        let begun = State::of(self.word.load(Relaxed)).begun + 1;
        let down = State { place: Place::Down, begun };
        self.word.store(down.word(), SeqCst);
        if self.unwatched.load(SeqCst) && self.unwatched.swap(false, SeqCst) {
            self.looping.wake();
        }
        handler();
        self.change(down, Place::Leader)
    }

    /// Whether the loop has it because a handler has parked.
    pub(crate) fn has_parked(&self) -> bool {
        self.has_parked.load(Relaxed)
    }

    /// Whether the leader must give it back.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Relaxed)
    }

    /// Blocks the leader until a request may be there, or until the loop asks for the baton. If
    /// none comes for a while, the leader is to give it back: an idle server holds no worker.
    pub(crate) fn wait(&self, listener: &Socket) {
        const IDLE: Duration = Duration::from_secs(1);
        let end = Instant::now() + IDLE;
        match self.leader.wait(Some(listener), Some(end)) {
            Ok(false) if Instant::now() >= end => self.wanted.store(true, Relaxed),
            Ok(_) => {}
            Err(error) => self.fail(error),
        }
    }

    /// The leader could not take a request: keeps the error, for the loop to report.
    pub(crate) fn fail(&self, error: io::Error) {
        *self.failure.lock() = Some(error);
        self.wanted.store(true, Relaxed);
    }

    pub(crate) fn take_failure(&self) -> Option<io::Error> {
        self.failure.lock().take()
    }

    /// The leader gives it back.
    pub(crate) fn give_back(&self) {
        self.change(self.state(), Place::Loop);
        self.looping.wake();
    }

    /// The loop takes the baton, if its state is still `state` and no thread holds it.
    pub(crate) fn take_from(&self, state: State) -> bool {
        matches!(state.place, Place::Offered | Place::Down) && self.change(state, Place::Loop)
    }

    /// Asks for the baton. Returns whether the loop has it now; otherwise the leader wakes the loop
    /// when it gives it back.
    pub(crate) fn recall(&self) -> bool {
        self.wanted.store(true, Relaxed);
        // A handler that begins just now wakes the loop, which can take the baton then.
        self.unwatched.store(true, SeqCst);
        loop {
            let state = self.state();
            match state.place {
                Place::Loop => return true,
                Place::Leader => {
                    self.leader.wake();
                    return false;
                }
                Place::Offered | Place::Down if self.take_from(state) => return true,
                Place::Offered | Place::Down => {}
            }
        }
    }

    /// Whether the thread that leads is free: it waits for requests.
    pub(crate) fn is_free(&self) -> bool {
        self.state().place == Place::Leader
    }

    /// From now on the beginning of a handler wakes the loop, once. Returns the state after that.
    pub(crate) fn leave_unwatched(&self) -> State {
        self.unwatched.store(true, SeqCst);
        self.state()
    }

    pub(super) fn watch_again(&self) {
        self.unwatched.store(false, SeqCst);
    }

    pub(super) fn thread(&self) -> Option<Pid> {
        self.thread.get().copied()
    }
}
