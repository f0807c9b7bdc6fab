//! The tests of this program, most of them once for each concurrency.

use std::env;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use tests::prelude::*;

use crate::site::{SERVE, prepare};

/// How many tests run at the same time: they mostly wait.
const THREADS: usize = 16;

/// A concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Inline,
    Threading,
    Forking,
    Green,
}

impl Column {
    pub(crate) const ALL: [Self; 4] = [Self::Inline, Self::Threading, Self::Forking, Self::Green];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.to_string() == name)
    }

    pub(crate) fn concurrency(self) -> Box<dyn Concurrency> {
        match self {
            Self::Inline => Box::new(Inline),
            Self::Threading => Box::new(Threading::new()),
            Self::Forking => Box::new(Forking::new()),
            Self::Green => Box::new(Green::new()),
        }
    }
}

impl Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}").to_lowercase())
    }
}

pub(crate) enum Run {
    Once(fn()),
    InColumns(fn(Column), &'static [Column]),
}

pub(crate) struct Test {
    pub(crate) path: &'static str,
    pub(crate) run: Run,
}

/// A server that a test starts in another process: its name, and what it does with its arguments.
pub(crate) struct Program {
    pub(crate) path: &'static str,
    pub(crate) serve: fn(Column, &[String]),
}

/// A module's tests: those that run once, those that run in every column, and those that run in
/// the columns with several clients at the same time.
macro_rules! list {
    ($($once:ident),* ; $($each:ident),* ; $($concurrent:ident),* $(;)?) => {
        pub(crate) const TESTS: &[$crate::harness::Test] = &[
            $($crate::harness::Test {
                path: concat!(module_path!(), "::", stringify!($once)),
                run: $crate::harness::Run::Once($once),
            },)*
            $($crate::harness::Test {
                path: concat!(module_path!(), "::", stringify!($each)),
                run: $crate::harness::Run::InColumns($each, &$crate::harness::Column::ALL),
            },)*
            $($crate::harness::Test {
                path: concat!(module_path!(), "::", stringify!($concurrent)),
                run: $crate::harness::Run::InColumns(
                    $concurrent, $crate::harness::Column::ALL.split_at(1).1,
                ),
            },)*
        ];
    };
}
pub(crate) use list;

/// A module's servers.
macro_rules! programs {
    ($($serve:ident),+ $(,)?) => {
        pub(crate) const PROGRAMS: &[$crate::harness::Program] = &[$($crate::harness::Program {
            path: concat!(module_path!(), "::", stringify!($serve)),
            serve: $serve,
        }),+];
    };
}
pub(crate) use programs;

pub(crate) fn main(tests: &[&'static [Test]], programs: &[&'static [Program]]) -> ExitCode {
    let mut given = env::args().skip(1);
    if given.next().as_deref() == Some(SERVE) {
        let (path, column) = (given.next().unwrap_or_default(), given.next().unwrap_or_default());
        let mut all = programs.iter().copied().flatten();
        let program = all.find(|program| program.path == path).expect("a program");
        prepare();
        (program.serve)(Column::named(&column).expect("a column"), &given.collect::<Vec<_>>());
        return ExitCode::SUCCESS;
    }
    let mut options = Arguments::from_args();
    options.test_threads.get_or_insert(THREADS);
    let trials = tests.iter().copied().flatten().flat_map(trials).collect();
    libtest_mimic::run(&options, trials).exit_code()
}

fn trials(test: &'static Test) -> Vec<Trial> {
    let (_, name) = test.path.split_once("::").expect("it is in a module");
    match test.run {
        Run::Once(run) => vec![trial(name.to_owned(), run)],
        Run::InColumns(run, columns) => {
            let each = columns
                .iter()
                .map(|column| trial(format!("{name}::{column}"), move || run(*column)));
            each.collect()
        }
    }
}

fn trial(name: String, run: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        run();
        Ok(())
    })
}
