//! Dates as HTTP writes them.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use httpdate::HttpDate;

/// A time in the format of header fields: `Sun, 06 Nov 1994 08:49:37 GMT`. Times before 1970 and
/// after 9999 become the nearest time that the format can hold.
///
/// Python: `BaseHTTPRequestHandler.date_time_string`
pub fn date_time_string(time: SystemTime) -> String {
    HttpDate::from(UNIX_EPOCH + Duration::from_secs(seconds(time))).to_string()
}

/// Whole seconds since 1970, at most those of the last second of the year 9999.
fn seconds(time: SystemTime) -> u64 {
    const LAST: u64 = 253_402_300_799;
    time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs().min(LAST))
}

thread_local! {
    /// The last second that this thread has formatted, and its text.
    static NOW: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

/// Calls `with` with the current date. Each second is formatted once per thread.
pub(in crate::http) fn with_now<T>(with: impl FnOnce(&str) -> T) -> T {
    let now = SystemTime::now();
    let second = seconds(now);
    NOW.with_borrow_mut(|(of, text)| {
        if *of != second {
            (*of, *text) = (second, date_time_string(now));
        }
        with(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_stay_within_the_format() {
        let after = |seconds| date_time_string(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(after(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(after(u32::MAX.into()), "Sun, 07 Feb 2106 06:28:15 GMT");
        assert_eq!(after(1 << 50), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(
            date_time_string(UNIX_EPOCH - Duration::from_secs(9)),
            "Thu, 01 Jan 1970 00:00:00 GMT"
        );
        assert_eq!(with_now(str::len), 29);
    }
}
