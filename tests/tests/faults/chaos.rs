//! One handler after the other panics while all other clients are being served.

use std::{iter, panic};

use crate::prelude::*;

pub(crate) const FAULT: Fault = Fault {
    name: "chaos",
    title: "Every 100 ms one of 100 live handlers panics",
    columns: Column::CONCURRENT,
    server: |column, _| {
        // The messages would hide the figures.
        panic::set_hook(Box::new(|_| ()));
        let state = Handle(|request| {
            each_piece(request, |data| {
                assert_ne!(data, b"die");
                request.sendall(data)
            })
        });
        let concurrency = column.at_most(2 * MOST);
        let builder = Builder::<_, _, Function, _>::new(Tcp::new(), concurrency, state);
        serve(builder, LOCAL).expect("serve_forever");
    },
    clients,
};

/// Maximum number of clients at the same time.
const MOST: usize = 100;

/// The pause between two questions of a client.
const PAUSE: Duration = Duration::from_millis(10);

fn clients(trial: &mut Trial) {
    let (count, time, pause) = trial.size(
        (20, Duration::from_secs(1), Duration::from_millis(50)),
        (MOST, Duration::from_secs(10), Duration::from_millis(100)),
    );
    let (child, before) = trial.begin(&[], echo_one);
    let over = AtomicBool::new(false);
    let victims: Vec<AtomicBool> = iter::repeat_with(AtomicBool::default).take(count).collect();
    let (deaths, answers) = thread::scope(|scope| {
        let live = |victim| live(child.address(), victim, &over);
        let lives = victims
            .iter()
            .map(|victim| scope.spawn(move || live(victim)));
        let lives: Vec<_> = lives.collect();
        let end = Instant::now() + time;
        for number in (1..).take_while(|_| Instant::now() < end) {
            thread::sleep(pause);
            // Each in turn, but not in their order.
            victims[number * 37 % count].store(true, Relaxed);
        }
        over.store(true, Relaxed);
        let lives = lives
            .into_iter()
            .map(|life| life.join().expect("every answer"));
        lives.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    });
    let ended = trial.end(child, before, echo_one);
    trial.check(
        "only the client of a handler that panicked loses its connection, and it can connect again",
        format!("{deaths} deaths beside {answers} answers"),
        deaths > 0 && answers > 0 && ended.number("failed") == deaths,
    );
}

/// Asks until the end. If it is a victim, its handler panics, and it connects again. Returns how
/// often that happened, and the number of its answers.
fn live(address: &Address, victim: &AtomicBool, over: &AtomicBool) -> (u64, u64) {
    let (mut deaths, mut answers) = (0, 0);
    let mut client = Client::stream(address);
    while !over.load(Relaxed) {
        assert_eq!(client.ask("alive?"), b"alive?");
        answers += 1;
        if victim.swap(false, Relaxed) {
            client.send("die");
            let mut rest = Vec::new();
            // An end or a reset.
            let _ = client.read_to_end(&mut rest);
            assert!(rest.is_empty());
            deaths += 1;
            client = Client::stream(address);
        }
        thread::sleep(PAUSE);
    }
    assert_eq!(client.finish(), b"");
    (deaths, answers)
}
