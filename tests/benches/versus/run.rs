//! The rounds.

use indicatif::{ProgressBar, ProgressStyle};
use tests::prelude::*;

use crate::contestant::{self, Contestant};
use crate::options::{Options, Task};
use crate::process::{Cores, Moment, Server, Talkers, description};
use crate::results::{self, Figure, Results, Sample, Table};
use crate::scenario::{self, Measure, Scenario};

pub(crate) fn run(options: &Options) -> io::Result<()> {
    match &options.task {
        Task::List => list(),
        Task::Docs => results::write_docs(&Results::read(options.figures())?)?,
        Task::Measure => {
            let results = measure(options)?;
            print!("{results}");
            if let Some(out) = &options.out {
                results.write(out)?;
                results::draw(&results, out)?;
                println!("\nfigures and plots: {}", out.display());
            }
        }
    }
    Ok(())
}

fn list() {
    println!("scenarios:");
    for scenario in scenario::all() {
        let Scenario { name, title, cores, .. } = scenario;
        println!("  {name:24}{title} ({})", cores.text());
    }
    println!("\ncontestants:");
    for contestant in contestant::ALL {
        let missing = contestant.find().err().map(|missing| format!(" (skipped: {missing})"));
        let missing = missing.unwrap_or_default();
        println!("  {:24}{}{missing}", contestant.name, contestant.about);
    }
}

fn measure(options: &Options) -> io::Result<Results> {
    // The clients are as many as the descriptors allow.
    raise_descriptor_limit()?;
    let mut results = Results { machine: description()?, ..Results::default() };
    let (found, missing): (Vec<_>, Vec<_>) =
        options.contestants.iter().map(|one| (*one, one.find())).partition(|(_, f)| f.is_ok());
    for (contestant, missing) in missing {
        let reason = missing.expect_err("those that were found are elsewhere");
        println!("{} is skipped: {reason}", contestant.name);
    }
    let mut work = Vec::new();
    for scenario in &options.scenarios {
        let able = found.iter().map(|(one, _)| *one).filter(|one| scenario.admits(one));
        let able: Vec<_> = able.collect();
        results.tables.push(Table::new(scenario, &able));
        work.push((*scenario, able));
    }
    let (began, start) = (Moment::now()?, Instant::now());
    let rounds = |scenario: &Scenario| options.rounds.min(scenario.most_rounds);
    let steps: usize = work.iter().map(|(scenario, able)| rounds(scenario) * able.len()).sum();
    let progress = progress_bar(steps);
    for round in 0..options.rounds {
        for ((scenario, able), table) in work.iter().zip(&mut results.tables) {
            if round < rounds(scenario) {
                progress.set_message(format!("round {} {}", round + 1, scenario.name));
                let samples = sample(scenario, able, options);
                table.add(samples);
                progress.inc(able.len() as u64);
            }
        }
    }
    progress.finish_and_clear();
    results.rounds = options.rounds;
    results.took = start.elapsed().as_secs();
    results.others = began.report()?;
    results.tables.extend(results.ratios());
    Ok(results)
}

fn progress_bar(steps: usize) -> ProgressBar {
    let template = "{bar:30} {pos}/{len} {msg} ({elapsed}, {eta} to go)";
    let style = ProgressStyle::with_template(template).expect("a template");
    ProgressBar::new(steps as u64).with_style(style)
}

/// One round of a scenario: a sample of each contestant, or why there is none.
fn sample(
    scenario: &Scenario,
    contestants: &[&Contestant],
    options: &Options,
) -> Vec<io::Result<Sample>> {
    match scenario.measure {
        Measure::Traffic { .. } => traffic(scenario, contestants, options.measured),
        Measure::Memory { connections } => {
            contestants.iter().map(|one| memory(scenario, one, connections)).collect()
        }
        Measure::Stillness => stillness(scenario, contestants, options.watched),
    }
}

/// A server with its clients. The server ends first, so that it does not complain about them.
struct Pair {
    server: Server,
    talkers: Talkers,
}

