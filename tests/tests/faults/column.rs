//! The concurrencies, chosen at run time.

use tests::prelude::*;

/// A concurrency: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Inline,
    Threading,
    Forking,
    Green,
}

/// Any of the concurrencies, so that the server of a fault is written once.
pub(crate) type Chosen = Box<dyn Concurrency>;

/// How long an idle thread is kept: short, so that a test sees its end.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_millis(100);

impl Column {
    pub(crate) const ALL: &[Self] = &[Self::Inline, Self::Threading, Self::Forking, Self::Green];
    /// Those that serve several clients at the same time.
    pub(crate) const CONCURRENT: &[Self] = &[Self::Threading, Self::Forking, Self::Green];

    pub(crate) fn named(name: &str) -> Self {
        let mut all = Self::ALL.iter().copied();
        let column = all.find(|column| column.to_string() == name);
        column.expect("the name of a column")
    }

    pub(crate) fn concurrency(self) -> Chosen {
        self.limited(None)
    }

    pub(crate) fn at_most(self, most: usize) -> Chosen {
        self.limited(Some(most))
    }

    fn limited(self, most: Option<usize>) -> Chosen {
        let threading = Threading::new().keep_alive(KEEP_ALIVE);
        match (self, most) {
            (Self::Inline, _) => Box::new(Inline),
            (Self::Threading, None) => Box::new(threading),
            (Self::Threading, Some(most)) => Box::new(threading.max_threads(most)),
            (Self::Forking, None) => Box::new(Forking::new()),
            (Self::Forking, Some(most)) => Box::new(Forking::new().max_children(most)),
            (Self::Green, None) => Box::new(Green::new()),
            (Self::Green, Some(most)) => Box::new(Green::new().max_green_threads(most)),
        }
    }
}

impl Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}").to_lowercase())
    }
}
