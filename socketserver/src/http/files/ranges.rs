//! Parts of a file that a request asks for: RFC 9110, section 14.

use std::ops::Range;

/// Maximum number of ranges. A request with more gets the whole file, since no client needs them.
const MAX_RANGES: usize = 32;

/// The part of a file to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The whole file: the request has no range, or a malformed one.
    Whole,
    /// These ranges, at least one. None is empty, and no two of them touch.
    Parts(Vec<Range<u64>>),
    /// Nothing: all ranges are outside the file.
    Unsatisfiable,
}

/// Chooses by the value of the field `Range`, for a file of this size.
pub(super) fn choose(field: &str, size: u64) -> Choice {
    let Some(ranges) = parse(field, size) else { return Choice::Whole };
    let mut parts: Vec<Range<u64>> = Vec::new();
    let mut is_satisfiable = false;
    for range in ranges {
        is_satisfiable |= range != UNSATISFIABLE;
        if !range.is_empty() {
            merge(&mut parts, range);
        }
    }
    match (is_satisfiable, parts.is_empty()) {
        (false, _) => Choice::Unsatisfiable,
        // An empty file: no reply can name a range of it.
        (true, true) => Choice::Whole,
        (true, false) => Choice::Parts(parts),
    }
}

/// A range outside every file.
const UNSATISFIABLE: Range<u64> = u64::MAX..u64::MAX;

/// The ranges of a field that has the right syntax, cut off at the end of the file.
fn parse(field: &str, size: u64) -> Option<Vec<Range<u64>>> {
    let (unit, set) = field.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let specs = set.split(',').map(|spec| spec.trim_matches([' ', '\t']));
    let specs: Vec<&str> = specs.filter(|spec| !spec.is_empty()).take(MAX_RANGES + 1).collect();
    if specs.is_empty() || specs.len() > MAX_RANGES {
        return None;
    }
    specs.into_iter().map(|spec| parse_one(spec, size)).collect()
}

fn parse_one(spec: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = spec.split_once('-')?;
    Some(match (number(first)?, number(last)?) {
        (None, None) => return None,
        (None, Some(0)) => UNSATISFIABLE,
        (None, Some(suffix)) => size.saturating_sub(suffix)..size,
        (Some(first), Some(last)) if first > last => return None,
        (Some(first), _) if first >= size => UNSATISFIABLE,
        (Some(first), None) => first..size,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(size),
    })
}

/// A number, of digits alone. The inner `None` stands for an empty text.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    // A number of more than 64 bits is behind the end of every file.
    is_number.then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

/// Adds a range. It is merged with the ranges that it overlaps or touches, so that a client cannot
/// ask for a byte twice. It takes the place of the first of them.
fn merge(parts: &mut Vec<Range<u64>>, mut range: Range<u64>) {
    let mut place = parts.len();
    while let Some(other) =
        parts.iter().position(|part| part.start <= range.end && range.start <= part.end)
    {
        let part = parts.remove(other);
        range = range.start.min(part.start)..range.end.max(part.end);
        place = if place > parts.len() { other } else { place.min(other) };
    }
    parts.insert(place, range);
}

#[cfg(test)]
#[path = "tests/ranges.rs"]
mod tests;
