//! Dates, as the fields of HTTP and as listings write them.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

const WEEKDAYS: [[u8; 3]; 7] = [*b"Sun", *b"Mon", *b"Tue", *b"Wed", *b"Thu", *b"Fri", *b"Sat"];

const MONTHS: [[u8; 3]; 12] = [
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct",
    *b"Nov", *b"Dec",
];

/// A time in the format of header fields: `Sun, 06 Nov 1994 08:49:37 GMT`. Times before 1970 and
/// after 9999 become the nearest time that the format can hold.
///
/// Python: `BaseHTTPRequestHandler.date_time_string`
pub fn date_time_string(time: SystemTime) -> String {
    in_fields(seconds(time))
}

/// Formatted by hand, because every reply with a file needs it.
fn in_fields(seconds: u64) -> String {
    let Date { year, month, day, second } = Date::of(seconds as i64);
    let mut text = *b"Sun, 06 Nov 1994 08:49:37 GMT";
    // The first day of 1970 was a Thursday.
    text[..3].copy_from_slice(&WEEKDAYS[((seconds / 86_400 + 4) % 7) as usize]);
    text[8..11].copy_from_slice(&MONTHS[usize::from(month) - 1]);
    let (century, year) = ((year / 100) as u32, (year % 100) as u32);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    for (place, number) in
        [(5, day.into()), (12, century), (14, year), (17, hour), (20, minute), (23, second)]
    {
        text[place] = b'0' + (number / 10) as u8;
        text[place + 1] = b'0' + (number % 10) as u8;
    }
    String::from_utf8(text.to_vec()).unwrap_or_default()
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
    let second = seconds(SystemTime::now());
    NOW.with_borrow_mut(|(of, text)| {
        if *of != second {
            (*of, *text) = (second, in_fields(second));
        }
        with(text)
    })
}

/// A second of the calendar, in UTC.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) struct Date {
    year: i64,
    month: u8,
    day: u8,
    /// The second of the day.
    second: u32,
}

impl Date {
    /// The date of this second after 1970.
    pub(in crate::http) fn of(seconds: i64) -> Self {
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400) as u32);
        // Years that begin in March have their leap day at the end. 400 of them have 146,097 days.
        let days = days + 719_468;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        Date { year: era * 400 + year + next, month: month as u8, day: day as u8, second }
    }

    pub(in crate::http) fn to_the_minute(&self) -> String {
        let Date { year, month, day, second } = self;
        let minute = second / 60;
        format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minute / 60, minute % 60)
    }

    pub(in crate::http) fn to_the_second(&self) -> String {
        let Date { year, month, day, second } = self;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    #[test]
    fn dates_in_fields_are_those_of_another_formatter() {
        for seconds in (0..253_402_300_800).step_by(86_400 * 97 + 3_607) {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(date_time_string(time), httpdate::fmt_http_date(time));
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        let expected = [
            (0, "1970-01-01T00:00:00Z"),
            (784_111_777, "1994-11-06T08:49:37Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ];
        for (seconds, date) in expected {
            assert_eq!(Date::of(seconds).to_the_second(), date);
        }
        assert_eq!(Date::of(784_111_777).to_the_minute(), "1994-11-06 08:49");
        for seconds in [i64::MIN, i64::MAX] {
            assert!(Date::of(seconds).year.abs() > 200_000_000_000);
        }
    }
}
