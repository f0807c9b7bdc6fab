//! The baton: its place, and how it moves between the loop and the leader.

use std::fmt;
use std::io;
use std::sync::OnceLock;

use rustix::thread::{Pid, gettid};

use crate::green::{self, Unparker};
use crate::request::Waker;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

/// Where the baton is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On its way to a worker. The loop may take it back.
    Offered,
    /// The leader has it, and receives.
    Leader,
    /// The leader waits for requests, and has put it down. The loop may take it.
    Waiting,
    /// The leader runs a handler, and has put it down. The loop may take it.
    Handling,
    /// The loop has it, permanently: it lends another one the next time.
    Loop,
}

/// A place, and how often the leader has put the baton down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) place: Place,
    pub(crate) turns: u64,
}

/// Bits of a word for the place.
const PLACE: u32 = 3;

impl State {
    fn of(word: u64) -> Self {
        let place = match word & ((1 << PLACE) - 1) {
            0 => Place::Offered,
            1 => Place::Leader,
            2 => Place::Waiting,
            3 => Place::Handling,
            _ => Place::Loop,
        };
        State { place, turns: word >> PLACE }
    }

    fn word(self) -> u64 {
        self.turns << PLACE | self.place as u64
    }

    fn at(self, place: Place) -> Self {
        State { place, ..self }
    }
}

/// The right to receive requests. One thread at a time has it.
pub(crate) struct Baton {
    /// A [`State`].
    word: AtomicU64,
    /// The loop wants it back. Written before the loop reads the word, and read after the leader
    /// has written it, so one of the two sees the other.
    wanted: AtomicBool,
    /// The leader's handler has parked.
    has_parked: AtomicBool,
    /// Why the leader could not accept a request.
    failure: Mutex<Option<io::Error>>,
    thread: OnceLock<Pid>,
    /// Wakes the leader if it is a green thread.
    unparker: OnceLock<Unparker>,
    /// Wakes the leader otherwise.
    leader: Waker,
    looping: Waker,
}

impl fmt::Debug for Baton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Baton").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl Baton {
    /// `leader` wakes the leader, and `looping` the loop.
    pub(crate) fn new(leader: Waker, looping: Waker) -> Self {
        Baton {
            word: AtomicU64::new(State { place: Place::Offered, turns: 0 }.word()),
            wanted: AtomicBool::new(false),
            has_parked: AtomicBool::new(false),
            failure: Mutex::new(None),
            thread: OnceLock::new(),
            unparker: OnceLock::new(),
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
        if let Some(current) = green::may_park() {
            let _ = self.unparker.set(current.unparker());
        }
        self.change(State { place: Place::Offered, turns: 0 }, Place::Leader)
    }

    /// The leader puts the baton down while it runs a handler. Returns the state after that, for
    /// [`take_up`](Self::take_up).
    pub(crate) fn begin_handler(&self) -> State {
        let down = self.put_down(Place::Handling);
        if self.wanted.load(SeqCst) {
            self.looping.wake();
        }
        down
    }

    /// The leader's handler parks, and other requests must not wait for it.
    pub(super) fn handler_parks(&self) {
        let state = self.state();
        if state.place == Place::Handling {
            self.has_parked.store(true, Relaxed);
            if self.change(state, Place::Loop) {
                self.looping.wake();
            }
        }
    }

    /// Blocks the leader in `wait` until a request may be there, or until the loop asks for the
    /// baton. The argument of `wait` wakes an ordinary thread. Returns whether the leader still has
    /// it.
    pub(crate) fn wait(&self, wait: impl FnOnce(&Waker) -> io::Result<()>) -> bool {
        let down = self.put_down(Place::Waiting);
        // A loop that asks later sees that the leader waits, and wakes it.
        if !self.wanted.load(SeqCst)
            && let Err(error) = wait(&self.leader)
        {
            self.fail(error);
        }
        self.take_up(down)
    }

    fn put_down(&self, place: Place) -> State {
        // Only the leader changes the word while it has the baton.
        let turns = State::of(self.word.load(Relaxed)).turns + 1;
        let down = State { place, turns };
        self.word.store(down.word(), SeqCst);
        down
    }

    /// The leader takes up the baton that it has put down. Returns whether it has it now.
    pub(crate) fn take_up(&self, down: State) -> bool {
        self.change(down, Place::Leader)
    }

    /// Whether the leader has it. Only the leader may ask.
    pub(crate) fn is_led(&self) -> bool {
        // What the leader has written, unless another thread has changed it since.
        State::of(self.word.load(Relaxed)).place == Place::Leader
    }

    /// Whether the loop has it because a handler has parked.
    pub(crate) fn has_parked(&self) -> bool {
        self.has_parked.load(Relaxed)
    }

    /// Whether the leader must give it back.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Relaxed)
    }

    /// The leader could not accept a request: keeps the error, for the loop to report.
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

    /// The loop takes the baton, if its state is still `state` and no thread holds it. A leader
    /// that has waited leaves then.
    pub(crate) fn take_from(&self, state: State) -> bool {
        let is_free = matches!(state.place, Place::Offered | Place::Waiting | Place::Handling);
        let takes = is_free && self.change(state, Place::Loop);
        if takes && state.place == Place::Waiting {
            self.wake_leader();
        }
        takes
    }

    /// Asks for the baton. Returns whether the loop has it now; otherwise the leader gives it back
    /// or runs a handler, and wakes the loop.
    pub(crate) fn recall(&self) -> bool {
        self.wanted.store(true, SeqCst);
        loop {
            let state = self.state();
            match state.place {
                Place::Loop => return true,
                // It looks whether the loop wants the baton before its next request.
                Place::Leader => return false,
                // It gives the baton back after it has dropped the listener.
                Place::Waiting => {
                    self.wake_leader();
                    return false;
                }
                Place::Offered | Place::Handling if self.take_from(state) => return true,
                Place::Offered | Place::Handling => {}
            }
        }
    }

    fn wake_leader(&self) {
        match self.unparker.get() {
            Some(unparker) => unparker.unpark(),
            None => self.leader.wake(),
        }
    }

    /// Whether the thread that leads is free: it waits for requests.
    pub(crate) fn is_free(&self) -> bool {
        matches!(self.state().place, Place::Leader | Place::Waiting)
    }

    pub(super) fn thread(&self) -> Option<Pid> {
        self.thread.get().copied()
    }
}
