//! The rounds.

use indicatif::{ProgressBar, ProgressStyle};
use tests::prelude::*;

use crate::contestant;
use crate::measure::sample;
use crate::options::{Options, Task};
use crate::process::{Moment, description};
use crate::results::{self, Results, Table};
use crate::scenario::{self, Scenario};

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
