//! A server drains again and again while clients keep connecting, and while there are none.

use crate::prelude::*;

const CLIENTS: usize = 8;
const REPLY: usize = 1_000;

/// The state of a server that drains at the request of that number.
fn until(number: u64) -> Function {
    let left = AtomicU64::new(number);
    let answer = Function::new(|request, _| {
        request.recv(100)?;
        request.sendall(&[b'y'; REPLY])
    });
    answer.on_verify(move |_, server| {
        if left.fetch_sub(1, Relaxed) == 1 {
            server.begin_drain(DEADLINE);
        }
        true
    })
}

/// Without arguments it serves until a signal. Otherwise the arguments are the number of cycles,
/// and the number of requests in each.
pub(crate) fn server(column: Column, arguments: &[String]) {
    let [cycles, requests] = arguments else {
        return serve_well(tcp::<Echo>(column));
    };
    let [cycles, requests] =
        [cycles, requests].map(|number| number.parse::<u64>().expect("a number"));
    let mut address = LOCAL.to_address().expect("an address");
    let mut sum = Stats::default();
    let mut at_first = None;
    for cycle in 0..cycles {
        // So that the drain begins at different places of a batch.
        let state = until(requests + cycle * 7 % 64);
        let builder = Builder::<_, _, Call, _>::new(Tcp::new(), column.concurrency(), state);
        let server = builder.bind(&address).expect("bind");
        if cycle == 0 {
            address = server.server_address().clone();
            println!("listening on {address}");
        }
        server.serve_forever().expect("serve_forever");
        let stats = server.stats();
        sum.accepted += stats.accepted;
        sum.active += stats.active;
        sum.finished += stats.finished;
        sum.failed += stats.failed;
        sum.refused += stats.refused;
        sum.aborted += stats.aborted;
        drop(server);
        at_first.get_or_insert_with(|| count_of("fd"));
        println!("cycle");
    }
    report("descriptors_at_first", at_first.expect("a first cycle") as u64);
    // A worker holds some for a moment longer.
    let end = Instant::now() + DEADLINE / 4;
    while Some(count_of("fd")) > at_first && Instant::now() < end {
        thread::sleep(Duration::from_millis(1));
    }
    report("descriptors_at_last", count_of("fd") as u64);
    report_books(&sum);
}

pub(crate) fn clients(trial: &mut Trial) {
    let (cycles, requests) = trial.size((5, 100), (200, 500));
    let child = trial.start(&[&cycles.to_string(), &requests.to_string()]);
    let over = AtomicBool::new(false);
    let counts: Vec<(u64, u64)> = thread::scope(|scope| {
        let clients = [(); CLIENTS].map(|()| scope.spawn(|| keep_asking(child.address(), &over)));
        (0..cycles).for_each(|_| drop(child.line()));
        over.store(true, Relaxed);
        clients.map(|client| client.join().expect("a client")).into()
    });
    let add = |sum: (u64, u64), count: &(u64, u64)| (sum.0 + count.0, sum.1 + count.1);
    let (answered, lost) = counts.iter().fold((0, 0), add);
    trial.check(
        "no reply is lost",
        format!("{lost} of {}, in {cycles} cycles", answered + lost),
        lost == 0 && answered >= cycles * requests,
    );
    let ended = child.wait();
    let [first, last] = ["first", "last"].map(|one| ended.number(&format!("descriptors_at_{one}")));
    let bar = "no more descriptors after the last drain than after the first";
    trial.check(bar, format!("{last} of {first}"), last <= first);
    trial.books(&ended);
    without_requests(trial);
}

/// How many requests got their reply, and how many were sent and got none.
fn keep_asking(address: &Address, over: &AtomicBool) -> (u64, u64) {
    /// An attempt between two servers fails, and the system would repeat it a second later.
    const PATIENCE: Duration = Duration::from_millis(100);
    let address = &inet(address);
    let (mut answered, mut lost) = (0, 0);
    while !over.load(Relaxed) {
        let Ok(stream) = TcpStream::connect_timeout(address, PATIENCE) else {
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        let sent = (&stream).write_all(b"please");
        match sent.and_then(|()| (&stream).read_to_end(&mut Vec::new())) {
            Ok(REPLY) => answered += 1,
            Ok(_) | Err(_) => lost += 1,
        }
    }
    (answered, lost)
}

/// Without live requests there is nothing to wait for.
fn without_requests(trial: &mut Trial) {
    let servers = trial.size(3, 20);
    let times = (0..servers).map(|_| {
        let child = trial.start(&[]);
        echo_one(child.address());
        child.end().took()
    });
    let longest = Times::new(times.collect()).longest();
    trial.within("longest end of a server without requests", Duration::from_millis(10), longest);
}
