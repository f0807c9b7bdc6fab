//! Certificates that are renewed under load.

use socketserver::signal;

use crate::prelude::*;
use crate::tls::{Trusting, context};

const CLIENTS: usize = 8;

/// How often a client asks on one connection.
const ASKS: usize = 25;

pub(crate) fn server(column: Column, arguments: &[String]) {
    let context = context(arguments);
    let builder = Builder::<_, _, Call, _>::new(Tcp::new(), column.concurrency(), Function::echo());
    let server = bind(builder.tls(context.clone()));
    server.on_signal(signal::SIGHUP, move |_| drop(context.reload())).expect("a signal");
    serve(&server, DRAIN).expect("serve_forever");
}

pub(crate) fn clients(trial: &mut Trial) {
    let (reloads, requests) = trial.size((5, 2_000), (50, 50_000));
    let trusting = Trusting::new();
    let serve_one = |address: &Address| trusting.echo_one(address);
    let (child, before) = trial.begin(&trusting.arguments(), serve_one);
    let (answered, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let is_done = AtomicBool::new(false);
    let times = thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !is_done.load(SeqCst) {
                    ask(child.address(), &trusting, &answered, &lost);
                }
            });
        }
        let times = (1..=reloads).map(|number| {
            let took = renew(&child, &trusting);
            let share = requests * number / reloads;
            until("clients ask meanwhile", || answered.load(SeqCst) >= share);
            took
        });
        let times = times.collect();
        is_done.store(true, SeqCst);
        Times::new(times)
    });
    let (answered, lost) = (answered.into_inner(), lost.into_inner());
    trial.check(
        format!("beside {reloads} reloads, no request of {requests} or more is lost"),
        format!("{lost} of {}", answered + lost),
        lost == 0 && answered >= requests,
    );
    let bar = "the longest time from a signal to a client with the new certificate";
    trial.within(bar, Duration::from_millis(100), times.longest());
    trial.end(child, before, serve_one);
}

/// Asks several times on one connection, which goes on with an earlier session if it can.
fn ask(address: &Address, trusting: &Trusting, answered: &AtomicUsize, lost: &AtomicUsize) {
    let mut client = TlsClient::connect(address, trusting.config.clone(), "localhost");
    for _ in 0..ASKS {
        match client.try_ask(b"ping\n") {
            Ok(answer) if answer == b"ping\n" => answered.fetch_add(1, SeqCst),
            _ => {
                lost.fetch_add(1, SeqCst);
                return;
            }
        };
    }
    client.close();
}

/// Renews the certificate. Returns the time from the signal until a client has it.
fn renew(child: &Child, trusting: &Trusting) -> Duration {
    let certificate = || {
        let mut client = trusting.connect(child.address());
        client.ask(b"ping\n");
        client.close();
        client.0.conn.peer_certificates().expect("a certificate")[0].clone()
    };
    let before = certificate();
    trusting.renew();
    let began = Instant::now();
    child.signal(Signal::HUP);
    until("a client has the new one", || certificate() != before);
    began.elapsed()
}
