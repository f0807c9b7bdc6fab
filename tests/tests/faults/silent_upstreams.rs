//! Handlers that wait for others than their clients, and keep-alive clients between two requests.

use socketserver::create_connection;

use crate::prelude::*;

const DEADLINE_OF_REQUESTS: Duration = Duration::from_secs(1);
const IDLE: usize = 100;

/// Answers each request, and waits for an upstream if the request names one.
fn gateway(request: &Socket, server: &ServerRef<Function>) -> io::Result<()> {
    while server.next_request(request)? {
        let data = request.recv(64)?;
        if data.is_empty() {
            break;
        }
        if let Some(upstream) = data.strip_prefix(b"ask ") {
            let upstream = String::from_utf8_lossy(upstream).into_owned();
            create_connection(&upstream, None)?.recv(1)?;
        }
        request.sendall(&data)?;
    }
    Ok(())
}

/// With an argument, requests have a deadline.
pub(crate) fn server(column: Column, arguments: &[String]) {
    let state = Function::new(gateway);
    let builder = Builder::<_, _, Call, _>::new(Tcp::new(), column.concurrency(), state);
    match arguments {
        [] => serve_well(builder),
        _ => serve_well(builder.deadline(DEADLINE_OF_REQUESTS)),
    }
}

pub(crate) fn clients(trial: &mut Trial) {
    silent_upstreams(trial);
    idle_clients(trial);
}

fn silent_upstreams(trial: &mut Trial) {
    let count = trial.size(20, 1_000);
    let upstream = TcpListener::bind(LOCAL).expect("bind");
    let ask = format!("ask {}", upstream.local_addr().expect("a name"));
    let (child, before) = trial.begin(&["deadline"], echo_one);
    let mut clients = Client::streams(count, child.address());
    let began = Instant::now();
    clients.iter_mut().for_each(|client| client.send(&ask));
    let answers = clients.iter_mut().map(Client::rest);
    let unanswered = answers.filter(Vec::is_empty).count();
    let took = began.elapsed();
    trial.check(
        "each request ends at its deadline, though its upstream never answers",
        format!("{unanswered} of {count} in {} of 1 s", brief(took)),
        unanswered == count && took < trial.limit(DEADLINE_OF_REQUESTS * 2),
    );
    drop(clients);
    trial.end(child, before, echo_one);
}

fn idle_clients(trial: &mut Trial) {
    let child = trial.start(&[]);
    let mut clients = Client::streams(IDLE, child.address());
    for client in &mut clients {
        assert_eq!(client.ask("hello"), b"hello");
    }
    let ended = child.end();
    trial.within("the server ends", Duration::from_millis(100), ended.took());
    trial.all("each idle connection ends well", ended.number("finished"), IDLE as u64);
    trial.books(&ended);
}
