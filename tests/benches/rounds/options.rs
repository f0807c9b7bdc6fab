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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Measure,
    List,
    /// Make the tables of the documentation.
    Docs,
}

impl Options {
    pub(crate) fn parse(arguments: Vec<String>) -> Result<Self, String> {
        let quick = arguments.iter().any(|argument| argument == "--quick");
        let mut is_full = !quick;
        let mut options = Options::unless_given(quick);
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument}: expected a value"));
            match argument.as_str() {
                "--bench" | "--quick" => {}
                "--docs" => options.task = Task::Docs,
                "--list" => options.task = Task::List,
                "--out" => options.out = Some(value()?.into()),
                "--rounds" => {
                    let number = value()?.parse().ok().filter(|number| *number > 0);
                    options.rounds = number.ok_or("--rounds: expected a number above 0")?;
                }
                "--scenario" => {
                    options.scenarios = chosen(&scenario::all(), &value()?, |one| one.name)?;
                    is_full = false;
                }
                "--server" => {
                    options.contestants = chosen(&contestant::ALL, &value()?, |one| one.name)?;
                    is_full = false;
                }
                other => return Err(format!("unexpected argument '{other}'")),
            }
        }
        if is_full {
            options.out.get_or_insert_with(|| FIGURES.into());
        }
        Ok(options)
    }

    fn unless_given(quick: bool) -> Self {
        let (rounds, measured, watched) = if quick { (3, 100, 1_000) } else { (7, 300, 10_000) };
        let all = scenario::all().into_iter();
        Options {
            task: Task::Measure,
            rounds,
            measured: Duration::from_millis(measured),
            watched: Duration::from_millis(watched),
            scenarios: all.filter(|scenario| scenario.quick || !quick).collect(),
            contestants: contestant::ALL.to_vec(),
            out: None,
        }
    }

    /// The folder of the last full run.
    pub(crate) fn figures(&self) -> &Path {
        self.out.as_deref().unwrap_or(Path::new(FIGURES))
    }
}

/// Those with one of these names, or whose names begin so.
fn chosen<T: Copy>(all: &[T], words: &str, name: impl Fn(&T) -> &str) -> Result<Vec<T>, String> {
    let mut names = HashSet::new();
    for word in words.split(',') {
        let mut found: Vec<_> = all.iter().map(&name).filter(|name| *name == word).collect();
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
