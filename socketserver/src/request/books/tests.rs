use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::super::accepted::Accepted;
use super::super::enforcer::Enforcer;
use super::super::error::HandlerError;
use super::super::facts::{Facts, RequestPhase};
use super::super::ticket::Ticket;
use super::*;
use crate::address::Address;
use crate::socket::Socket;

/// A request that does nothing but count how often it is aborted.
struct Fake(AtomicU64, Facts);

impl Default for Fake {
    fn default() -> Self {
        Fake(AtomicU64::new(0), Facts::now())
    }
}

impl Accepted for Fake {
    fn client_address(&self) -> &Address {
        &Address::Unnamed
    }

    fn facts(&self) -> &Facts {
        &self.1
    }

    fn socket(&self) -> Option<&Socket> {
        None
    }

    fn awaits_first_byte(&self) -> bool {
        false
    }

    fn awaits_more(&self) -> bool {
        false
    }

    fn silence(&self, _patience: Duration) -> io::Error {
        io::ErrorKind::TimedOut.into()
    }

    fn handler_name(&self) -> &'static str {
        "Fake"
    }

    fn is_own(&self, _server: &Address) -> bool {
        false
    }

    fn verify(&self) -> Result<bool, HandlerError> {
        Ok(true)
    }

    fn refuse(&self) {}

    fn run(self: Arc<Self>) -> End {
        End::Finished
    }

    fn fail(&self, _error: HandlerError) {}

    fn shutdown(&self, _patience: Duration) {}

    fn closed(&self) {}

    fn abort(&self) {
        self.0.fetch_add(1, SeqCst);
    }

    fn wake_idle(&self) {}
}

fn books(deadline: Option<Duration>) -> Arc<Books> {
    Arc::new(Books::new(deadline, Waker::new().unwrap()).unwrap())
}

fn open(books: &Arc<Books>) -> Ticket {
    open_for(books, &Arc::default())
}

fn open_for(books: &Arc<Books>, request: &Arc<Fake>) -> Ticket {
    let request: Arc<dyn Accepted> = request.clone();
    Ticket::open(books, &request, None)
}

#[test]
fn every_request_comes_to_one_end() {
    let books = books(None);
    open(&books).end(End::Finished);
    open(&books).end(End::Failed);
    drop(open(&books));
    let (aborted, abandoned) = (open(&books), open(&books));
    assert_eq!(books.active(), 2);
    assert_eq!(books.abort_all(), 2);
    aborted.end(End::Finished);
    assert_eq!(books.abandon_all(), 1);
    abandoned.end(End::Finished);
    let stats = books.stats();
    assert_eq!((stats.accepted, stats.active), (5, 0));
    assert_eq!((stats.finished, stats.failed, stats.refused, stats.aborted), (1, 1, 1, 2));
}

/// A request may be aborted while it moves to another process.
#[test]
fn an_early_abort_follows_its_request_elsewhere() {
    let books = books(None);
    let (ticket, aborts) = (open(&books), Arc::new(AtomicU64::new(0)));
    books.abort_all();
    let count = aborts.clone();
    ticket.set_abort(move || _ = count.fetch_add(1, SeqCst));
    assert_eq!(aborts.load(SeqCst), 1);
    ticket.end(End::Finished);
    assert_eq!(books.stats().aborted, 1);
}

#[test]
fn ended_requests_leave_no_deadlines_behind() {
    let books = books(Some(Duration::from_secs(3_600)));
    let (long, other) = (open(&books), open(&books));
    for _ in 0..10_000 {
        open(&books).end(End::Finished);
    }
    let deadlines: Vec<_> = books.deadlines.lock().iter().copied().collect();
    assert!(deadlines.len() <= 1_028, "{}", deadlines.len());
    assert!(deadlines.is_sorted());
    assert_eq!([deadlines[0].1, deadlines[1].1], [long.entry(), other.entry()]);
}

