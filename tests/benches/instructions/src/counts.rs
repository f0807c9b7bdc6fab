//! Counts, as they are saved and compared.

use std::fmt;
use std::fs;
use std::io;

/// Where they are saved.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.txt");

/// A count may grow by one part in this many.
const TOLERANCE: u64 = 20;

/// The instructions of one round of each path.
pub(crate) struct Counts {
    /// The compiler of the program.
    pub(crate) compiler: String,
    pub(crate) counts: Vec<(String, u64)>,
}

impl Counts {
    pub(crate) fn read() -> io::Result<Self> {
        let text = fs::read_to_string(FILE)?;
        let mut lines = text.lines();
        let compiler = lines.next().unwrap_or_default().to_owned();
        let counts = lines.filter_map(|line| {
            let (name, count) = line.rsplit_once(' ')?;
            Some((name.trim_end().to_owned(), count.parse().ok()?))
        });
        Ok(Counts { compiler, counts: counts.collect() })
    }

    pub(crate) fn save(&self) -> io::Result<()> {
        fs::write(FILE, self.to_string())
    }

    fn of(&self, name: &str) -> Option<u64> {
        let mut counts = self.counts.iter();
        counts.find(|(other, _)| other == name).map(|(_, count)| *count)
    }

    /// Compares these counts with earlier ones. If the compiler has changed, the program has too,
    /// so the counts are shown and not judged. A path without an earlier count has grown.
    pub(crate) fn compare(&self, saved: &Counts) -> Verdict {
        let same_compiler = self.compiler == saved.compiler;
        let mut verdict = Verdict { has_grown: false, text: String::new() };
        for (name, now) in &self.counts {
            let before = saved.of(name).unwrap_or(0);
            let most = before + before / TOLERANCE;
            let note = if *now <= most { "" } else { "  more than 5 % above" };
            verdict.has_grown |= same_compiler && *now > most;
            verdict.text += &format!("{name:36} {now:7}  before {before:7}{note}\n");
        }
        if !same_compiler {
            let (now, before) = (&self.compiler, &saved.compiler);
            verdict.text += &format!("not judged: compiled by {now}, before by {before}\n");
        }
        verdict
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.compiler)?;
        self.counts.iter().try_for_each(|(name, count)| writeln!(f, "{name:36} {count}"))
    }
}

/// The result of a comparison.
pub(crate) struct Verdict {
    /// Whether a count is above its tolerance.
    pub(crate) has_grown: bool,
    text: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(compiler: &str, count: u64) -> Counts {
        Counts { compiler: compiler.to_owned(), counts: vec![("path".to_owned(), count)] }
    }

    #[test]
    fn more_than_a_twentieth_is_too_much() {
        let saved = counts("rustc", 1_000);
        for (count, has_grown) in [(900, false), (1_050, false), (1_051, true)] {
            assert_eq!(counts("rustc", count).compare(&saved).has_grown, has_grown, "{count}");
        }
        assert!(!counts("other", 2_000).compare(&saved).has_grown);
    }

    #[test]
    fn path_that_was_not_counted_fails() {
        let saved = Counts { compiler: "rustc".to_owned(), counts: Vec::new() };
        assert!(counts("rustc", 1).compare(&saved).has_grown);
    }
}
