//! Tries every fault in every column, some at a time, and tells the figures.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use parking_lot::Mutex;
use tests::{Arguments, panic_message, raise_descriptor_limit};

use crate::column::Column;
use crate::fault::Fault;
use crate::figure::{Figure, Outcome, tables};
use crate::serve;
use crate::trial::Trial;

/// Several small ones at a time, since they mostly wait. A full one has the machine to itself.
const THREADS: usize = 4;

pub(crate) fn main(faults: &'static [Fault]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, name, column, rest @ ..] = &arguments[..]
        && word == serve::SERVE
    {
        let mut named = faults.iter().filter(|fault| fault.name == name);
        let fault = named.next().expect("the name of a fault");
        serve::prepare();
        (fault.server)(Column::named(column), rest);
        return ExitCode::SUCCESS;
    }
    raise_descriptor_limit().expect("setrlimit");
    let says = |word: &str| arguments.iter().any(|argument| argument == word);
    let (full, wants_tables) = (says("--full"), says("--table"));
    let options = Arguments::read(arguments);
    let all: Vec<(&'static Fault, Column)> = faults
        .iter()
        .flat_map(|fault| fault.columns.iter().map(move |column| (fault, *column)))
        .collect();
    let chosen: Vec<_> = all
        .iter()
        .copied()
        .filter(|(fault, column)| options.chooses(&name(fault, *column)))
        .collect();
    if options.list {
        for (fault, column) in chosen {
            println!("{}: test", name(fault, column));
        }
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", chosen.len());
    let began = Instant::now();
    let threads = options.threads.unwrap_or(if full { 1 } else { THREADS });
    let figures = try_all(&chosen, full, threads);
    if wants_tables {
        println!("\n{}", tables(&figures.concat()));
    }
    let failed = figures.iter().filter(|figures| has_failed(figures)).count();
    println!(
        "\ntest result: {}. {} passed; {failed} failed; 0 ignored; 0 measured; {} filtered out; \
         finished in {:.2}s\n",
        if failed == 0 { "ok" } else { "FAILED" },
        chosen.len() - failed,
        all.len() - chosen.len(),
        began.elapsed().as_secs_f64(),
    );
    ExitCode::from(if failed == 0 { 0 } else { 101 })
}

fn name(fault: &Fault, column: Column) -> String {
    format!("{}::{column}", fault.name)
}

fn has_failed(figures: &[Figure]) -> bool {
    figures
        .iter()
        .any(|figure| figure.outcome == Outcome::Failed)
}

/// The figures of each trial, in the order of the trials.
fn try_all(trials: &[(&'static Fault, Column)], full: bool, threads: usize) -> Vec<Vec<Figure>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Relaxed);
                    let Some((fault, column)) = trials.get(place).copied() else {
                        return;
                    };
                    let began = Instant::now();
                    let figures = try_one(Trial::new(fault, column, full));
                    let mut done = done.lock();
                    for figure in &figures {
                        println!("{figure}");
                    }
                    let word = if has_failed(&figures) { "FAILED" } else { "ok" };
                    let took = began.elapsed().as_secs_f64();
                    println!("test {} ... {word} <{took:.1}s>", name(fault, column));
                    done.push((place, figures));
                }
            });
        }
    });
    let mut done = done.into_inner();
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, figures)| figures).collect()
}

fn try_one(mut trial: Trial) -> Vec<Figure> {
    let clients = trial.fault().clients;
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| clients(&mut trial))) {
        trial.check("the trial comes to its end", panic_message(payload), false);
    }
    trial.into_figures()
}
