//! Clients that talk.

use tests::prelude::*;

use super::Pair;
use crate::rounds::Scenario;
use crate::rounds::results::{Figure, Sample};

/// A server with its clients, and the processor time that it had used before the first turn.
struct Talk {
    pair: Pair,
    before: Duration,
}

/// The servers take many short turns. If a server works during the turns of the others, that
/// counts too.
pub(super) fn traffic(
    scenario: &Scenario,
    pairs: impl Iterator<Item = io::Result<Pair>>,
    measured: Duration,
) -> Vec<io::Result<Sample>> {
    let turn = scenario.turn();
    let mut talks: Vec<_> = pairs.map(|pair| warmed_up(pair?, turn / 2)).collect();
    for _ in 0..measured.as_nanos().div_ceil(turn.as_nanos()) {
        for talk in &mut talks {
            if let Ok(Talk { pair, .. }) = talk
                && let Err(error) = pair.talkers.turn(turn)
            {
                *talk = Err(error);
            }
        }
    }
    talks.into_iter().map(|talk| finish(scenario, talk?)).collect()
}

/// After some messages that do not count.
fn warmed_up(mut pair: Pair, time: Duration) -> io::Result<Talk> {
    pair.talkers.turn(time)?;
    pair.talkers.forget()?;
    let before = pair.server.usage()?.cpu_time();
    Ok(Talk { pair, before })
}

fn finish(scenario: &Scenario, talk: Talk) -> io::Result<Sample> {
    let Talk { mut pair, before } = talk;
    let cpu_time = pair.server.usage()?.cpu_time().saturating_sub(before);
    let answers = pair.talkers.answers()?;
    let mut sample = Sample::from([
        (Figure::Rate, answers.count as f64 / answers.took),
        (Figure::P50, answers.p50),
        (Figure::P99, answers.p99),
        (Figure::P999, answers.p999),
    ]);
    // Other clients' messages take processor time too.
    if scenario.plan().groups.iter().all(|group| group.measured) {
        sample.insert(Figure::Cpu, cpu_time.as_secs_f64() * 1e6 / answers.count as f64);
    }
    Ok(sample)
}
