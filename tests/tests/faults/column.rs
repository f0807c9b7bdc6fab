//! The concurrencies, chosen at run time.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use socketserver::{Concurrency, Forking, Green, Inline, Job, Rejected, Threading, Waker, Workers};

/// A concurrency: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Inline,
    Threading,
    Forking,
    Green,
}

use Column::{Forking as Processes, Green as GreenThreads, Inline as Loop, Threading as Threads};

/// How long an idle thread is kept: short, so that a test sees its end.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_millis(100);

impl Column {
    pub(crate) const ALL: &[Column] = &[Loop, Threads, Processes, GreenThreads];
    /// Those that serve several clients at the same time.
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

    /// The concurrency with default options.
    pub(crate) fn concurrency(self) -> Chosen {
        match self {
            Loop => Chosen::new(Inline),
            Threads => Chosen::new(Threading::new().keep_alive(KEEP_ALIVE)),
            Processes => Chosen::new(Forking::new()),
            GreenThreads => Chosen::new(Green::new()),
        }
    }

    /// The concurrency with that limit of live requests.
    pub(crate) fn at_most(self, most: usize) -> Chosen {
        match self {
            Loop => Chosen::new(Inline),
            Threads => Chosen::new(Threading::new().max_threads(most).keep_alive(KEEP_ALIVE)),
            Processes => Chosen::new(Forking::new().max_children(most)),
            GreenThreads => Chosen::new(Green::new().max_green_threads(most)),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Any of the concurrencies, so that the server of a fault is written once.
pub(crate) struct Chosen(Box<dyn Concurrency>);

impl Chosen {
    fn new(concurrency: impl Concurrency) -> Self {
        Chosen(Box::new(concurrency))
    }
}

impl Concurrency for Chosen {
    fn attach(&self, waker: &Waker) -> io::Result<()> {
        self.0.attach(waker)
    }

    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        self.0.process_request(job)
    }

    fn full(&self) -> bool {
        self.0.full()
    }

    fn service_actions(&self) -> Option<Instant> {
        self.0.service_actions()
    }

    fn workers(&self) -> Workers {
        self.0.workers()
    }

    fn runs_on_loop(&self) -> bool {
        self.0.runs_on_loop()
    }

    fn waits_on_close(&self) -> bool {
        self.0.waits_on_close()
    }

    fn server_close(&self, deadline: Option<Instant>) {
        self.0.server_close(deadline);
    }
}
