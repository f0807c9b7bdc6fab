//! The command line.

use tests::prelude::*;

use crate::bench::NAME;
use crate::contestant;
use crate::rounds::Contestant;
use crate::rounds::Scenario;
use crate::scenario;

const USAGE: &str = "\
usage: cargo bench -p tests --bench NAME -- [OPTIONS]

    --quick          fewer scenarios and rounds, in less than a minute
    --rounds N       rounds of each scenario (7)
    --scenario A,B   scenarios whose names begin so
    --server A,B     these contestants
    --out DIR        where figures and plots are written; without it only by a full run,
                     to socketserver/docs/bench
    --docs           make the tables of the documentation from the last full run; no new run
    --list           show scenarios and contestants";

pub(crate) fn usage() -> String {
    USAGE.replace("NAME", NAME)
}

/// The folder of the figures that the documentation shows.
const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../socketserver/docs/bench");

/// What a run does.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) task: Task,
    pub(crate) rounds: usize,
    /// How long each server talks in a round.
    pub(crate) measured: Duration,
    /// How long a server with nothing to do is watched.
    pub(crate) watched: Duration,
    pub(crate) scenarios: Vec<&'static Scenario>,
    pub(crate) contestants: Vec<&'static Contestant>,
    /// Where figures and plots are written.
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Task {
    #[default]
    Measure,
    List,
    /// Make the tables of the documentation.
    Docs,
}

/// The arguments that were given.
#[derive(Default)]
struct Given {
    task: Task,
    quick: bool,
    rounds: Option<usize>,
    scenarios: Option<Vec<&'static Scenario>>,
    contestants: Option<Vec<&'static Contestant>>,
    out: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(arguments: Vec<String>) -> Result<Self, String> {
        let mut given = Given::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            given.add(&argument, &mut arguments)?;
        }
        Ok(given.options())
    }

    /// The folder of the last full run.
    pub(crate) fn figures(&self) -> &Path {
        self.out.as_deref().unwrap_or(Path::new(FIGURES))
    }
}

impl Given {
    fn add(
        &mut self,
        argument: &str,
        rest: &mut impl Iterator<Item = String>,
    ) -> Result<(), String> {
        let mut value = || rest.next().ok_or(format!("{argument}: expected a value"));
        match argument {
            "--bench" => {}
            "--quick" => self.quick = true,
            "--docs" => self.task = Task::Docs,
            "--list" => self.task = Task::List,
            "--out" => self.out = Some(value()?.into()),
            "--rounds" => {
                let number = value()?.parse().ok().filter(|number| *number > 0);
                self.rounds = Some(number.ok_or("--rounds: expected a number above 0")?);
            }
            "--scenario" => {
                self.scenarios = Some(chosen(&scenario::all(), &value()?, |one| one.name)?);
            }
            "--server" => {
                self.contestants = Some(chosen(&contestant::ALL, &value()?, |one| one.name)?);
            }
            other => return Err(format!("unexpected argument '{other}'")),
        }
        Ok(())
    }

    fn options(self) -> Options {
        let is_full = !self.quick && self.scenarios.is_none() && self.contestants.is_none();
        let (rounds, measured, watched) =
            if self.quick { (3, 100, 1_000) } else { (7, 300, 10_000) };
        let all = || {
            let all = scenario::all().into_iter();
            all.filter(|scenario| scenario.quick || !self.quick).collect()
        };
        Options {
            task: self.task,
            rounds: self.rounds.unwrap_or(rounds),
            measured: Duration::from_millis(measured),
            watched: Duration::from_millis(watched),
            scenarios: self.scenarios.unwrap_or_else(all),
            contestants: self.contestants.unwrap_or(contestant::ALL.to_vec()),
            out: self.out.or(is_full.then(|| FIGURES.into())),
        }
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
