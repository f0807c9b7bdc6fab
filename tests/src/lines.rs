//! The log, line by line.

use log::{Level, Log, Metadata, Record};

use crate::prelude::*;

/// Keeps the lines that are logged in this process.
#[derive(Debug)]
pub struct LogLines(Mutex<Vec<(Level, String)>>);

static LINES: LogLines = LogLines(Mutex::new(Vec::new()));

/// From now on this process keeps its log, down to this level.
pub fn keep_lines(most: LevelFilter) -> &'static LogLines {
    // It may be there already.
    let _ = log::set_logger(&LINES);
    log::set_max_level(most.max(log::max_level()));
    &LINES
}

/// Calls `log` with each record of this process, down to this level.
pub fn log_by(most: LevelFilter, log: impl Fn(&Record<'_>) + Send + Sync + 'static) {
    struct By<F>(F);
    impl<F: Fn(&Record<'_>) + Send + Sync> Log for By<F> {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            (self.0)(record);
        }
        fn flush(&self) {}
    }
    log::set_boxed_logger(Box::new(By(log))).expect("the only logger");
    log::set_max_level(most);
}

impl LogLines {
    /// The lines that contain `text`, each as "target: text".
    pub fn about(&self, text: &str) -> Vec<(Level, String)> {
        let lines = self.0.lock();
        lines.iter().filter(|(_, line)| line.contains(text)).cloned().collect()
    }
}

impl Log for LogLines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{}: {}", record.target(), record.args());
        self.0.lock().push((record.level(), line));
    }

    fn flush(&self) {}
}
