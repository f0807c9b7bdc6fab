//! The kinds of concurrency, chosen at run time.

use std::fmt;
use std::time::Duration;

use socketserver::{Concurrency, Forking, Green, Inline, Threading};

/// A kind of concurrency: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Inline,
    Threading,
    Forking,
    Green,
}

use Column::{Forking as Processes, Green as GreenThreads, Inline as Loop, Threading as Threads};

/// So long a thread that has nothing to do is kept: short, so that a test sees it go.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_millis(100);

impl Column {
    pub(crate) const ALL: &[Column] = &[Loop, Threads, Processes, GreenThreads];
    /// Those that serve several clients at a time.
    pub(crate) const CONCURRENT: &[Column] = &[Threads, Processes, GreenThreads];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Loop => "inline",
            Threads => "threading",
            Processes => "forking",
            GreenThreads => "green",
        }
    }

    pub(crate) fn named(name: &str) -> Column {
        let all = Column::ALL.iter().copied();
        let mut fitting = all.filter(|column| column.name() == name);
        fitting.next().expect("the name of a column")
    }

    /// The concurrency with its defaults.
    pub(crate) fn concurrency(self) -> Chosen {
        match self {
            Loop => Box::new(Inline),
            Threads => Box::new(Threading::new().keep_alive(KEEP_ALIVE)),
            Processes => Box::new(Forking::new()),
            GreenThreads => Box::new(Green::new()),
        }
    }

    /// The concurrency with at most so many requests at a time.
    pub(crate) fn at_most(self, most: usize) -> Chosen {
        match self {
            Loop => Box::new(Inline),
            Threads => Box::new(Threading::new().max_threads(most).keep_alive(KEEP_ALIVE)),
            Processes => Box::new(Forking::new().max_children(most)),
            GreenThreads => Box::new(Green::new().max_green_threads(most)),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A concurrency of any kind, so that a fault's server is written once.
pub(crate) type Chosen = Box<dyn Concurrency>;
