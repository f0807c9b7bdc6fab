//! A log that checks its lines.

use std::process;
use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};

struct Checking;

impl Log for Checking {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        if line.contains(|char: char| char.is_control() || turns_text(char)) {
            // A panic would be contained, as one of user code.
            eprintln!("a log line with a control character: {line:?}");
            process::abort();
        }
    }

    fn flush(&self) {}
}

/// Whether this mark changes the direction of the text after it.
fn turns_text(char: char) -> bool {
    matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// From here on a log line with a control character ends the process.
pub(crate) fn check_log_lines() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if log::set_logger(&Checking).is_ok() {
            log::set_max_level(LevelFilter::Debug);
        }
    });
}
