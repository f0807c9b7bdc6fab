//! Detaching a socket on, and beside, green threads.

use std::os::unix::net::UnixStream;

use tests::prelude::*;

use crate::{join, until_all_park};

const BAD_DESCRIPTOR: i32 = 9;

#[test]
fn failed_detach_leaves_the_socket_as_it_was() {
    // It uses up the descriptors.
    let Some(()) = alone() else { return };
    let (socket, mut peer) = unix_pair();
    socket.settimeout(Some(DEADLINE)).expect("an option");
    let waiting = socket.clone();
    let ((begins, begun), (sender, said)) = (unbounded(), unbounded());
    let waiting = green::spawn(move || {
        begins.send(()).expect("the test listens");
        sender.send(waiting.recv(10)).expect("the test listens");
        with_at_most(Resource::Nofile, 100, || {
            let _hogs = all_descriptors();
            waiting.detach().expect_err("there is no descriptor");
        });
        assert_eq!(waiting.gettimeout(), Some(DEADLINE));
        sender.send(waiting.recv(10)).expect("the test listens");
    });
    begun.recv_timeout(DEADLINE).expect("it begins");
    for word in [b"hello", b"again"] {
        // Now it waits, so that the descriptor has a place in an epoll.
        until_all_park();
        peer.write_all(word).expect("write");
        let data = said.recv_timeout(DEADLINE).expect("it is woken");
        assert_eq!(data.expect("data"), word);
    }
    waiting.join().expect("no panic");
}

/// Waits on many green threads, so that some are at home with the descriptor and others are guests.
fn waiting_beside_a_detach(wait: impl Fn(&Socket) -> std::io::Result<()> + Clone + Send + 'static) {
    let (socket, mut peer): (Socket, UnixStream) = unix_pair();
    let (parking, parked) = unbounded();
    let waiting = || {
        let (socket, wait, parking) = (socket.clone(), wait.clone(), parking.clone());
        green::spawn(move || {
            parking.send(()).expect("the test listens");
            wait(&socket)
        })
    };
    let waiting: Vec<_> = (0..3 * cores()).map(|_| waiting()).collect();
    until("all are about to wait", || parked.len() == waiting.len());
    until_all_park();
    let own = socket.detach().expect("a duplicate");
    for one in waiting {
        let error = join(one).expect_err("the socket is closed");
        assert_eq!(error.raw_os_error(), Some(BAD_DESCRIPTOR), "{error}");
    }
    // All of it is the new owner's.
    peer.write_all(b"data").expect("write");
    let mut data = [0; 10];
    let mut own = UnixStream::from(own);
    own.set_read_timeout(Some(DEADLINE)).expect("an option");
    assert_eq!(own.read(&mut data).expect("data"), 4);
    // Other descriptors get their numbers, and work.
    drop((socket, own, peer));
    let (socket, mut peer) = unix_pair();
    let reads = green::spawn(move || socket.recv(10));
    until_all_park();
    peer.write_all(b"next").expect("write");
    assert_eq!(join(reads).expect("data"), b"next");
}

#[test]
fn detach_wakes_waiting_green_threads() {
    waiting_beside_a_detach(|socket| socket.recv(10).map(drop));
}

#[test]
fn detach_wakes_green_threads_in_select() {
    waiting_beside_a_detach(|socket| select(&[socket], &[], &[], None).map(drop));
}
