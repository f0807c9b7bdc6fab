//! Validators of a file, and the conditions that a request makes on them: RFC 9110, sections 8.8
//! and 13.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use httpdate::parse_http_date;
use rustix::fs::Stat;

use crate::http::message::date::date_time_string;
use crate::http::message::line::push_hex;

/// Looks up a field of the request's head by its name. Several fields of one name are joined.
pub(super) type Fields<'a> = &'a dyn Fn(&str) -> Option<Cow<'a, str>>;

/// The marks of one state of a file: its tag and its date.
#[derive(Debug)]
pub(super) struct Validators {
    pub(super) etag: String,
    /// Time of the last change, in whole seconds, never later than now.
    modified: SystemTime,
    /// Whether the second of that change is over, so that the file cannot change within it again.
    has_strong_date: bool,
}

/// The result of a request's conditions.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Serve the file, or the part that the request asks for.
    Serve,
    /// Serve the whole file, even if the request asks for a part.
    ServeWhole,
    /// Answer with 304.
    NotModified,
    /// Answer with 412.
    Failed,
}

impl Validators {
    pub(super) fn new(stat: &Stat, now: SystemTime) -> Self {
        let (seconds, nanoseconds) = (stat.st_mtime, stat.st_mtime_nsec);
        let nanoseconds = u32::try_from(nanoseconds).unwrap_or(0);
        let since_1970 = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let modified = SystemTime::UNIX_EPOCH.checked_add(since_1970).unwrap_or(now).min(now);
        let age = now.duration_since(modified).unwrap_or(Duration::ZERO);
        let age = age.saturating_sub(Duration::from_nanos(nanoseconds.into()));
        let etag = etag(stat, age < tick(nanoseconds));
        let has_strong_date = now >= modified + Duration::from_secs(2);
        Validators { etag, modified, has_strong_date }
    }

    pub(super) fn last_modified(&self) -> String {
        date_time_string(self.modified)
    }

    /// Judges the conditions of a GET or HEAD in the order of section 13.2.2.
    pub(super) fn judge(&self, fields: Fields<'_>) -> Verdict {
        let holds = match (fields("If-Match"), fields("If-Unmodified-Since")) {
            (Some(tags), _) => self.is_among(&tags, is_same),
            (None, Some(date)) => self.is_newer(&date) != Some(true),
            (None, None) => true,
        };
        if !holds {
            return Verdict::Failed;
        }
        let is_known = match (fields("If-None-Match"), fields("If-Modified-Since")) {
            (Some(tags), _) => self.is_among(&tags, is_equivalent),
            (None, Some(date)) => self.is_newer(&date) == Some(false),
            (None, None) => false,
        };
        if is_known {
            return Verdict::NotModified;
        }
        match fields("If-Range") {
            Some(validator) if !self.is_unchanged(&validator) => Verdict::ServeWhole,
            _ => Verdict::Serve,
        }
    }

    fn is_among(&self, tags: &str, same: fn(&str, &str) -> bool) -> bool {
        tags.trim() == "*" || Tags(tags).any(|tag| same(tag, &self.etag))
    }

    /// Whether the file is newer than a date. `None` for a text that is not a date: such conditions
    /// are ignored.
    fn is_newer(&self, date: &str) -> Option<bool> {
        parse_http_date(date.trim()).ok().map(|date| self.modified > date)
    }

    /// Whether the value of `If-Range` stands for exactly this state of the file.
    fn is_unchanged(&self, validator: &str) -> bool {
        let validator = validator.trim();
        if validator.starts_with(['"', 'W']) && validator.ends_with('"') {
            return is_same(validator, &self.etag);
        }
        self.has_strong_date && parse_http_date(validator).is_ok_and(|date| date == self.modified)
    }
}

/// The tag: the time of the last change, the size and the inode. Formatted by hand, because every
/// request for a file needs it.
fn etag(stat: &Stat, is_weak: bool) -> String {
    let nanoseconds = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
    // Longer than any.
    let mut tag = Vec::with_capacity(64);
    tag.extend_from_slice(if is_weak { b"W/\"" } else { b"\"" });
    push_hex(&mut tag, stat.st_mtime as u64);
    let digit = |place: u32| b"0123456789abcdef"[(nanoseconds >> (4 * place)) as usize % 16];
    tag.extend((0..8).rev().map(digit));
    for number in [stat.st_size as u64, stat.st_ino] {
        tag.push(b'-');
        push_hex(&mut tag, number);
    }
    tag.push(b'"');
    String::from_utf8(tag).unwrap_or_default()
}

/// Time within which two changes of a file may get the same date. File systems count in ticks of
/// the kernel's clock, of 10 ms or less, or in steps of one or two seconds.
fn tick(nanoseconds: u32) -> Duration {
    if nanoseconds == 0 { Duration::from_secs(2) } else { Duration::from_millis(20) }
}

/// The strong comparison.
fn is_same(one: &str, other: &str) -> bool {
    !one.starts_with("W/") && one == other
}

/// The weak comparison.
fn is_equivalent(one: &str, other: &str) -> bool {
    one.trim_start_matches("W/") == other.trim_start_matches("W/")
}

/// The tags of a list, up to the first element that is not a tag.
struct Tags<'a>(&'a str);

impl<'a> Iterator for Tags<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let list = self.0.trim_start_matches([' ', '\t', ',']);
        let opaque = list.strip_prefix("W/").unwrap_or(list).strip_prefix('"')?;
        let length = list.len() - opaque.len() + opaque.find('"')? + 1;
        let (tag, rest) = list.split_at(length);
        self.0 = rest;
        Some(tag)
    }
}

#[cfg(test)]
#[path = "tests/validators.rs"]
mod tests;
