//! Sockets on green threads: parked calls, and what a scheduler knows about a socket.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::unix::net::UnixDatagram;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tests::prelude::*;

use crate::{join, on_green, pair};

#[test]
fn an_end_of_stream_after_data_is_seen() {
    // The system notifies only once, and that may be before the data was read.
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
        assert_eq!(join(reader).expect("recv"), b"all there is");
    }
}

#[test]
fn every_scheduler_may_wait_for_one_socket() {
    let (one, other) = pair();
    let received = Arc::new(AtomicUsize::new(0));
    let reader = |_| {
        let (one, received) = (one.clone(), received.clone());
        green::spawn(move || {
            while !one.recv(1).expect("recv").is_empty() {
                received.fetch_add(1, SeqCst);
            }
        })
    };
    let readers: Vec<_> = (0..16).map(reader).collect();
    for _ in 0..1_000 {
        other.sendall(b"x").expect("send");
    }
    until("every byte is received", || received.load(SeqCst) == 1_000);
    other.shutdown(Shutdown::Write).expect("shutdown");
    readers.into_iter().for_each(join);
}

/// Runs `work` on a green thread of the scheduler whose thread that is.
#[track_caller]
fn on_scheduler<T: Send + 'static>(
    scheduler: ThreadId,
    work: impl Fn() -> T + Clone + Send + 'static,
) -> T {
    // A new green thread goes to the scheduler that has the fewest. So those that came to a wrong
    // one stay there until the right one is found.
    let (found, looking) = green::channel::<()>(1);
    loop {
        let (work, looking) = (work.clone(), looking.clone());
        let (tell, told) = green::channel(1);
        let one = green::spawn(move || {
            let here = thread::current().id() == scheduler;
            tell.send(here).expect("the test listens");
            if here {
                return Some(work());
            }
            let _ = looking.recv();
            None
        });
        if told.recv().expect("it tells") {
            drop(found);
            return join(one).expect("it is at the right place");
        }
    }
}

/// Parks in `recv` once, so that this scheduler is the socket's home.
fn park_once(socket: &Socket) {
    let timeout = socket.gettimeout();
    socket.settimeout(Some(Duration::from_millis(1))).expect("settimeout");
    assert_eq!(error_kind(socket.recv(1)), io::ErrorKind::TimedOut);
    socket.settimeout(timeout).expect("settimeout");
}

#[test]
fn select_works_after_other_waits() {
    let (one, mut other) = tcp_pair();
    let (quiet, _peer) = unix_pair();
    let (begun, waiting) = green::channel(1);
    let selecting = green::spawn(move || {
        park_once(&one);
        park_once(&quiet);
        begun.send(()).expect("the test waits");
        let ready = select(&[&quiet, &one, &one], &[], &[], Some(DEADLINE)).expect("select");
        (ready.reads(&quiet), ready.reads(&one))
    });
    waiting.recv().expect("it begins");
    other.write_all(b"x").expect("send");
    assert_eq!(join(selecting), (false, true));
}

/// With a handle, and with the descriptor alone.
#[test]
fn a_socket_in_select_can_be_received_from() {
    type Wait = fn(&Socket) -> io::Result<Ready>;
    let waits: [Wait; 2] = [
        |one| select(&[one], &[], &[], Some(DEADLINE)),
        |one| select(&[&one.as_fd()], &[], &[], Some(DEADLINE)),
    ];
    for wait in waits {
        let (one, mut other) = tcp_pair();
        let (begun, waiting) = green::channel(1);
        let selecting = green::spawn({
            let one = one.clone();
            move || {
                begun.send(thread::current().id()).expect("the test waits");
                wait(&one).map(|ready| ready.reads(&one))
            }
        });
        let scheduler = waiting.recv().expect("it begins");
        // It runs there only once the other green thread has parked.
        let receiving = one.clone();
        on_scheduler(scheduler, move || park_once(&receiving));
        other.write_all(b"x").expect("send");
        assert!(join(selecting).expect("select"));
        assert!(is_watched(inode(&one)), "its home watches it");
    }
}

