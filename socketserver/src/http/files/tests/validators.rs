use super::*;

const MODIFIED: i64 = 784_111_777;
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const LATER: &str = "Sunday, 06-Nov-94 08:49:38 GMT";

/// Of a file that was modified this long before.
fn after(nanoseconds: u32, age: Duration) -> Validators {
    let folder = std::env::temp_dir();
    let mut stat = rustix::fs::stat(&folder).expect("a folder");
    (stat.st_mtime, stat.st_mtime_nsec) = (MODIFIED, nanoseconds.into());
    (stat.st_size, stat.st_ino) = (10, 11);
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED as u64);
    Validators::new(&stat, modified + Duration::from_nanos(nanoseconds.into()) + age)
}

fn old() -> Validators {
    after(5, Duration::from_secs(60))
}

fn judge(validators: &Validators, head: &[(&str, &str)]) -> Verdict {
    validators.judge(&|name| {
        let values: Vec<&str> =
            head.iter().filter(|field| field.0 == name).map(|field| field.1).collect();
        (!values.is_empty()).then(|| values.join(", ").into())
    })
}

#[test]
fn conditions_are_judged_in_order() {
    let validators = old();
    let etag = &*validators.etag;
    assert_eq!(etag, "\"2ebc98a100000005-a-b\"");
    assert_eq!(validators.last_modified(), DATE);
    let weak = &*format!("W/{etag}");
    let list = &*format!("\"a,b\" ,, W/\"c\",{etag}");
    let expected: [(&[(&str, &str)], Verdict); 36] = [
        (&[], Verdict::Serve),
        (&[("If-Match", "*")], Verdict::Serve),
        (&[("If-Match", etag)], Verdict::Serve),
        (&[("If-Match", list)], Verdict::Serve),
        (&[("If-Match", "\"x\""), ("If-Match", etag)], Verdict::Serve),
        (&[("If-Match", weak)], Verdict::Failed),
        (&[("If-Match", "\"x\"")], Verdict::Failed),
        (&[("If-Match", "rubbish")], Verdict::Failed),
        (&[("If-Match", "\"x")], Verdict::Failed),
        (&[("If-Match", etag), ("If-Unmodified-Since", EARLIER)], Verdict::Serve),
        (&[("If-Unmodified-Since", DATE)], Verdict::Serve),
        (&[("If-Unmodified-Since", LATER)], Verdict::Serve),
        (&[("If-Unmodified-Since", EARLIER)], Verdict::Failed),
        (&[("If-Unmodified-Since", "rubbish")], Verdict::Serve),
        (&[("If-None-Match", "*")], Verdict::NotModified),
        (&[("If-None-Match", etag)], Verdict::NotModified),
        (&[("If-None-Match", weak)], Verdict::NotModified),
        (&[("If-None-Match", list)], Verdict::NotModified),
        (&[("If-None-Match", "\"x\"")], Verdict::Serve),
        (&[("If-None-Match", "rubbish")], Verdict::Serve),
        (&[("If-None-Match", "\"x\""), ("If-Modified-Since", DATE)], Verdict::Serve),
        (&[("If-Modified-Since", DATE)], Verdict::NotModified),
        (&[("If-Modified-Since", LATER)], Verdict::NotModified),
        (&[("If-Modified-Since", "Sun Nov  6 08:49:37 1994")], Verdict::NotModified),
        (&[("If-Modified-Since", EARLIER)], Verdict::Serve),
        (&[("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 +0100")], Verdict::Serve),
        (&[("If-Modified-Since", "")], Verdict::Serve),
        (&[("If-Match", "\"x\""), ("If-None-Match", "*")], Verdict::Failed),
        (&[("If-Match", "*"), ("If-None-Match", "*")], Verdict::NotModified),
        (&[("If-Unmodified-Since", DATE), ("If-Modified-Since", DATE)], Verdict::NotModified),
        (&[("If-Range", etag)], Verdict::Serve),
        (&[("If-Range", DATE)], Verdict::Serve),
        (&[("If-Range", weak)], Verdict::ServeWhole),
        (&[("If-Range", LATER)], Verdict::ServeWhole),
        (&[("If-Range", "rubbish")], Verdict::ServeWhole),
        (&[("If-Range", "\"x\""), ("If-None-Match", etag)], Verdict::NotModified),
    ];
    for (head, verdict) in expected {
        assert_eq!(judge(&validators, head), verdict, "{head:?}");
    }
}

/// A file that may change again within the same tick has a weak tag, which ends no range.
#[test]
fn a_tag_is_strong_once_the_tick_is_over() {
    let cases = [
        (5, Duration::ZERO, true),
        (5, Duration::from_millis(19), true),
        (5, Duration::from_millis(20), false),
        (0, Duration::from_millis(1_999), true),
        (0, Duration::from_secs(2), false),
    ];
    for (nanoseconds, age, is_weak) in cases {
        let validators = after(nanoseconds, age);
        assert_eq!(validators.etag.starts_with("W/"), is_weak, "{nanoseconds} {age:?}");
        let head = [("If-Range", &*validators.etag)];
        let verdict = if is_weak { Verdict::ServeWhole } else { Verdict::Serve };
        assert_eq!(judge(&validators, &head), verdict);
        let head = [("If-None-Match", &*validators.etag)];
        assert_eq!(judge(&validators, &head), Verdict::NotModified);
    }
    let young = after(5, Duration::from_secs(1));
    assert_eq!(judge(&young, &[("If-Range", DATE)]), Verdict::ServeWhole);
}

/// Clocks differ, and archives have files of the year 0 and of the year 30,000.
#[test]
fn dates_are_neither_before_1970_nor_in_the_future() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED as u64);
    let mut stat = rustix::fs::stat(std::env::temp_dir().as_path()).expect("a folder");
    for (seconds, date) in [
        (MODIFIED + 60, DATE),
        (i64::MAX, DATE),
        (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (i64::MIN, "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        stat.st_mtime = seconds;
        assert_eq!(Validators::new(&stat, now).last_modified(), date);
    }
}
