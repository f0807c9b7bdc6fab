//! The command line of a test program that has a harness of its own.

use std::thread;

/// What `cargo test -- …` may say.
#[derive(Debug)]
pub struct Arguments {
    filters: Vec<String>,
    skips: Vec<String>,
    exact: bool,
    /// Only the names are wanted.
    pub list: bool,
    /// What tests write is shown only when they fail.
    pub capture: bool,
    /// How many tests may run at the same time, if that was said.
    pub threads: Option<usize>,
}

impl Arguments {
    /// Reads the arguments after the program's name. What the standard harness knows beside these
    /// is passed over, and so is any other option.
    ///
    /// # Panics
    /// When the number of threads is none.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Self {
        let mut read = Arguments {
            filters: Vec::new(),
            skips: Vec::new(),
            exact: false,
            list: false,
            capture: true,
            threads: None,
        };
        let all: Vec<String> = arguments.into_iter().collect();
        let mut arguments = all.iter().flat_map(|argument| argument.splitn(2, '='));
        while let Some(argument) = arguments.next() {
            match argument {
                "--exact" => read.exact = true,
                "--list" => read.list = true,
                "--nocapture" | "--no-capture" => read.capture = false,
                "--skip" => read.skips.extend(arguments.next().map(str::to_owned)),
                "--test-threads" => {
                    let number = arguments.next().and_then(|number| number.parse().ok());
                    read.threads = Some(number.expect("--test-threads takes a number"));
                }
                "--color" | "--format" | "--logfile" | "-Z" => drop(arguments.next()),
                // They must not be taken for filters.
                _ if argument.starts_with('-') => {}
                filter => read.filters.push(filter.to_owned()),
            }
        }
        read
    }

    /// [`threads`](Self::threads), or as many as there are cores.
    pub fn threads_or_cores(&self) -> usize {
        self.threads
            .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
    }

    /// Whether the test of that name is to run.
    pub fn chooses(&self, name: &str) -> bool {
        let fits = |pattern: &String| match self.exact {
            true => name == pattern,
            false => name.contains(pattern.as_str()),
        };
        (self.filters.is_empty() || self.filters.iter().any(fits)) && !self.skips.iter().any(fits)
    }
}
