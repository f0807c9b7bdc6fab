//! Sockets on green threads where they meet others: a second wait, another scheduler, a peer that takes nothing.

use std::fs;
use std::io::{self, IoSlice, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use socketserver::{AddressFamily, Socket, SocketKind, green, select};
use tests::{DEADLINE, Folder, in_time, tcp_pair, unix_pair};

/// Runs `work` on a green thread, before the deadline.
#[track_caller]
fn on_green<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    in_time("a green thread", || green::spawn(work).join()).expect("it does not panic")
}

/// Runs `work` on a green thread of the scheduler whose thread that is.
#[track_caller]
fn on_scheduler<T: Send + 'static>(
    scheduler: ThreadId,
    work: impl Fn() -> T + Clone + Send + 'static,
) -> T {
    // Those that come to the wrong place stay there until the right one is found, as a new one goes where the fewest are.
    let (found, looking) = green::channel::<()>(1);
    loop {
        let (work, looking) = (work.clone(), looking.clone());
        let (tell, told) = green::channel(1);
        let one = green::spawn(move || {
            let here = thread::current().id() == scheduler;
            tell.send(here).expect("somebody listens");
            if here {
                return Some(work());
            }
            let _ = looking.recv();
            None
        });
        if told.recv().expect("it tells") {
            drop(found);
            return in_time("a green thread", || one.join())
                .expect("it does not panic")
                .expect("it is at the right place");
        }
    }
}

/// Parks in `recv` once, so that the socket has its home at this scheduler.
fn park_once(socket: &Socket) {
    let timeout = socket.gettimeout();
    socket
        .settimeout(Some(Duration::from_millis(1)))
        .expect("settimeout");
    let error = socket.recv(1).expect_err("nothing was sent");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
    socket.settimeout(timeout).expect("settimeout");
}

#[test]
fn select_waits_for_sockets_that_were_waited_for_before() {
    let (one, mut other) = tcp_pair();
    let (quiet, _peer) = unix_pair();
    let (begun, waiting) = green::channel(1);
    let selecting = green::spawn(move || {
        park_once(&one);
        park_once(&quiet);
        begun.send(()).expect("somebody waits");
        select(&[&quiet, &one, &one], &[], Some(DEADLINE))
    });
    waiting.recv().expect("it begins");
    other.write_all(b"x").expect("send");
    let ready = in_time("select", || selecting.join()).expect("no panic");
    assert_eq!(ready.expect("select"), (vec![1, 2], vec![]));
}

#[test]
fn a_socket_in_select_can_be_received_from_beside_it() {
    let (one, mut other) = tcp_pair();
    let (begun, waiting) = green::channel(1);
    let selecting = green::spawn({
        let one = one.clone();
        move || {
            begun.send(thread::current().id()).expect("somebody waits");
            select(&[&one], &[], Some(DEADLINE))
        }
    });
    let scheduler = waiting.recv().expect("it begins");
    // It runs there only when the other one has parked.
    on_scheduler(scheduler, move || park_once(&one));
    other.write_all(b"x").expect("send");
    let ready = in_time("select", || selecting.join()).expect("no panic");
    assert_eq!(ready.expect("select"), (vec![0], vec![]));
}

