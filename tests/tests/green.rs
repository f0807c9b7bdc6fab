//! Green threads: what is in `socketserver::green`, and sockets on them.
//!
//! That servers keep their promises on green threads is shown by the tests of the grid, in which
//! green is a column like the others.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use socketserver::green::{self, RecvTimeoutError, SendError, TryRecvError};
use socketserver::{AddressFamily, Socket, SocketKind, create_connection, select};
use tests::{DEADLINE, in_time, until};

/// Two sockets connected to each other.
fn pair() -> (Socket, Socket) {
    let (one, other) = UnixStream::pair().expect("a pair");
    (one.into(), other.into())
}

/// Runs `work` on a green thread, before the deadline.
#[track_caller]
fn on_green<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    in_time("a green thread", || green::spawn(work).join()).expect("it does not panic")
}

/// As many green threads as occupy every scheduler for certain: they are given out evenly.
fn on_every_scheduler(work: impl Fn() + Send + Sync + 'static) -> Vec<green::JoinHandle<()>> {
    let work = Arc::new(work);
    let cores = thread::available_parallelism().expect("cores").get();
    (0..cores)
        .map(|_| {
            green::spawn({
                let work = work.clone();
                move || work()
            })
        })
        .collect()
}

#[test]
fn a_green_thread_returns_its_result_or_its_panic() {
    assert_eq!(on_green(|| 6 * 7), 42);
    assert!(on_green(green::is_green));
    assert!(!green::is_green());
    let payload = green::spawn(|| panic!("boom"))
        .join()
        .expect_err("it panicked");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"boom"));
}

#[test]
fn a_green_thread_stays_on_its_thread() {
    let ids = on_green(|| {
        (0..100)
            .map(|_| {
                green::sleep(Duration::from_micros(10));
                thread::current().id()
            })
            .collect::<Vec<_>>()
    });
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn sleeping_green_threads_wait_side_by_side() {
    let began = Instant::now();
    let sleepers: Vec<_> = (0..500)
        .map(|_| green::spawn(|| green::sleep(Duration::from_millis(100))))
        .collect();
    for sleeper in sleepers {
        sleeper.join().expect("it sleeps");
    }
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(100), "{took:?}");
    assert!(
        took < Duration::from_secs(10),
        "one after the other would be 50 s, it was {took:?}"
    );
}

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
    let green: Vec<_> = (0..40)
        .map(|_| green::spawn(count(counter.clone())))
        .collect();
    let threads: Vec<_> = (0..2)
        .map(|_| thread::spawn(count(counter.clone())))
        .collect();
    in_time("everybody's turn", move || {
        green
            .into_iter()
            .for_each(|one| one.join().expect("counted"));
        threads
            .into_iter()
            .for_each(|one| one.join().expect("counted"));
    });
    assert_eq!(*counter.lock(), 42 * 50);
    let held = counter.lock();
    assert!(counter.try_lock().is_none());
    drop(held);
    assert!(counter.try_lock().is_some());
}

