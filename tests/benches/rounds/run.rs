//! The program, in the role of its arguments; and the rounds.

use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use tests::prelude::*;

use crate::contestant;
use crate::rounds::Scenario;
use crate::rounds::load;
use crate::rounds::measure::sample;
use crate::rounds::options::{Options, Task, usage};
use crate::rounds::process::{self, Moment, description};
use crate::rounds::results::{self, Results, Table};
use crate::scenario;

pub(crate) fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(process::SERVE) => return Ok(as_child(process::serve(&arguments[1..]))),
        Some(process::TALK) => return Ok(as_child(load::talk(&arguments[1..]))),
        // `cargo test --all-targets` runs this program too, but measures nothing.
        _ if !arguments.iter().any(|argument| argument == "--bench") => {
            println!("{}", usage());
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    match Options::parse(arguments) {
        Ok(options) => run(&options).map(|()| ExitCode::SUCCESS),
        Err(message) => {
            eprintln!("error: {message}\n{}", usage());
            Ok(ExitCode::from(2))
        }
    }
}

/// The parent reads the error of a server or of its clients instead of their next line.
fn as_child(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{}{error}", process::FAILED);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
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
