//! Waiting for several descriptors.

use tests::prelude::*;

/// Which of two is ready to be read, and which to be written.
fn asked(ready: &Ready, of: [&Socket; 2]) -> [[bool; 2]; 2] {
    [of.map(|socket| ready.reads(socket)), of.map(|socket| ready.writes(socket))]
}

fn select_returns_the_ready_sockets<W: Thread>() {
    W::in_time("select", || {
        let ((quiet, _one), (ready, mut other)) = (tcp_pair(), unix_pair());
        let both = [&quiet, &ready];
        for (reads, timeout) in [(both.as_slice(), 1), (&[], 0)] {
            let reads: Vec<&dyn Selectable> = reads.iter().map(|one| *one as _).collect();
            let timeout = Some(Duration::from_millis(timeout));
            let found = select(&reads, &[], &[], timeout).expect("select");
            assert!(found.is_empty());
        }
        let found = select(&[&quiet], &[&quiet, &ready], &[], None).expect("select");
        assert_eq!(asked(&found, both), [[false; 2], [true; 2]]);
        other.write_all(b"x").expect("write");
        let found = select(&[&quiet, &ready], &[], &[], None).expect("select");
        assert_eq!(asked(&found, both), [[false, true], [false; 2]]);
        assert!(found.reads(&ready.clone()), "another handle of it");
        ready.recv(1).expect("recv");

        // It waits, and the end of a stream is something to be read.
        let late = thread::spawn(move || drop(other));
        let found = select(&[&ready, &quiet], &[], &[], None).expect("select");
        assert_eq!(asked(&found, both), [[false, true], [false; 2]]);
        late.join().expect("it only drops");
        quiet.close();
        select(&[&ready], &[&quiet], &[], None).expect_err("a closed one");
    });
}

/// A child's pipe, which is no socket, and a file, which is always ready.
fn select_waits_for_other_descriptors<W: Thread>() {
    W::in_time("select", || {
        let (request, _client) = tcp_pair();
        let mut cat = Command::new("cat");
        let cat = cat.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = cat.spawn().expect("cat");
        let mut input = child.stdin.take().expect("piped");
        let mut output = child.stdout.take().expect("piped");
        for _ in 0..3 {
            let writing = thread::spawn(move || input.write_all(b"x").map(|()| input));
            let found = select(&[&request, &output], &[], &[], None).expect("select");
            assert!(found.reads(&output) && !found.reads(&request));
            output.read_exact(&mut [0]).expect("its byte");
            input = writing.join().expect("no panic").expect("write");
        }
        // As often as one likes, also through a borrow and beside the socket's own descriptor.
        let borrowed = (request.as_fd(), output.as_fd());
        let short = Some(Duration::from_millis(5));
        let found = select(&[&borrowed.0, &borrowed.1, &request], &[], &[], short);
        assert!(found.expect("select").is_empty());
        let file = std::fs::File::open("/proc/version").expect("a file");
        let found = select(&[&output, &file], &[], &[], None).expect("select");
        assert!(found.reads(&file) && !found.reads(&output));
        drop(input);
        assert!(child.wait().expect("its end").success());
    });
}

/// The third list is for urgent data, as in Python.
fn select_reports_urgent_data<W: Thread>() {
    W::in_time("select", || {
        let (request, client) = tcp_pair();
        let short = Some(Duration::from_millis(1));
        client.set_nodelay(true).expect("an option");
        let urgent =
            thread::spawn(move || SockRef::from(&client).send_out_of_band(b"!").map(|_| client));
        let found = select(&[], &[], &[&request], None).expect("select");
        assert!(found.excepts(&request) && !found.reads(&request));
        let _open = urgent.join().expect("no panic").expect("send");
        assert!(select(&[&request], &[], &[], short).expect("select").is_empty());
    });
}

/// The urgent byte wakes a green thread in vain. It looks again a little later, and finds the
/// bytes that came in between.
fn an_event_after_a_wake_in_vain_is_seen<W: Thread>() {
    for round in 0..20 {
        let (socket, mut client) = tcp_pair();
        let (begins, begun) = bounded(1);
        let client = thread::spawn(move || {
            begun.recv().expect("it begins");
            thread::sleep(Duration::from_millis(1));
            SockRef::from(&client).send_out_of_band(b"!").expect("send");
            thread::sleep(Duration::from_micros(50 * round));
            client.write_all(b"x").expect("send");
            client
        });
        let ready = W::in_time("select", move || {
            begins.send(()).expect("the client waits");
            let ready = select(&[&socket], &[], &[], None)?;
            io::Result::Ok(ready.reads(&socket))
        });
        assert!(ready.expect("select"), "round {round}");
        client.join().expect("no panic");
    }
}

matrix!(
    threads: select_returns_the_ready_sockets, select_waits_for_other_descriptors,
    select_reports_urgent_data, an_event_after_a_wake_in_vain_is_seen,
);
