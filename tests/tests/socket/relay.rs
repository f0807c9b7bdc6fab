//! Two connections that are joined.

use tests::prelude::*;

/// More than the kernel's buffers and the relay's hold.
const MUCH: usize = 16 << 20;

const TIMEOUT: Duration = Duration::from_millis(300);

/// Sends that many bytes, and ends its stream.
fn send_all(mut stream: impl Write + AsFd, bytes: usize) {
    stream.write_all(&vec![b'x'; bytes]).expect("write");
    SockRef::from(&stream).shutdown(Shutdown::Write).expect("shutdown");
}

/// How many bytes come before the end.
fn receive_all(mut stream: &TcpStream) -> usize {
    let mut data = Vec::new();
    stream.read_to_end(&mut data).expect("read")
}

/// Sets the timeout, and perhaps a layer that changes nothing.
fn set_up(socket: &Socket, is_layered: bool) {
    socket.settimeout(Some(TIMEOUT)).expect("a timeout");
    if is_layered {
        socket.set_layer(Through).expect("a layer");
    }
}

fn joined<T: Send + 'static, W: Thread>(
    prepare: impl FnOnce(&Socket, &Socket) + Send + 'static,
    ends: impl FnOnce(TcpStream, TcpStream) -> T + Send + 'static,
) -> (std::io::Result<(u64, u64)>, T) {
    W::in_time("relay", || {
        let ((one, left), (other, right)) = (tcp_pair(), tcp_pair());
        prepare(&one, &other);
        let ends = thread::spawn(move || ends(left, right));
        let relayed = relay(&one, &other);
        drop((one, other));
        (relayed, ends.join().expect("no panic"))
    })
}

/// The left side sends everything before it reads anything, while the right side sends as much. A
/// relay that waits in a send to the left would never receive from it, so neither could go on.
fn a_full_direction_does_not_stop_the_other<W: Thread>() {
    let (relayed, lengths) = joined::<_, W>(
        |_, _| (),
        move |left, right| {
            thread::scope(|scope| {
                scope.spawn(|| send_all(&right, MUCH));
                let there = scope.spawn(|| receive_all(&right));
                send_all(&left, MUCH);
                (there.join().expect("no panic"), receive_all(&left))
            })
        },
    );
    assert_eq!(relayed.expect("both end"), (MUCH as u64, MUCH as u64));
    assert_eq!(lengths, (MUCH, MUCH));
}

fn an_end_is_passed_on_and_the_other_direction_goes_on<W: Thread>() {
    let (relayed, (asked, answer)) = joined::<_, W>(
        |_, _| (),
        |mut left, mut right| {
            left.write_all(b"question").expect("write");
            left.shutdown(Shutdown::Write).expect("shutdown");
            let (mut asked, mut answer) = (String::new(), String::new());
            right.read_to_string(&mut asked).expect("read");
            right.write_all(b"the answer").expect("write");
            drop(right);
            left.read_to_string(&mut answer).expect("read");
            (asked, answer)
        },
    );
    assert_eq!(relayed.expect("both end"), (8, 10));
    assert_eq!([asked, answer], ["question", "the answer"]);
}

fn silence_longer_than_the_timeout_ends_a_relay<W: Thread>() {
    let (relayed, ()) = joined::<_, W>(
        |one, other| {
            one.settimeout(Some(Duration::from_millis(20))).expect("timeout");
            other.settimeout(Some(Duration::from_secs(60))).expect("timeout");
        },
        |mut left, right| _ = (left.read(&mut [0]), right),
    );
    assert_eq!(error_kind(relayed), ErrorKind::TimedOut);
}

/// Both directions fail: one because it waits for too long, and so the other. Which of them is the
/// first differs from round to round.
fn a_receiver_that_stops_for_too_long_ends_a_relay<W: Thread>() {
    for _ in 0..20 {
        let (relayed, _) = joined::<_, W>(
            |one, other| {
                for socket in [one, other] {
                    set_up(socket, true);
                    socket.settimeout(Some(Duration::from_millis(20))).expect("timeout");
                }
            },
            |mut left, right| (left.write_all(&vec![b'x'; MUCH]), right),
        );
        assert_eq!(error_kind(relayed), ErrorKind::TimedOut);
    }
}