#[test]
fn a_mutex_is_free_after_its_owner_has_panicked() {
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
fn a_condition_wakes_whoever_waits_for_it() {
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
    let green: Vec<_> = (0..100)
        .map(|_| green::spawn(wait(gate.clone(), waiting.clone())))
        .collect();
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
    let senders: Vec<_> = (0..10_u32)
        .map(|number| {
            let sender = sender.clone();
            green::spawn(move || {
                (0..100_u32)
                    .try_for_each(|i| sender.send((number, i)))
                    .is_ok()
            })
        })
        .collect();
    drop(sender);
    let received = in_time("all messages", move || {
        let mut received = Vec::new();
        while let Ok(message) = receiver.recv() {
            received.push(message);
        }
        received
    });
    assert!(
        senders
            .into_iter()
            .all(|sender| sender.join().expect("it sends"))
    );
    for number in 0..10 {
        let of_one: Vec<u32> = received
            .iter()
            .filter(|(from, _)| *from == number)
            .map(|(_, i)| *i)
            .collect();
        assert_eq!(of_one, (0..100).collect::<Vec<_>>());
    }
}

#[test]
fn the_ends_of_a_channel_notice_that_the_other_has_gone() {
    let (sender, receiver) = green::channel::<u8>(1);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(
        receiver.recv_timeout(Duration::from_millis(5)),
        Err(RecvTimeoutError::Timeout)
    );
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
fn blocking_leaves_the_scheduler_to_the_others() {
    let release = Arc::new(AtomicBool::new(false));
    let blocked = on_every_scheduler({
        let release = release.clone();
        move || {
            let release = release.clone();
            green::blocking(move || until("the test lets go", || release.load(SeqCst)));
        }
    });
    // Every scheduler has one that blocks; this one runs all the same.
    assert_eq!(on_green(|| 1), 1);
    release.store(true, SeqCst);
    for one in blocked {
        in_time("a blocking call", || one.join()).expect("it returns");
    }
    let panic = green::spawn(|| green::blocking(|| panic!("elsewhere"))).join();
    assert_eq!(
        panic.expect_err("it travels").downcast_ref::<&str>(),
        Some(&"elsewhere")
    );
    assert_eq!(green::blocking(|| 2), 2, "an ordinary thread simply calls");
}

#[test]
fn who_yields_lets_the_others_run() {
    let done = Arc::new(AtomicBool::new(false));
    let spinning = on_every_scheduler({
        let done = done.clone();
        move || {
            while !done.load(SeqCst) {
                green::yield_now();
            }
        }
    });
    on_green({
        let done = done.clone();
        move || done.store(true, SeqCst)
    });
    for one in spinning {
        in_time("a spinning green thread", || one.join()).expect("it ends");
    }
}

#[test]
fn a_socket_parks_its_green_thread_and_nobody_else() {
    let mut waiting = Vec::new();
    let mut others = Vec::new();
    for _ in 0..200 {
        let (one, other) = pair();
        others.push(other);
        waiting.push(green::spawn(move || one.recv(100)));
    }
    assert_eq!(on_green(|| 1), 1);
    for (number, other) in others.iter().enumerate() {
        other.sendall(format!("{number}").as_bytes()).expect("send");
    }
    for (number, one) in waiting.into_iter().enumerate() {
        let data = in_time("a message", || one.join())
            .expect("no panic")
            .expect("recv");
        assert_eq!(data, format!("{number}").as_bytes());
    }
}

#[test]
fn a_timeout_holds_for_a_whole_sendall() {
    let (one, other) = pair();
    let (result, took) = on_green(move || {
        one.settimeout(Some(Duration::from_millis(100)))
            .expect("settimeout");
        let began = Instant::now();
        (one.sendall(&vec![0; 10_000_000]), began.elapsed())
    });
    assert_eq!(
        result.expect_err("nobody reads").kind(),
        io::ErrorKind::TimedOut
    );
    assert!(
        took >= Duration::from_millis(100) && took < DEADLINE,
        "{took:?}"
    );
    drop(other);

    let (one, _other) = pair();
    let error = on_green(move || {
        one.settimeout(Some(Duration::ZERO)).expect("settimeout");
        one.recv(1).expect_err("nothing is there")
    });
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn the_end_of_a_stream_that_came_with_the_data_is_seen() {
    // The system tells only once, and that may be before the data was read.
    for _ in 0..200 {
        let (one, other) = pair();
        let reader = green::spawn(move || {
            let mut all = Vec::new();
            loop {
                let data = one.recv(1024)?;
                if data.is_empty() {
                    return Ok::<_, io::Error>(all);
                }
                all.extend(data);
                green::yield_now();
            }
        });
        other.sendall(b"all there is").expect("send");
        other.shutdown(Shutdown::Write).expect("shutdown");
        let all = in_time("the end", || reader.join())
            .expect("no panic")
            .expect("recv");
        assert_eq!(all, b"all there is");
    }
}

#[test]
fn several_may_wait_for_one_socket_from_every_scheduler() {
    let (one, other) = pair();
    let received = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..16)
        .map(|_| {
            let (one, received) = (one.clone(), received.clone());
            green::spawn(move || {
                while !one.recv(1).expect("recv").is_empty() {
                    received.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    for _ in 0..1_000 {
        other.sendall(b"x").expect("send");
    }
    until("every byte is received", || received.load(SeqCst) == 1_000);
    other.shutdown(Shutdown::Write).expect("shutdown");
    for reader in readers {
        in_time("a reader", || reader.join()).expect("it ends");
    }
}

#[test]
fn big_messages_go_both_ways_at_once() {
    let (one, other) = pair();
    let text: Arc<[u8]> = (0..4_000_000).map(|place| (place % 251) as u8).collect();
    let speak = |socket: Socket, text: Arc<[u8]>| {
        green::spawn(move || {
            let sender = socket.clone();
            let sent = text.clone();
            let sending = green::spawn(move || sender.sendall(&sent));
            let mut received = Vec::new();
            while received.len() < text.len() {
                received.extend(socket.recv(65_536).expect("recv"));
            }
            sending.join().expect("no panic").expect("sendall");
            received == *text
        })
    };
    let both = [speak(one, text.clone()), speak(other, text)];
    for side in both {
        assert!(in_time("one side", || side.join()).expect("no panic"));
    }
}

#[test]
fn connect_and_accept_park_too() {
    let listener = Socket::new(AddressFamily::Inet, SocketKind::Stream).expect("socket");
    listener.bind("127.0.0.1:0").expect("bind");
    listener.listen(10).expect("listen");
    let address = listener.getsockname().expect("getsockname");
    let accepting =
        green::spawn(move || (0..20).try_for_each(|_| listener.accept()?.0.sendall(b"hello")));
    for _ in 0..20 {
        let address = address.clone();
        let greeting = on_green(move || create_connection(address, Some(DEADLINE))?.recv(5));
        assert_eq!(greeting.expect("recv"), b"hello");
    }
    in_time("accepting", || accepting.join())
        .expect("no panic")
        .expect("accept");

    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0")
        .expect("bind")
        .local_addr()
        .expect("address");
    let error = on_green(move || create_connection(gone, Some(DEADLINE)).map(drop));
    assert_eq!(
        error.expect_err("refused").kind(),
        io::ErrorKind::ConnectionRefused
    );
}

#[test]
fn select_parks_until_one_of_its_sockets_is_ready() {
    let (one, other) = pair();
    let (quiet, _peer) = pair();
    let relay = green::spawn(move || select(&[&quiet, &one], &[], Some(DEADLINE)));
    assert_eq!(on_green(|| 1), 1);
    other.sendall(b"x").expect("send");
    let ready = in_time("select", || relay.join())
        .expect("no panic")
        .expect("select");
    assert_eq!(ready, (vec![1], vec![]));
    let (one, _other) = pair();
    let ready = on_green(move || select(&[&one], &[&one], Some(DEADLINE))).expect("select");
    assert_eq!(
        ready,
        (vec![], vec![0]),
        "it can be written, and there is nothing to read"
    );
    let (one, _other) = pair();
    let ready = on_green(move || select(&[&one], &[], Some(Duration::from_millis(20))));
    assert_eq!(ready.expect("select"), (vec![], vec![]));
}

#[test]
fn a_detached_descriptor_is_the_callers() {
    let (one, other) = pair();
    let stream = on_green(move || {
        other.sendall(b"early").expect("send");
        assert_eq!(one.recv(5).expect("recv"), b"early");
        let fd = one.detach().expect("detach");
        other.sendall(b"late").expect("send");
        (fd, other)
    });
    let (fd, _other) = stream;
    let detached = Socket::from(fd);
    assert_eq!(on_green(move || detached.recv(4)).expect("recv"), b"late");
}

#[test]
fn closing_wakes_whoever_waits() {
    let (one, _other) = pair();
    let waiting = green::spawn({
        let one = one.clone();
        move || one.recv(1)
    });
    assert_eq!(on_green(|| 1), 1);
    one.close();
    let data = in_time("the wait's end", || waiting.join()).expect("no panic");
    assert!(
        data.is_ok_and(|data| data.is_empty()),
        "a closed conversation has ended"
    );
}

#[test]
fn a_panic_that_talks_to_a_socket_does_not_let_others_see_it() {
    /// Says good-bye as it goes, which waits for an answer.
    struct Polite(Socket);
    impl Drop for Polite {
        fn drop(&mut self) {
            let _ = self.0.sendall(b"bye");
            let _ = self.0.recv(3);
        }
    }
    let (one, other) = pair();
    let answering = thread::spawn(move || {
        assert_eq!(other.recv(3).expect("recv"), b"bye");
        other.sendall(b"bye")
    });
    let neighbours = on_every_scheduler(|| {
        for _ in 0..1_000 {
            assert!(!thread::panicking());
            green::yield_now();
        }
    });
    let panicked = green::spawn(move || {
        let _polite = Polite(one);
        panic!("in the middle");
    });
    assert!(in_time("the panic", || panicked.join()).is_err());
    answering.join().expect("no panic").expect("send");
    for neighbour in neighbours {
        neighbour.join().expect("nobody else panics");
    }
}

#[test]
fn many_come_and_go_without_a_trace() {
    let waves = in_time("a thousand at a time", || {
        for _ in 0..20 {
            let wave: Vec<_> = (0..1_000)
                .map(|number| green::spawn(move || number))
                .collect();
            for (number, one) in wave.into_iter().enumerate() {
                assert_eq!(one.join().expect("no panic"), number);
            }
        }
        20
    });
    assert_eq!(waves, 20);
}

#[test]
fn standard_sockets_can_be_handed_in() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let client = TcpStream::connect(listener.local_addr().expect("address")).expect("connect");
    let (server, _) = listener.accept().expect("accept");
    // Non-blocking when it came: that changes nothing.
    server.set_nonblocking(true).expect("non-blocking");
    let server = Socket::from(server);
    let reading = green::spawn(move || server.recv(5));
    let client = Socket::from(client);
    client.sendall(b"hello").expect("send");
    assert_eq!(
        in_time("a message", || reading.join())
            .expect("no panic")
            .expect("recv"),
        b"hello"
    );
}
