//! Dates as people and machines read them, in UTC.

use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

/// `2026-11-21 18:32:05 UTC`, from milliseconds since 1970.
pub fn utc(ms: i64) -> String {
    written(ms, format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC"))
}

/// `2026-11-21T18:32:05Z`, from milliseconds since 1970.
pub fn iso_utc(ms: i64) -> String {
    written(ms, format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
}

/// A moment that no calendar has is shown as its number.
fn written(ms: i64, form: &[BorrowedFormatItem<'_>]) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).ok();
    moment.and_then(|moment| moment.format(form).ok()).unwrap_or_else(|| format!("{ms} ms since 1970"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_are_the_calendars() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00 UTC"),
            (1_795_285_925_999, "2026-11-21 18:32:05 UTC"),
            (i64::MAX, "9223372036854775807 ms since 1970"),
        ] {
            assert_eq!(super::utc(ms), text);
        }
        assert_eq!(super::iso_utc(0), "1970-01-01T00:00:00Z");
    }
}