/// The bytes that a relay holds take the receiver longer than the timeout, and none of its reads
/// does.
fn a_slow_receiver_ends_no_relay<W: Thread>() {
    const BYTES: usize = 128 << 10;
    for is_layered in [false, true] {
        let (relayed, received) = W::in_time("relay", move || {
            let ((one, left), (other, mut right)) = (unix_pair(), unix_pair());
            other.setsockopt(SocketOption::SendBuffer(1)).expect("the smallest one");
            set_up(&one, is_layered);
            set_up(&other, is_layered);
            let ends = thread::spawn(move || {
                send_all(&left, BYTES);
                let mut received = 0;
                loop {
                    match right.read(&mut [0; 1_024]).expect("read") {
                        0 => return received,
                        count => received += count,
                    }
                    // What a relay holds, 64 KiB, takes longer than the timeout. Each piece that it
                    // sends, 16 KiB, takes a third of it, also when this machine is busy.
                    thread::sleep(Duration::from_millis(6));
                }
            });
            let relayed = relay(&one, &other);
            drop((one, other));
            (relayed, ends.join().expect("no panic"))
        });
        assert_eq!(relayed.expect("both end"), (BYTES as u64, 0), "{is_layered}");
        assert_eq!(received, BYTES);
    }
}

/// The right side reads nothing for longer than the timeout, and speaks all the while.
fn a_receiver_that_stops_ends_no_relay_that_moves<W: Thread>() {
    const WORDS: usize = 60;
    for is_layered in [false, true] {
        let (relayed, (received, heard)) = joined::<_, W>(
            move |one, other| {
                set_up(one, is_layered);
                set_up(other, is_layered);
            },
            |left, right| {
                thread::scope(|scope| {
                    scope.spawn(|| send_all(&left, MUCH));
                    let heard = scope.spawn(|| receive_all(&left));
                    for _ in 0..WORDS {
                        (&right).write_all(b"x").expect("write");
                        // All words together take three times the timeout.
                        thread::sleep(Duration::from_millis(15));
                    }
                    right.shutdown(Shutdown::Write).expect("shutdown");
                    (receive_all(&right), heard.join().expect("no panic"))
                })
            },
        );
        assert_eq!(relayed.expect("both end"), (MUCH as u64, WORDS as u64), "{is_layered}");
        assert_eq!((received, heard), (MUCH, WORDS));
    }
}

/// Its direction cannot go on, and the other one may have nothing to end it.
fn a_panic_of_a_layer_ends_the_relay<W: Thread>() {
    struct Panics;
    impl Layer for Panics {
        fn recv(&self, _: &Wire<'_>, _: &mut [u8]) -> io::Result<usize> {
            panic!("a mistake")
        }
        fn send(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
            wire.send(data)
        }
        fn end(&self, _: &Wire<'_>) -> io::Result<()> {
            Ok(())
        }
    }
    for is_first in [true, false] {
        let is_panic = W::in_time("relay", move || {
            let ((one, _left), (other, _right)) = (tcp_pair(), tcp_pair());
            let panicking = if is_first { &one } else { &other };
            panicking.set_layer(Panics).expect("a layer");
            for socket in [&one, &other] {
                socket.settimeout(None).expect("no timeout");
            }
            catch_unwind(AssertUnwindSafe(|| relay(&one, &other))).is_err()
        });
        assert!(is_panic, "{is_first}");
    }
}

/// They would be lost: nothing but the `rfile` knows them.
fn unread_bytes_of_an_rfile_are_an_error<W: Thread>() {
    W::in_time("relay", || {
        let ((one, mut left), (other, mut right)) = (tcp_pair(), tcp_pair());
        left.write_all(b"line\nrest").expect("write");
        left.shutdown(Shutdown::Write).expect("shutdown");
        right.shutdown(Shutdown::Write).expect("shutdown");
        let (mut rfile, _) = one.makefile(-1, 0);
        assert_eq!(rfile.readline(9).expect("a line"), b"line\n");
        for (one, other) in [(&one, &other), (&other, &one)] {
            let error = relay(one, other).expect_err("bytes are unread");
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().ends_with("got 4 in an rfile"), "{error}");
        }
        assert_eq!(rfile.read_up_to(9).expect("the rest"), b"rest");
        assert_eq!(relay(&one, &other).expect("both end"), (0, 0));
        let mut rest = String::new();
        right.read_to_string(&mut rest).expect("read");
        assert_eq!(rest, "");
    });
}

matrix!(
    threads: a_full_direction_does_not_stop_the_other,
    a_slow_receiver_ends_no_relay, a_receiver_that_stops_ends_no_relay_that_moves,
    a_panic_of_a_layer_ends_the_relay,
    an_end_is_passed_on_and_the_other_direction_goes_on,
    silence_longer_than_the_timeout_ends_a_relay,
    a_receiver_that_stops_for_too_long_ends_a_relay,
    unread_bytes_of_an_rfile_are_an_error,
);
