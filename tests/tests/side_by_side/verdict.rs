//! Compares the observations of the two sides, and their differences with the listed ones.

use std::collections::BTreeSet;

use libtest_mimic::Failed;

use crate::differences::{DIFFERENCES, Difference};
use crate::scenario::Scenario;

/// Whether both sides are equal, or else differ as listed. Otherwise the difference.
pub(super) fn judge(name: &str, python: &[String], ours: &[String]) -> Result<bool, String> {
    let listed = DIFFERENCES.iter().filter(|one| is_about(one, name));
    let listed: Vec<&Difference> = listed.collect();
    let only_python: BTreeSet<&str> = listed.iter().flat_map(|one| one.python).copied().collect();
    let only_ours: BTreeSet<&str> = listed.iter().flat_map(|one| one.ours).copied().collect();
    if only(python, ours) == only_python && only(ours, python) == only_ours {
        return Ok(listed.is_empty());
    }
    let (python, ours) = (python.join("\n    "), ours.join("\n    "));
    Err(format!("Python:\n    {python}\nours:\n    {ours}\nlisted: {listed:#?}"))
}

/// The lines that only the first side has.
fn only<'a>(lines: &'a [String], others: &[String]) -> BTreeSet<&'a str> {
    lines.iter().filter(|line| !others.contains(line)).map(String::as_str).collect()
}

/// A difference that no scenario can show is out of date.
pub(super) fn every_difference_has_a_scenario(scenarios: &[Scenario]) -> Result<(), Failed> {
    let stale = DIFFERENCES.iter().find(|listed| {
        let mut names = scenarios.iter().map(|scenario| &scenario.name);
        !names.any(|name| is_about(listed, name))
    });
    match stale {
        Some(listed) => Err(format!("no scenario shows {listed:#?}").into()),
        None => Ok(()),
    }
}

fn is_about(listed: &Difference, name: &str) -> bool {
    listed.scenarios.iter().any(|pattern| fits(pattern, name))
}

fn fits(pattern: &str, name: &str) -> bool {
    let fits =
        |(pattern, part): (&str, &str)| pattern == "*" || pattern.split('|').any(|one| one == part);
    pattern.split("::").count() == name.split("::").count()
        && pattern.split("::").zip(name.split("::")).all(fits)
}