/// As after a trip through another process.
#[test]
fn a_socket_that_returns_under_its_number_is_watched() {
    // No other test may get the number.
    let Some(()) = alone() else { return };
    let (one, mut other) = tcp_pair();
    let received = on_green(move || {
        park_once(&one);
        let number = one.fileno();
        let kept = one.as_fd().try_clone_to_owned().expect("a copy");
        drop(one);
        let again = fcntl_dupfd_cloexec(&kept, number).expect("a copy");
        assert_eq!(again.as_raw_fd(), number);
        let again = Socket::from(again);
        park_once(&again);
        let sender = green::spawn(move || other.write_all(b"x"));
        let received = again.recv(1).expect("data");
        sender.join().expect("no panic").expect("send");
        received
    });
    assert_eq!(received, b"x");
}

#[test]
fn sendto_a_full_queue_leaves_the_scheduler_idle() {
    // The green threads of other tests would run on the same scheduler.
    let Some(()) = alone() else { return };
    let folder = Folder::new();
    let _full = UnixDatagram::bind(folder.join("full")).expect("bind");
    let to = folder.join("full");
    let (worked, took) = on_green(move || {
        let socket = Socket::new(AddressFamily::Unix, SocketKind::Datagram).expect("socket");
        socket.settimeout(Some(Duration::ZERO)).expect("settimeout");
        while socket.sendto(b"x", &to).is_ok() {}
        socket.settimeout(Some(Duration::from_millis(300))).expect("settimeout");
        let (before, began) = (time_on_core(), Instant::now());
        assert_eq!(error_kind(socket.sendto(b"x", &to)), io::ErrorKind::TimedOut);
        (time_on_core() - before, began.elapsed())
    });
    assert!(worked < took / 2, "a scheduler was kept busy for {worked:?} of {took:?}");
}

#[test]
fn an_endless_sleep_leaves_the_scheduler_to_others() {
    let (begun, waiting) = green::channel(1);
    drop(green::spawn(move || {
        begun.send(thread::current().id()).expect("the test waits");
        green::sleep(Duration::MAX);
    }));
    let scheduler = waiting.recv().expect("it begins");
    in_time("the neighbour", move || on_scheduler(scheduler, || ()));
}

fn time_on_core() -> Duration {
    let times = fs::read_to_string("/proc/thread-self/schedstat").expect("/proc");
    let first = times.split(' ').next().expect("three numbers");
    Duration::from_nanos(first.parse().expect("nanoseconds"))
}

/// The first `recv` returns before all bytes have come.
fn short_read_is_no_end<T>(socket: Socket, send: impl FnOnce() -> T + Send + 'static) {
    let data = on_green(move || {
        park_once(&socket);
        let _open = send();
        // The scheduler is notified of all of it at once.
        green::sleep(Duration::from_millis(1));
        [socket.recv(100), socket.recv(100)].map(|data| data.expect("recv"))
    });
    assert_eq!(data, [&b"before"[..], b"after"]);
}

#[test]
fn short_read_before_urgent_data_is_no_end() {
    let (one, mut other) = tcp_pair();
    short_read_is_no_end(one, move || {
        other.write_all(b"before").expect("send");
        SockRef::from(&other).send_out_of_band(b"!").expect("send");
        other.write_all(b"after").expect("send");
        other
    });
}

#[test]
fn a_short_read_before_descriptors_is_no_end() {
    let (one, other) = unix_pair();
    short_read_is_no_end(one, move || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut descriptors = SendAncillaryBuffer::new(&mut space);
        let passed = [other.as_fd()];
        assert!(descriptors.push(SendAncillaryMessage::ScmRights(&passed)));
        let before = [IoSlice::new(b"before")];
        sendmsg(&other, &before, &mut descriptors, SendFlags::empty()).expect("send");
        (&other).write_all(b"after").expect("send");
        other
    });
}

#[test]
fn a_detached_descriptor_is_no_longer_watched() {
    let (one, _other) = tcp_pair();
    let number = inode(&one);
    on_green({
        let one = one.clone();
        move || park_once(&one)
    });
    assert!(is_watched(number), "its home watches it");
    let _detached = one.detach().expect("detach");
    assert!(!is_watched(number));
}

fn inode(socket: &Socket) -> u64 {
    let link = fs::read_link(format!("/proc/self/fd/{}", socket.fileno())).expect("/proc");
    // socket:[NUMBER]
    let number = link.to_string_lossy().replace(|c: char| !c.is_ascii_digit(), "");
    number.parse().expect("a number")
}

/// Whether an epoll of this process watches it.
fn is_watched(inode: u64) -> bool {
    let all = fs::read_dir("/proc/self/fdinfo").expect("/proc");
    let mut texts = all.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
    let wanted = format!("ino:{inode:x} ");
    texts.any(|text| text.contains(&wanted))
}
