//! Many signals of several kinds arrive at the process and its children under load.

use rustix::process::kill_process_group;
use signal_hook::flag;
use socketserver::signal::{SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH};

use crate::prelude::*;

/// Handles signals by hooks and by flags. Waits with a timeout for half of its clients, and without
/// for the others.
pub(crate) fn server(column: Column, _: &[String]) {
    let builder = handling(column, |request| {
        if request.getpeername()?.port().is_some_and(|port| port % 2 == 0) {
            request.settimeout(Some(DEADLINE))?;
        }
        each_piece(request, |data| request.sendall(data))
    });
    let server = bind(builder);
    let answered = Arc::new(AtomicU64::new(0));
    for signal in [SIGHUP, SIGUSR1] {
        let answered = answered.clone();
        let hook = move |_: &ServerRef<_>| _ = answered.fetch_add(1, Relaxed);
        server.on_signal(signal, hook).expect("a handler");
    }
    for signal in [SIGUSR2, SIGWINCH] {
        flag::register(signal, Arc::new(AtomicBool::new(false))).expect("a handler");
    }
    serve(&server, DRAIN).expect("serve_forever");
    report("answered", answered.load(Relaxed));
}

pub(crate) fn clients(trial: &mut Trial) {
    const AT_A_TIME: usize = 4;
    let (signals, time) =
        trial.size((1_000, Duration::from_millis(300)), (10_000, Duration::from_secs(1)));
    let child = trial.start_as(&[], |command| {
        // Its children will be in the group too.
        command.process_group(0);
    });
    let before = trial.baseline(&child, echo_one);
    let pulses = if trial.column() == Column::Inline { 0 } else { 4 };
    let pulses: Vec<_> = (0..pulses).map(|_| Pulse::start(child.address())).collect();
    let over = AtomicBool::new(false);
    let served = AtomicU64::new(0);
    let took = thread::scope(|scope| {
        scope.spawn(|| {
            crowd(AT_A_TIME, AT_A_TIME, |_| {
                while !over.load(Relaxed) {
                    echo_one(child.address());
                    served.fetch_add(1, Relaxed);
                }
            })
        });
        let kinds = [Signal::HUP, Signal::USR1, Signal::USR2, Signal::WINCH];
        let began = Instant::now();
        for number in 0..signals {
            let signal = kinds[number as usize % kinds.len()];
            kill_process_group(child.id(), signal).expect("kill");
            let due = began + time * number / signals;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let took = began.elapsed();
        over.store(true, Relaxed);
        took
    });
    pulses.into_iter().for_each(|pulse| drop(pulse.stop()));
    let ended = trial.end(child, before, echo_one);
    let answered = ended.number("answered");
    trial.check(
        "the hooks of SIGHUP and SIGUSR1 run, at most once per signal",
        format!("{answered} times"),
        answered > 0 && answered <= u64::from(signals) / 2,
    );
    let (served, failed) = (served.into_inner(), ended.number("failed"));
    let seconds = took.as_secs_f64();
    trial.check(
        "no client notices: no request fails, and every client is served",
        format!("{signals} signals in {seconds:.2} s, {served} clients, {failed} failed"),
        served > 0 && failed == 0,
    );
}
