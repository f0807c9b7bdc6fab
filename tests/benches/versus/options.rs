//! The command line.

use tests::prelude::*;

use crate::contestant::{self, Contestant};
use crate::scenario::{self, Scenario};

pub(crate) const USAGE: &str = "\
usage: cargo bench -p tests --bench versus -- [OPTIONS]

    --quick          fewer scenarios and rounds, in less than a minute
    --rounds N       rounds of each scenario (7)
    --scenario A,B   scenarios whose names begin so
    --server A,B     these contestants
    --out DIR        where figures and plots are written; without it only by a full run,
                     to socketserver/docs/bench
    --docs           make the tables of the documentation from the last full run; no new run
    --list           show scenarios and contestants";

/// The folder of the figures that the documentation shows.
const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../socketserver/docs/bench");

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    /// How long each server talks in a round.
    pub(crate) measured: Duration,
    /// How long a server with nothing to do is watched.
    pub(crate) watched: Duration,
    pub(crate) scenarios: Vec<&'static Scenario>,
    pub(crate) contestants: Vec<&'static Contestant>,
    /// Where figures and plots are written.
    pub(crate) out: Option<PathBuf>,
    pub(crate) task: Task,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Measure,
    List,
    /// Make the tables of the documentation.
    Docs,
}

impl Options {
    pub(crate) fn parse(arguments: Vec<String>) -> Result<Self, String> {
        let mut options = Options {
            rounds: 7,
            measured: Duration::from_millis(350),
            watched: Duration::from_secs(10),
            scenarios: scenario::all(),
            contestants: contestant::ALL.to_vec(),
            out: Some(FIGURES.into()),
            task: Task::Measure,
        };
        let mut rounds = None;
        let mut scenarios = None;
        let mut out = None;
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument}: expected a value"));
            match argument.as_str() {
                "--bench" => {}
                "--quick" => options.be_quick(),
                "--rounds" => {
                    let number = value()?.parse().ok().filter(|number| *number > 0_usize);
                    rounds = Some(number.ok_or("--rounds: expected a number above 0")?);
                }
                "--scenario" => {
                    let all = scenario::all();
                    scenarios = Some(chosen(&all, &value()?, |scenario| scenario.name)?);
                    options.out = None;
                }
                "--server" => {
                    let all = &options.contestants;
                    options.contestants = chosen(all, &value()?, |server| server.name)?;
                    options.out = None;
                }
                "--out" => out = Some(value()?.into()),
                "--docs" => options.task = Task::Docs,
                "--list" => options.task = Task::List,
                other => return Err(format!("unexpected argument '{other}'")),
            }
        }
        options.rounds = rounds.unwrap_or(options.rounds);
        options.scenarios = scenarios.unwrap_or(options.scenarios);
        options.out = out.or(options.out);
        Ok(options)
    }

    /// The folder of the last full run.
    pub(crate) fn figures(&self) -> &Path {
        self.out.as_deref().unwrap_or(Path::new(FIGURES))
    }

    fn be_quick(&mut self) {
        self.rounds = 3;
        self.measured = Duration::from_millis(100);
        self.watched = Duration::from_secs(1);
        self.scenarios.retain(|scenario| scenario.quick);
        self.out = None;
    }
}

/// Those with one of these names, or whose names begin so.
fn chosen<T: Copy>(all: &[T], words: &str, name: impl Fn(&T) -> &str) -> Result<Vec<T>, String> {
    let mut names = HashSet::new();
    for word in words.split(',') {
        let exact = all.iter().map(&name).filter(|name| *name == word);
        let mut found: Vec<_> = exact.collect();
        if found.is_empty() {
            found.extend(all.iter().map(&name).filter(|name| name.starts_with(word)));
        }
        if found.is_empty() {
            return Err(format!("expected a name of --list, got '{word}'"));
        }
        names.extend(found);
    }
    Ok(all.iter().filter(|one| names.contains(name(one))).copied().collect())
}
