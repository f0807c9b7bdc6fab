//! Parts of a file that a request asks for: RFC 9110, section 14.

use std::ops::Range;

/// More ranges than any client needs. A request with more gets the whole file.
const MAX_RANGES: usize = 32;

/// Which part of a file is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// All of it: there is no range, or none that makes sense.
    Whole,
    /// These, at least one. None is empty, and no two of them touch.
    Parts(Vec<Range<u64>>),
    /// There is a range, but not in this file.
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
        // The end of an empty file, for which no reply can name a range.
        (true, true) => Choice::Whole,
        (true, false) => Choice::Parts(parts),
    }
}

/// A range that is in no file.
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

/// A number of digits alone. The inner `None` is no digits at all.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    // What a number cannot hold is behind the end of every file.
    is_number.then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

/// Adds a range. With those that it overlaps or touches it becomes one, in the place of the first
/// of them: a client cannot ask for a byte twice.
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
mod tests {
    use super::*;

    #[allow(clippy::single_range_in_vec_init)]
    #[test]
    fn ranges_are_chosen_as_the_standard_has_it() {
        let parts = |parts: &[Range<u64>]| Choice::Parts(parts.to_vec());
        let expected = [
            ("bytes=0-0", parts(&[0..1])),
            ("bytes=-1", parts(&[9..10])),
            ("bytes=5-", parts(&[5..10])),
            ("bytes=5-99", parts(&[5..10])),
            ("bytes=-99", parts(&[0..10])),
            ("bytes=0-", parts(&[0..10])),
            ("BYTES=1-2", parts(&[1..3])),
            ("bytes= 1-2 ,\t4-4, ", parts(&[1..3, 4..5])),
            ("bytes=0-0,2-2", parts(&[0..1, 2..3])),
            ("bytes=8-8,2-2", parts(&[8..9, 2..3])),
            ("bytes=0-0,1-1", parts(&[0..2])),
            ("bytes=5-7,0-1,6-9", parts(&[5..10, 0..2])),
            ("bytes=8-9,0-1,2-7", parts(&[0..10])),
            ("bytes=4-4,0-0,8-8,0-1", parts(&[4..5, 0..2, 8..9])),
            ("bytes=0-0,99-", parts(&[0..1])),
            ("bytes=18446744073709551616-", Choice::Unsatisfiable),
            ("bytes=0-18446744073709551615", parts(&[0..10])),
            ("bytes=-99999999999999999999999", parts(&[0..10])),
            ("bytes=10-", Choice::Unsatisfiable),
            ("bytes=99-,10-11", Choice::Unsatisfiable),
            ("bytes=-0", Choice::Unsatisfiable),
            ("bytes=9-3", Choice::Whole),
            ("bytes=0-0,9-3", Choice::Whole),
            ("bytes=", Choice::Whole),
            ("bytes=-", Choice::Whole),
            ("bytes=,", Choice::Whole),
            ("bytes=a-b", Choice::Whole),
            ("bytes=+1-2", Choice::Whole),
            ("bytes=1 - 2", Choice::Whole),
            ("bytes=1-2-3", Choice::Whole),
            ("bytes 0-0", Choice::Whole),
            ("lines=0-0", Choice::Whole),
            ("", Choice::Whole),
        ];
        for (field, choice) in expected {
            assert_eq!(choose(field, 10), choice, "{field}");
        }
    }

    #[test]
    fn an_empty_file_has_no_ranges() {
        assert_eq!(choose("bytes=0-", 0), Choice::Unsatisfiable);
        assert_eq!(choose("bytes=0-0", 0), Choice::Unsatisfiable);
        assert_eq!(choose("bytes=-5", 0), Choice::Whole);
    }

    #[test]
    fn too_many_ranges_are_none() {
        let field = |count: u64| {
            let ranges: Vec<String> = (0..count).map(|n| format!("{0}-{0}", 2 * n)).collect();
            format!("bytes={}", ranges.join(","))
        };
        assert!(matches!(choose(&field(32), 1_000_000), Choice::Parts(parts) if parts.len() == 32));
        assert_eq!(choose(&field(33), 1_000_000), Choice::Whole);
        assert_eq!(choose(&field(1_000), 1_000_000), Choice::Whole);
    }

    /// Whatever is asked for, no byte is sent twice.
    #[test]
    fn parts_never_overlap() {
        let mut state = 1_u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for _ in 0..2_000 {
            let mut ranges = Vec::new();
            for _ in 0..=next(31) {
                let first = next(100);
                ranges.push(format!("{first}-{}", first + next(20)));
            }
            let Choice::Parts(mut parts) = choose(&format!("bytes={}", ranges.join(",")), 90)
            else {
                continue;
            };
            let asked = |byte: u64| {
                ranges.iter().any(|range| {
                    let (first, last) = range.split_once('-').expect("a range");
                    (first.parse().expect("a number")..=last.parse().expect("a number"))
                        .contains(&byte)
                })
            };
            for byte in 0..90 {
                let count = parts.iter().filter(|part| part.contains(&byte)).count();
                assert_eq!(count, usize::from(asked(byte)), "{byte} of {ranges:?}");
            }
            parts.sort_by_key(|part| part.start);
            assert!(parts.windows(2).all(|pair| pair[0].end < pair[1].start), "{parts:?}");
        }
    }
}
