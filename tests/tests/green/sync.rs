//! Locks and channels, which park a green thread and block any other.

use socketserver::green::{RecvTimeoutError, SendError, TryRecvError, TrySendError};
use tests::prelude::*;

#[test]
fn a_mutex_may_be_held_across_a_wait() {
    let counter = Arc::new(green::Mutex::new(0));
    let count = |counter: Arc<green::Mutex<u32>>| {
        move || {
            for _ in 0..50 {
                let mut held = counter.lock();
                let seen = *held;
                green::yield_now();
                *held = seen + 1;
            }
        }
    };
    let green: Vec<_> = (0..40).map(|_| green::spawn(count(counter.clone()))).collect();
    let threads: Vec<_> = (0..2).map(|_| thread::spawn(count(counter.clone()))).collect();
    in_time("every turn", move || {
        green.into_iter().for_each(|one| one.join().expect("counted"));
        threads.into_iter().for_each(|one| one.join().expect("counted"));
    });
    assert_eq!(*counter.lock(), 42 * 50);
    let held = counter.lock();
    assert!(counter.try_lock().is_none());
    drop(held);
    assert!(counter.try_lock().is_some());
}

#[test]
fn a_panic_releases_the_mutex() {
    let mutex = Arc::new(green::Mutex::new(1));
    let owner = mutex.clone();
    let panicked = green::spawn(move || {
        let _held = owner.lock();
        panic!("with the lock");
    });
    assert!(panicked.join().is_err());
    assert_eq!(*mutex.lock(), 1);
}

#[test]
fn notify_all_wakes_every_waiter() {
    let gate = Arc::new((green::Mutex::new(false), green::Condvar::new()));
    let waiting = Arc::new(AtomicUsize::new(0));
    let wait = |gate: Arc<(green::Mutex<bool>, green::Condvar)>, waiting: Arc<AtomicUsize>| {
        move || {
            let mut open = gate.0.lock();
            waiting.fetch_add(1, SeqCst);
            while !*open {
                open = gate.1.wait(open);
            }
        }
    };
    let green: Vec<_> =
        (0..100).map(|_| green::spawn(wait(gate.clone(), waiting.clone()))).collect();
    let thread = thread::spawn(wait(gate.clone(), waiting.clone()));
    until("all wait", || waiting.load(SeqCst) == 101);
    *gate.0.lock() = true;
    gate.1.notify_all();
    in_time("all wake", move || {
        green.into_iter().for_each(|one| one.join().expect("woken"));
        thread.join().expect("woken");
    });

    let (_guard, notified) = gate.1.wait_timeout(gate.0.lock(), Duration::from_millis(5));
    assert!(!notified);
}

#[test]
fn a_channel_delivers_everything_once_and_in_order() {
    let (sender, receiver) = green::channel(4);
    let send = |number| {
        let sender = sender.clone();
        green::spawn(move || (0..100_u32).try_for_each(|i| sender.send((number, i))).is_ok())
    };
    let senders: Vec<_> = (0..10_u32).map(send).collect();
    drop(sender);
    let receive = move || std::iter::from_fn(|| receiver.recv().ok()).collect::<Vec<_>>();
    let received = in_time("all messages", receive);
    assert!(senders.into_iter().all(|sender| sender.join().expect("it sends")));
    for number in 0..10 {
        let of_one = received.iter().filter(|(from, _)| *from == number).map(|(_, i)| *i);
        assert!(of_one.eq(0..100), "{number}");
    }
}

#[test]
fn a_channel_reports_a_lost_end() {
    let (sender, receiver) = green::channel::<u8>(1);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(receiver.recv_timeout(Duration::from_millis(5)), Err(RecvTimeoutError::Timeout));
    let waiting = green::spawn(move || receiver.recv());
    drop(sender);
    assert!(waiting.join().expect("it ends").is_err());

    let (sender, receiver) = green::channel(1);
    sender.send(1).expect("room for one");
    let waiting = green::spawn(move || sender.send(2));
    drop(receiver);
    assert_eq!(waiting.join().expect("it ends"), Err(SendError(2)));
}

#[test]
fn try_send_never_waits() {
    let (sender, receiver) = green::channel(2);
    let waiting = thread::spawn({
        let receiver = receiver.clone();
        move || receiver.recv()
    });
    sender.try_send(1).expect("room");
    let first = in_time("the first", move || waiting.join().expect("no panic"));
    assert_eq!(first, Ok(1));
    for n in [2, 3] {
        sender.try_send(n).expect("room");
    }
    assert_eq!(sender.try_send(4), Err(TrySendError::Full(4)));
    assert_eq!((sender.len(), receiver.len()), (2, 2));
    assert_eq!([receiver.recv(), receiver.recv()], [Ok(2), Ok(3)]);
    assert!(sender.is_empty() && receiver.is_empty());
    drop(receiver);
    assert_eq!(sender.try_send(5), Err(TrySendError::Disconnected(5)));
}