#[test]
fn a_full_queue_at_the_other_end_is_tried_now_and_then() {
    let folder = Folder::new();
    let full = UnixDatagram::bind(folder.join("full")).expect("bind");
    let to = folder.join("full");
    let (worked, took) = on_green(move || {
        let socket = Socket::new(AddressFamily::Unix, SocketKind::Datagram).expect("socket");
        socket.settimeout(Some(Duration::ZERO)).expect("settimeout");
        while socket.sendto(b"x", &to).is_ok() {}
        socket
            .settimeout(Some(Duration::from_millis(300)))
            .expect("settimeout");
        let (before, began) = (time_on_core(), Instant::now());
        let error = socket.sendto(b"x", &to).expect_err("nobody receives");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        (time_on_core() - before, began.elapsed())
    });
    assert!(
        worked < took / 2,
        "a scheduler was kept busy for {worked:?} of {took:?}"
    );

    // There is room again while somebody waits for it.
    let to = folder.join("full");
    let (begun, waiting) = green::channel(1);
    let sending = green::spawn(move || {
        let socket = Socket::new(AddressFamily::Unix, SocketKind::Datagram).expect("socket");
        begun.send(()).expect("somebody waits");
        socket.sendto(b"x", &to)
    });
    waiting.recv().expect("it begins");
    full.recv(&mut [0]).expect("recv");
    let sent = in_time("a place in the queue", || sending.join()).expect("no panic");
    assert_eq!(sent.expect("sendto"), 1);
}

#[test]
fn who_sleeps_for_ever_leaves_the_scheduler_to_the_others() {
    let (begun, waiting) = green::channel(1);
    drop(green::spawn(move || {
        begun.send(thread::current().id()).expect("somebody waits");
        green::sleep(Duration::MAX);
    }));
    let scheduler = waiting.recv().expect("it begins");
    in_time("the neighbour", move || on_scheduler(scheduler, || ()));
}

/// How long this thread has run on a core.
fn time_on_core() -> Duration {
    let times = fs::read_to_string("/proc/thread-self/schedstat").expect("/proc");
    let first = times.split(' ').next().expect("three numbers");
    Duration::from_nanos(first.parse().expect("nanoseconds"))
}

#[test]
fn a_short_read_at_the_mark_of_urgent_data_is_not_taken_for_the_end() {
    let (one, mut other) = tcp_pair();
    let data = on_green(move || {
        park_once(&one);
        other.write_all(b"before").expect("send");
        socket2::SockRef::from(&other)
            .send_out_of_band(b"!")
            .expect("send");
        other.write_all(b"after").expect("send");
        // The scheduler hears of all of it at once.
        green::sleep(Duration::from_millis(1));
        (one.recv(100), one.recv(100))
    });
    assert_eq!(data.0.expect("recv"), b"before");
    assert_eq!(data.1.expect("recv"), b"after");
}

#[test]
fn a_short_read_where_descriptors_were_sent_is_not_taken_for_the_end() {
    let (one, other) = unix_pair();
    let data = on_green(move || {
        park_once(&one);
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut descriptors = SendAncillaryBuffer::new(&mut space);
        let passed = [other.as_fd()];
        assert!(descriptors.push(SendAncillaryMessage::ScmRights(&passed)));
        let before = [IoSlice::new(b"before")];
        sendmsg(&other, &before, &mut descriptors, SendFlags::empty()).expect("send");
        (&other).write_all(b"after").expect("send");
        // The scheduler hears of all of it at once.
        green::sleep(Duration::from_millis(1));
        (one.recv(100), one.recv(100))
    });
    assert_eq!(data.0.expect("recv"), b"before");
    assert_eq!(data.1.expect("recv"), b"after");
}

#[test]
fn a_descriptor_detached_elsewhere_is_watched_no_more() {
    let (one, _other) = tcp_pair();
    let number = fs::read_link(format!("/proc/self/fd/{}", one.fileno())).expect("/proc");
    // socket:[NUMBER]
    let number = number
        .to_string_lossy()
        .replace(|c: char| !c.is_ascii_digit(), "");
    let number: u64 = number.parse().expect("a number");
    let is_watched = move || {
        let all = fs::read_dir("/proc/self/fdinfo").expect("/proc");
        let texts = all.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
        let wanted = format!("ino:{number:x} ");
        texts.into_iter().any(|text| text.contains(&wanted))
    };
    on_green({
        let one = one.clone();
        move || park_once(&one)
    });
    assert!(is_watched(), "its home watches it");
    let _detached = one.detach().expect("detach");
    assert!(!is_watched());
}
