//! Waiting for several sockets.

use tests::prelude::*;

fn select_returns_the_ready_sockets<W: Thread>() {
    W::in_time("select", || {
        let ((quiet, _one), (ready, mut other)) = (tcp_pair(), unix_pair());
        let short = Some(Duration::from_millis(1));
        let nothing = (Vec::new(), Vec::new());
        assert_eq!(
            select(&[&quiet, &ready], &[], short).expect("select"),
            nothing
        );
        assert_eq!(
            select(&[], &[], Some(Duration::ZERO)).expect("select"),
            nothing
        );
        let writable = (Vec::new(), vec![0, 1]);
        assert_eq!(
            select(&[&quiet], &[&quiet, &ready], None).expect("select"),
            writable
        );
        other.write_all(b"x").expect("write");
        assert_eq!(
            select(&[&quiet, &ready], &[], None).expect("select"),
            (vec![1], vec![])
        );
        ready.recv(1).expect("recv");

        // It waits, and the end of a stream is something to be read.
        let late = thread::spawn(move || drop(other));
        assert_eq!(
            select(&[&ready, &quiet], &[], None).expect("select"),
            (vec![0], vec![])
        );
        late.join().expect("it only drops");
        quiet.close();
        select(&[&ready], &[&quiet], None).expect_err("a closed one");
    });
}

matrix!(threads: select_returns_the_ready_sockets);
