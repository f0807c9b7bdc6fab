//! Signals do not disturb the calls of a socket. They go to the whole process, so each of these
//! tests has a separate process.

use crossbeam_channel::RecvTimeoutError;
use signal_hook::consts::{SIGPIPE, SIGUSR1};
use tests::prelude::*;

const SHORT: Duration = Duration::from_millis(50);

/// The number of this thread, to which the system delivers a signal that is sent there.
fn this_thread() -> Pid {
    let link = std::fs::read_link("/proc/thread-self").expect("Linux");
    let number = link.file_name().and_then(|name| name.to_str()?.parse().ok());
    number.and_then(Pid::from_raw).expect("a number")
}

/// Runs `call` on a thread that is interrupted all the time.
fn under_signals<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let caught = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGUSR1, caught.clone()).expect("a handler");
    in_time("a call under signals", move || {
        let thread = this_thread();
        thread::scope(|scope| {
            // Dropped, also by a panic, it ends the storm.
            let (_over, ended) = bounded::<()>(0);
            scope.spawn(move || {
                while ended.recv_timeout(Duration::from_micros(100))
                    == Err(RecvTimeoutError::Timeout)
                {
                    kill_process(thread, Signal::USR1).expect("it is there");
                }
            });
            until("they come", || caught.load(Ordering::Relaxed));
            call()
        })
    })
}

/// Though each signal ends the system's call.
#[test]
fn signals_neither_end_nor_prolong_a_wait() {
    let Some(()) = alone() else { return };
    for timeout in [None, Some(DEADLINE)] {
        let (socket, mut other) = tcp_pair();
        socket.settimeout(timeout).expect("a timeout");
        let writer = thread::spawn(move || {
            thread::sleep(SHORT);
            other.write_all(b"x").expect("write");
        });
        assert_eq!(under_signals(move || socket.recv(1)).expect("recv"), b"x");
        writer.join().expect("it only writes");
    }
    let (socket, _other) = tcp_pair();
    socket.settimeout(Some(SHORT)).expect("a timeout");
    let (error, took) = under_signals(move || {
        let began = Instant::now();
        (socket.recv(1).expect_err("nothing"), began.elapsed())
    });
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(took >= SHORT, "{took:?}");
}

#[test]
fn a_lost_connection_raises_no_signal() {
    let Some(()) = alone() else { return };
    let caught = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGPIPE, caught.clone()).expect("a handler");
    let gone = || {
        let (socket, other) = unix_pair();
        drop(other);
        socket
    };
    let kinds = [
        error_kind(gone().send(b"x")),
        error_kind(gone().sendall(b"x")),
        error_kind((&gone()).write(b"x")),
        error_kind(gone().makefile(-1, 0).1.write(b"x")),
        error_kind(gone().sendfile(File::open("/proc/self/exe").expect("open"), 0, None)),
    ];
    assert_eq!(kinds, [ErrorKind::BrokenPipe; 5]);
    assert!(!caught.load(Ordering::Relaxed));
    kill_process(getpid(), Signal::PIPE).expect("it is there");
    until("it would have been caught", || caught.load(Ordering::Relaxed));
}