impl Pair {
    fn start(scenario: &Scenario, contestant: &Contestant) -> io::Result<Self> {
        let server = Server::start(contestant, scenario.network, scenario.cores)?;
        let talkers = Talkers::start(&scenario.plan(), server.address(), scenario.cores)?;
        Ok(Pair { server, talkers })
    }
}

/// The servers take many short turns. Work that one does during the turns of the others counts too.
fn traffic(
    scenario: &Scenario,
    contestants: &[&Contestant],
    measured: Duration,
) -> Vec<io::Result<Sample>> {
    let turn = scenario.turn().min(measured.max(scenario.turn() / 2));
    let turns = measured.as_nanos().div_ceil(turn.as_nanos());
    let mut pairs: Vec<_> = contestants
        .iter()
        .map(|contestant| {
            let mut pair = Pair::start(scenario, contestant)?;
            pair.talkers.turn(turn / 2)?;
            pair.talkers.forget()?;
            let before = pair.server.usage()?.cpu_time();
            Ok((pair, before))
        })
        .collect();
    for _ in 0..turns {
        for place in &mut pairs {
            if let Ok((pair, _)) = place
                && let Err(error) = pair.talkers.turn(turn)
            {
                *place = Err(error);
            }
        }
    }
    let finish = |(mut pair, before): (Pair, Duration)| {
        let cpu_time = pair.server.usage()?.cpu_time() - before;
        let answers = pair.talkers.answers()?;
        let mut sample = Sample::from([
            (Figure::Rate, answers.count as f64 / answers.took),
            (Figure::P50, answers.p50),
            (Figure::P99, answers.p99),
            (Figure::P999, answers.p999),
        ]);
        // Without messages that are not measured.
        if scenario.plan().groups.iter().all(|group| group.measured) {
            sample.insert(Figure::Cpu, cpu_time.as_secs_f64() * 1e6 / answers.count as f64);
        }
        Ok(sample)
    };
    pairs.into_iter().map(|pair| pair.and_then(finish)).collect()
}

/// The memory of each silent connection.
fn memory(scenario: &Scenario, contestant: &Contestant, connections: usize) -> io::Result<Sample> {
    let server = Server::start(contestant, scenario.network, scenario.cores)?;
    // The first connection makes the server allocate what it needs only once.
    let mut first = scenario.plan();
    first.groups[0].clients = 1;
    first.threads = 1;
    let _first = Talkers::start(&first, server.address(), Cores::Shared)?;
    let before = server.usage()?.memory();
    let _talkers = Talkers::start(&scenario.plan(), server.address(), Cores::Shared)?;
    let grown = server.usage()?.memory().saturating_sub(before);
    Ok(Sample::from([(Figure::Memory, grown as f64 / connections as f64)]))
}

/// What each server does while nothing happens, after one connection has come and gone.
fn stillness(
    scenario: &Scenario,
    contestants: &[&Contestant],
    watched: Duration,
) -> Vec<io::Result<Sample>> {
    let start = |contestant: &&Contestant| {
        let Pair { server, talkers } = Pair::start(scenario, contestant)?;
        drop(talkers);
        Ok((server, contestant.stops))
    };
    let servers: Vec<io::Result<_>> = contestants.iter().map(start).collect();
    // The connections' ends.
    thread::sleep(watched / 10);
    let wakes = |server: &Server| server.usage().map(|usage| usage.wakes());
    let before: Vec<io::Result<_>> = servers
        .into_iter()
        .map(|server| server.and_then(|(server, stops)| Ok((wakes(&server)?, server, stops))))
        .collect();
    thread::sleep(watched);
    let finish = |(before, server, stops): (u64, Server, bool)| {
        let woken = wakes(&server)?.saturating_sub(before);
        let mut sample = Sample::from([(Figure::Wakes, woken as f64)]);
        if stops {
            sample.insert(Figure::Stop, server.stop()?.as_secs_f64() * 1e3);
        }
        Ok(sample)
    };
    before.into_iter().map(|server| server.and_then(finish)).collect()
}
