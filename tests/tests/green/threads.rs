//! Starting, ending, sleeping, yielding and panicking.

use tests::prelude::*;

use crate::{join, on_every_scheduler, on_green, pair};

#[test]
fn join_returns_the_result_or_the_panic() {
    assert_eq!(on_green(|| 6 * 7), 42);
    assert!(on_green(green::is_green));
    assert!(!green::is_green());
    let payload = green::spawn(|| panic!("boom")).join().expect_err("it panicked");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"boom"));
}

#[test]
fn sleeping_green_threads_wait_side_by_side() {
    let began = Instant::now();
    let sleepers: Vec<_> =
        (0..500).map(|_| green::spawn(|| green::sleep(Duration::from_millis(100)))).collect();
    sleepers.into_iter().for_each(join);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(100), "{took:?}");
    assert!(took < Duration::from_secs(10), "one after the other would be 50 s, it was {took:?}");
}

#[test]
fn blocking_leaves_the_scheduler_to_others() {
    let release = Arc::new(AtomicBool::new(false));
    let blocked = on_every_scheduler({
        let release = release.clone();
        move || {
            let release = release.clone();
            green::blocking(move || until("the test says so", || release.load(SeqCst)));
        }
    });
    // Every scheduler has one that blocks; this one runs nevertheless.
    assert_eq!(on_green(|| 1), 1);
    release.store(true, SeqCst);
    blocked.into_iter().for_each(join);
    let panic = green::spawn(|| green::blocking(|| panic!("elsewhere"))).join();
    assert_eq!(panic.expect_err("it travels").downcast_ref::<&str>(), Some(&"elsewhere"));
    assert_eq!(green::blocking(|| 2), 2, "an ordinary thread simply calls");
}

/// Sets its flag when it is dropped, after a panic too.
struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// One green thread of every scheduler repeats the exchange, and never has to wait. Another one
/// waits for a socket.
fn others_run_beside(exchange: impl Fn() + Send + Sync + 'static) {
    let over = Over(Arc::default());
    let (mine, theirs): (Vec<_>, Vec<_>) = (0..cores()).map(|_| pair()).unzip();
    let theirs = Mutex::new(theirs);
    let neighbours = on_every_scheduler(move || {
        let socket = theirs.lock().pop().expect("one for each");
        assert_eq!(socket.recv(1).expect("recv"), b"x");
    });
    let busy = on_every_scheduler({
        let over = over.0.clone();
        move || {
            while !over.load(SeqCst) {
                exchange();
            }
        }
    });
    for socket in mine {
        socket.sendall(b"x").expect("send");
    }
    neighbours.into_iter().for_each(join);
    assert_eq!(on_green(|| 1), 1);
    drop(over);
    busy.into_iter().for_each(join);
}

#[test]
fn busy_sockets_let_others_run() {
    let [plain, layered] = [pair(), pair()];
    layered.0.set_layer(Through).expect("a layer");
    layered.1.set_layer(Through).expect("a layer");
    for (one, other) in [plain, layered] {
        others_run_beside(move || {
            one.send(b"x").expect("there is room");
            assert_eq!(other.recv(1).expect("recv"), b"x");
        });
    }
    let (one, other) = pair();
    other.sendall(b"x").expect("send");
    others_run_beside(move || {
        let _open = &other;
        let ready = select(&[&one], &[], &[], None).expect("select");
        assert!(ready.reads(&one));
    });
}

#[test]
fn busy_channels_let_others_run() {
    let (sender, receiver) = green::channel(usize::MAX);
    others_run_beside(move || {
        sender.send(()).expect("a receiver");
        receiver.recv().expect("a sender");
    });
    let (sender, receiver) = green::channel(cores());
    others_run_beside(move || {
        sender.send(()).expect("a receiver");
        receiver.try_recv().expect("one for each that was sent");
    });
}

#[test]
fn yields_and_sleeps_of_zero_let_others_run() {
    others_run_beside(green::yield_now);
    others_run_beside(|| green::sleep(Duration::ZERO));
}

#[test]
fn twenty_thousand_come_and_go() {
    in_time("a thousand at a time", || {
        for _ in 0..20 {
            let wave: Vec<_> = (0..1_000).map(|number| green::spawn(move || number)).collect();
            for (number, one) in wave.into_iter().enumerate() {
                assert_eq!(one.join().expect("no panic"), number);
            }
        }
    });
}

/// Says good-bye as it is dropped, and would like an answer.
struct Polite(Socket);

impl Drop for Polite {
    fn drop(&mut self) {
        let _ = self.0.sendall(b"bye");
        let _ = self.0.recv(3);
    }
}

/// Another green thread that ran meanwhile would take the panic for its own.
#[test]
fn a_waiting_panic_is_invisible_to_others() {
    let (one, other) = pair();
    let over = Arc::new(AtomicBool::new(false));
    let turns = Arc::new(AtomicUsize::new(0));
    let neighbours = on_every_scheduler({
        let (over, turns) = (over.clone(), turns.clone());
        move || {
            while !over.load(SeqCst) {
                assert!(!thread::panicking(), "another's panic");
                turns.fetch_add(1, SeqCst);
                green::yield_now();
            }
        }
    });
    until("the neighbours run", || turns.load(SeqCst) > 100);
    let panicked = green::spawn(move || {
        let _polite = Polite(one);
        resume_unwind(Box::new("in the middle"));
    });
    assert_eq!(other.recv(3).expect("recv"), b"bye");
    // Long enough for a neighbour to come along, if it could. Nothing waits for the answer.
    thread::sleep(Duration::from_millis(20));
    assert_eq!(other.recv(3).expect("recv"), b"");
    assert!(in_time("the panic", || panicked.join()).is_err());
    over.store(true, SeqCst);
    neighbours.into_iter().for_each(join);
}