#[test]
fn ends_wake_only_while_a_thread_watches() {
    let books = books(None);
    let wakes = || {
        drop(open(&books));
        books.waker.was_woken()
    };
    assert!(!wakes());
    let one = books.watch();
    let other = books.watch();
    assert!(wakes());
    drop(one);
    assert!(wakes());
    drop(other);
    assert!(!wakes());
}

#[test]
fn the_deadline_aborts_live_requests_alone() {
    let books = books(Some(Duration::ZERO));
    let requests = [Arc::new(Fake::default()), Arc::new(Fake::default())];
    let [live, ended] = requests.each_ref().map(|request| open_for(&books, request));
    ended.end(End::Finished);
    assert_eq!(books.abort_overdue(), None);
    assert_eq!(requests.map(|request| request.0.load(SeqCst)), [1, 0]);
    live.end(End::Finished);
    assert_eq!(books.stats().aborted, 1);
}

#[test]
fn a_request_elsewhere_is_aborted_there() {
    let (books, request) = (books(None), Arc::new(Fake::default()));
    let ticket = open_for(&books, &request);
    let reached = Arc::new(AtomicU64::new(0));
    let reach = reached.clone();
    ticket.set_abort(move || _ = reach.fetch_add(1, SeqCst));
    books.abort_all();
    assert_eq!((reached.load(SeqCst), request.0.load(SeqCst)), (1, 0));
}

#[test]
fn an_ended_request_gives_its_share_back() {
    let (books, shares) = (books(None), super::super::shares::Shares::new());
    let host = || std::net::IpAddr::from([127, 0, 0, 1]).into();
    let request: Arc<dyn Accepted> = Arc::new(Fake::default());
    let ticket = Ticket::open(&books, &request, shares.take(host(), 1));
    assert!(shares.take(host(), 1).is_none());
    ticket.end(End::Finished);
    assert!(shares.take(host(), 1).is_some());
}

#[test]
fn a_panic_in_dropping_an_abort_is_contained() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("in drop"));
        }
    }
    let books = books(None);
    let tickets = [open(&books), open(&books)];
    for ticket in &tickets {
        let bomb = Bomb;
        ticket.set_abort(move || _ = &bomb);
    }
    assert_eq!(books.abandon_all(), 2);
    assert_eq!(books.active(), 0);
    drop(tickets);
}

#[test]
fn live_requests_are_listed_in_order() {
    let books = books(None);
    let requests: Vec<_> = (0..40).map(|_| Arc::new(Fake::default())).collect();
    let tickets: Vec<_> = requests.iter().map(|request| open_for(&books, request)).collect();
    requests[1].facts().set_phase(RequestPhase::Ending);
    let ids: Vec<_> = books.live().iter().map(|one| one.id).collect();
    assert_eq!(ids, (1..=40).collect::<Vec<_>>());
    let phases: Vec<_> = books.live()[..3].iter().map(|one| one.phase).collect();
    assert_eq!(phases, [RequestPhase::Queued, RequestPhase::Ending, RequestPhase::Queued]);
    drop(tickets);
    assert!(books.live().is_empty());
}

/// Another request may have begun after the first abort.
#[test]
fn enforcer_aborts_again_until_it_is_dropped() {
    let (books, deaf) = (books(None), Arc::new(Fake::default()));
    let ticket = open_for(&books, &deaf);
    let now = Instant::now();
    let enforcer = Enforcer::start(books.clone(), now, now).unwrap();
    eventually("it is aborted twice", || deaf.0.load(SeqCst) >= 2);
    drop(enforcer);
    ticket.end(End::Finished);
}

#[test]
fn enforcer_ends_idle_requests_before_it_aborts_others() {
    let (books, live) = (books(None), Arc::new(Fake::default()));
    let _ticket = open_for(&books, &live);
    let (now, hour) = (Instant::now(), Duration::from_secs(3_600));
    let _enforcer = Enforcer::start(books.clone(), now, now + hour).unwrap();
    eventually("idle requests end", || books.has_ended.load(SeqCst));
    assert_eq!(live.0.load(SeqCst), 0);
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
