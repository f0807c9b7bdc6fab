//! Dates as a listing shows them.

/// A second of the calendar, in UTC.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Date {
    year: i64,
    month: u8,
    day: u8,
    /// The second of the day.
    second: u32,
}

impl Date {
    /// The date of this second after 1970.
    pub(super) fn of(seconds: i64) -> Self {
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

    pub(super) fn to_the_minute(&self) -> String {
        let Date { year, month, day, second } = self;
        let minute = second / 60;
        format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minute / 60, minute % 60)
    }

    pub(super) fn to_the_second(&self) -> String {
        let Date { year, month, day, second } = self;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
