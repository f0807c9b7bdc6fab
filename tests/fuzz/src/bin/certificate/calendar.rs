//! Days, counted in another way.

/// The day of a second since 1970.
pub(super) fn day(seconds: i64) -> String {
    let (mut day, mut year) = (seconds.div_euclid(86_400), 1970);
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days_of = |year| 365 + i64::from(is_leap(year));
    while day < 0 {
        year -= 1;
        day += days_of(year);
    }
    while day >= days_of(year) {
        day -= days_of(year);
        year += 1;
    }
    let february = 28 + i64::from(is_leap(year));
    let mut month = 0;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        month += 1;
        if day < days {
            break;
        }
        day -= days;
    }
    format!("{year:04}-{month:02}-{:02}", day + 1)
}
