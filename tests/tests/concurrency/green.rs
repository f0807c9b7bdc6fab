//! Servers whose handlers run on green threads: what a busy one costs the others, and their names.

use std::hint::spin_loop;

use tests::prelude::*;

/// The name of the thread that this runs on, padded to a fixed length.
fn core() -> [u8; 8] {
    let mut name = [b' '; 8];
    let thread = thread::current();
    let text = thread.name().expect("a scheduler's thread has a name").as_bytes();
    name[..text.len()].copy_from_slice(text);
    name
}

fn ask_core(client: &mut Client) -> Vec<u8> {
    client.ask("which?  ")
}

/// Several connections for each core, and the core that each is on.
fn connections(address: &Address) -> Vec<(Client, Vec<u8>)> {
    let clients = (0..4 * cores()).map(|_| {
        let mut client = Client::stream(address);
        let core = ask_core(&mut client);
        (client, core)
    });
    clients.collect()
}

/// Answers with its core, or keeps that busy until `free` is set: `hold` without a pause, `turns`
/// in turns of 50 ms.
fn answer(request: &Socket, free: &AtomicBool) -> io::Result<()> {
    loop {
        let word = request.recv(8)?;
        match &*word {
            b"" => return Ok(()),
            b"which?  " => {}
            _ => request.sendall(b"begins")?,
        }
        match &*word {
            b"hold    " => {
                while !free.load(SeqCst) {
                    spin_loop();
                }
            }
            b"turns   " => {
                while !free.load(SeqCst) {
                    let turn = Instant::now();
                    while turn.elapsed() < Duration::from_millis(50) {
                        spin_loop();
                    }
                    green::yield_now();
                }
            }
            _ => {}
        }
        request.sendall(&core())?;
    }
}

/// Keeps the first connection's core busy in one of two ways, while `meanwhile` runs with the
/// other connections of that core, and with those of other cores.
fn while_one_computes(
    how: &str,
    meanwhile: impl FnOnce(&mut [(Client, Vec<u8>)], &mut [(Client, Vec<u8>)]),
) {
    let free = Arc::new(AtomicBool::new(false));
    let holds = free.clone();
    let server =
        run(GreenTCPServer::handling(move |request: Socket, _| answer(&request, &holds)), LOCAL);
    let mut all = connections(&server.address()).into_iter();
    let (mut busy, core) = all.next().expect("at least four");
    let (mut same, mut others): (Vec<_>, Vec<_>) = all.partition(|(_, other)| *other == core);
    assert!(!same.is_empty(), "they are given out evenly");

    busy.send(format!("{how:8}"));
    assert_eq!(busy.recv_exact(6), b"begins");
    meanwhile(&mut same, &mut others);
    free.store(true, SeqCst);
    assert_eq!(busy.recv_exact(8), core);
    // And all is as before.
    for (client, core) in same.iter_mut().chain(&mut others) {
        assert_eq!(ask_core(client), *core);
    }
}

fn all_answer(clients: &mut [(Client, Vec<u8>)], times: usize) {
    for _ in 0..times {
        for (client, core) in &mut *clients {
            assert_eq!(ask_core(client), *core, "a green thread stays where it is");
        }
    }
}

// Each in a process whose schedulers no other test uses.

#[test]
fn computing_does_not_stop_other_cores() {
    let Some(()) = alone() else { return };
    if cores() == 1 {
        return eprintln!("skipped: there is one core");
    }
    while_one_computes("hold", |_, others| {
        assert!(!others.is_empty(), "they are given out evenly");
        all_answer(others, 50);
    });
}

#[test]
fn yielding_lets_its_own_core_answer_too() {
    let Some(()) = alone() else { return };
    while_one_computes("turns", |same, others| {
        all_answer(others, 50);
        all_answer(same, 3);
    });
}

fn handlers_run_on_a_green_thread<T: Row>() {
    let handler = |request: T::Request, _: Address| {
        assert!(green::is_green());
        match request.into() {
            Request::Stream(socket) => socket.sendall(&core()),
            Request::Datagram(datagram) => datagram.reply(core()),
        }
    };
    let (_folder, server) = placed(Server::<T, Green, _, _>::handling(handler));
    let mut client = T::client(&server.address());
    if !client.is_stream() {
        client.send("?");
    }
    assert!(client.recv().starts_with(b"green-"));
}

#[test]
fn all_four_servers_run_on_green_threads() {
    handlers_run_on_a_green_thread::<Tcp>();
    handlers_run_on_a_green_thread::<UnixStream>();
    handlers_run_on_a_green_thread::<Udp>();
    handlers_run_on_a_green_thread::<UnixDatagram>();
}
