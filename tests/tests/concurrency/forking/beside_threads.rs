//! Forking servers in a thread, with their clients in other threads of the same process: what
//! CPython's own tests do, and what here needs a promise.

use std::io::{ErrorKind, Read};
use std::process::Command;
use std::thread;
use std::time::Duration;

use socketserver::{
    Builder, ForkBesideThreads, Forking, Request, Server, Tcp, Udp, UnixDatagram, UnixStream,
    Workers,
};
use tests::{Client, DEADLINE, Echo, Folder, Place, Running, in_time, run, until};

use crate::harness::list;

list!(TESTS:
    tcp_echoes,
    udp_echoes,
    unix_streams_echo,
    unix_datagrams_echo,
    clients_in_many_threads_are_answered,
    the_end_of_a_child_makes_room_at_once,
    shutdown_waits_for_no_child,
    at_the_deadline_children_are_ended,
    children_of_others_are_left_to_them,
);

/// The promise that makes the servers of this file fork.
#[allow(unsafe_code)]
fn promise() -> ForkBesideThreads {
    // SAFETY: `tests::Echo`, the one handler here, only receives, sends and allocates. It takes no lock, for it
    // does not print, log or panic, nor ask its server anything, and it counts on no other thread.
    unsafe { ForkBesideThreads::promise() }
}

fn builder<T: Place>() -> Builder<T, Forking, Echo, ()>
where
    T::Request: Into<Request>,
{
    Server::<T, Forking, Echo>::builder().fork_beside_threads(promise())
}

fn local() -> Running<()> {
    run(builder::<Tcp>(), "127.0.0.1:0")
}

/// A child has copies of the clients there were at its fork, so dropping one would end nothing.
fn echoes<T: Place>()
where
    T::Request: Into<Request>,
{
    let folder = Folder::new();
    let server = run(builder::<T>(), T::address(&folder));
    for text in ["one", "two", "three"] {
        let mut client = T::client(&server.address());
        client.send(text);
        assert_eq!(recv(&mut client), text.as_bytes());
        client.end();
    }
    let (drained, stats) = server.drain(DEADLINE);
    assert_eq!((drained.aborted, stats.finished), (0, 3), "{stats:?}");
    assert_eq!(stats.workers, Workers::default());
}

/// Receives, though the end of a child interrupts whichever thread waits just then.
fn recv(client: &mut Client) -> Vec<u8> {
    let mut buffer = [0; 100];
    loop {
        match client.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return buffer[..result.expect("recv")].to_vec(),
        }
    }
}

fn tcp_echoes() {
    echoes::<Tcp>();
}

fn udp_echoes() {
    echoes::<Udp>();
}

fn unix_streams_echo() {
    echoes::<UnixStream>();
}

fn unix_datagrams_echo() {
    echoes::<UnixDatagram>();
}

fn clients_in_many_threads_are_answered() {
    let server = local();
    let address = server.address();
    thread::scope(|scope| {
        for number in 0..8 {
            let address = &address;
            scope.spawn(move || {
                for round in 0..10 {
                    let mut client = Client::stream(address);
                    let text = format!("{number} {round} ").repeat(1_000);
                    assert!(client.ask(&text) == text.as_bytes());
                    assert_eq!(client.finish(), b"");
                }
            });
        }
    });
    let (drained, stats) = server.drain(DEADLINE);
    assert_eq!((drained.aborted, stats.finished), (0, 80), "{stats:?}");
}

fn the_end_of_a_child_makes_room_at_once() {
    let server = run(builder::<Tcp>().max_children(2), "127.0.0.1:0");
    let mut clients: Vec<Client> = (0..6).map(|_| Client::stream(&server.address())).collect();
    while clients.len() > 2 {
        until("it is full", || server.stats().workers.all == 2);
        let taken = clients.remove(0);
        assert_eq!(taken.finish(), b"");
    }
    for mut client in clients {
        assert_eq!(client.ask("hello"), b"hello");
        client.end();
    }
    assert_eq!(server.drain(DEADLINE).1.finished, 6);
}

fn shutdown_waits_for_no_child() {
    let server = builder::<Tcp>().bind("127.0.0.1:0").expect("bind");
    let handle = server.spawn().expect("spawn");
    let mut client = Client::stream(handle.server_address());
    assert_eq!(client.ask("hello"), b"hello");
    let server = (*handle).clone();
    in_time("shutdown", move || server.shutdown());
    assert_eq!(client.ask("still there?"), b"still there?");
    client.end();
    let drained = in_time("the end", move || handle.drain(DEADLINE));
    assert_eq!(drained.expect("it served well").aborted, 0);
}

fn at_the_deadline_children_are_ended() {
    let server = local();
    let mut clients = [(); 3].map(|()| Client::stream(&server.address()));
    for client in &mut clients {
        assert_eq!(client.ask("hello"), b"hello");
    }
    let (drained, stats) = server.drain(Duration::from_millis(100));
    assert_eq!(
        (drained.finished, drained.aborted, drained.abandoned),
        (0, 3, 0)
    );
    assert_eq!((stats.accepted, stats.aborted), (3, 3), "{stats:?}");
    for mut client in clients {
        assert_eq!(client.rest(), b"");
    }
}

fn children_of_others_are_left_to_them() {
    let server = local();
    let strangers = [(); 3].map(|()| {
        let stranger = Command::new("sh").args(["-c", "exit 72"]).spawn();
        let mut client = Client::stream(&server.address());
        assert_eq!(client.ask("hello"), b"hello");
        assert_eq!(client.finish(), b"");
        stranger.expect("a shell")
    });
    assert_eq!(server.drain(DEADLINE).1.finished, 3);
    for mut stranger in strangers {
        assert_eq!(stranger.wait().expect("its end").code(), Some(72));
    }
}
