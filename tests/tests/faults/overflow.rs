//! More clients connect than can be served: they wait, or are refused.

use crate::prelude::*;

pub(crate) fn clients(trial: &mut Trial) {
    let count = trial.size(300, 5_000);
    waiting(trial, count);
    refusing(trial, count);
}

const AT_A_TIME: usize = 64;
const SERVED: usize = 4;
const QUEUE: u32 = 16;

/// The argument is "wait" or "refuse". The handler takes a moment for each request.
pub(crate) fn server(column: Column, policy: &[String]) {
    let (queue, overflow) = match &*policy[0] {
        "wait" => (QUEUE, Overflow::Wait),
        _ => (4096, Overflow::Refuse),
    };
    let transport = Tcp::new().request_queue_size(queue);
    let state = Function::new(|request, _| {
        let data = request.recv(100)?;
        green::sleep(Duration::from_millis(1));
        request.sendall(&data)
    });
    let builder = Builder::<_, _, Call, _>::new(transport, column.at_most(SERVED), state);
    serve(&bind(builder.overflow(overflow)), DRAIN).expect("serve_forever");
}

/// Clients wait in the backlog. If it is full, the system of the client tries again.
fn waiting(trial: &mut Trial, count: usize) {
    let (child, before) = trial.begin(&["wait"], echo_one);
    // It tries again after a second, then after two, four and eight.
    let at_a_time = trial.size(24, AT_A_TIME);
    crowd(at_a_time, count, |_| echo_one(child.address()));
    let finished = trial.end(child, before, echo_one).number("finished") - 2;
    trial.all("with a backlog of 16, every client is served in the end", finished, count as u64);
}

fn refusing(trial: &mut Trial, mut count: usize) {
    let (child, before) = trial.begin(&["refuse"], echo_one);
    let refused = crowd(AT_A_TIME, count, |_| ask(child.address()));
    let mut refused: Vec<Duration> = refused.into_iter().flatten().collect();
    // A request ends a moment after its connection.
    until("a client is served again", || {
        if !child.holdings().no_more_than(&before) {
            return false;
        }
        count += 1;
        let answer = ask(child.address());
        refused.extend(answer);
        answer.is_none()
    });
    let seen = refused.len() as u64;
    let ended = trial.end(child, before, echo_one);
    let (finished, counted) = (ended.number("finished") - 2, ended.number("refused"));
    trial.check(
        "with `Overflow::Refuse`, accepted = served + refused",
        format!("{count} = {finished} + {counted}"),
        finished + counted == count as u64 && seen == counted,
    );
    if !refused.is_empty() {
        let bar = "p99 until a refused client sees the refusal";
        trial.within(bar, Duration::from_millis(100), Times::new(refused).p99());
    }
}

/// Returns `None` if it is served, or the time until it sees the refusal.
fn ask(address: &Address) -> Option<Duration> {
    let mut client = Client::stream(address);
    let began = Instant::now();
    // A refused client sees an end or a reset, at either call.
    let sent = client.write_all(b"hello");
    let mut reply = Vec::new();
    let end = sent.and_then(|()| client.read_to_end(&mut reply));
    if end.is_ok() && reply == b"hello" {
        return None;
    }
    assert!(reply.is_empty(), "{reply:?}");
    Some(began.elapsed())
}
