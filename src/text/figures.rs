//! Numbers, sizes and times as people read them.

use std::time::Duration;

/// Returns a number with thousands separators: `1,204`.
pub(crate) fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns a measured time: `0.42 s`, `12.3 s`, `3 min 05 s`, `1 h 02 min`.
///
/// A limit that a person has set is shown in the format of `layerwright.toml` instead:
/// [`humantime::format_duration`].
pub(crate) fn duration(time: Duration) -> String {
    let ms = time.as_millis();
    let whole = (ms + 500) / 1000;
    match ms {
        ..995 => format!("0.{:02} s", (ms + 5) / 10),
        995..59_950 => format!("{}.{} s", (ms + 50) / 1000, (ms + 50) % 1000 / 100),
        59_950..3_599_500 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", (whole + 30) / 3600, (whole + 30) % 3600 / 60),
    }
}

/// Returns a number of bytes in decimal units, as Docker shows it: `512 B`, `1.2 kB`, `34.5 MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let tenths = |unit: u128| (u128::from(bytes) * 10 + unit / 2) / unit;
    let units = [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    let (name, unit) =
        units.into_iter().find(|(_, unit)| tenths(*unit) < 10_000).unwrap_or(("TB", 1_000_000_000_000));
    format!("{}.{} {name}", tenths(unit) / 10, tenths(unit) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_204), "1,204");
        assert_eq!(number(1_000_000), "1,000,000");
    }

    #[test]
    fn times_are_read_at_a_glance() {
        let rows = [
            (0, "0.00 s"),
            (4, "0.00 s"),
            (420, "0.42 s"),
            (994, "0.99 s"),
            (995, "1.0 s"),
            (1_000, "1.0 s"),
            (12_340, "12.3 s"),
            (59_949, "59.9 s"),
            (59_950, "1 min 00 s"),
            (185_000, "3 min 05 s"),
            (3_599_499, "59 min 59 s"),
            (3_599_500, "1 h 00 min"),
            (3_725_000, "1 h 02 min"),
        ];
        for (ms, expected) in rows {
            assert_eq!(duration(Duration::from_millis(ms)), expected, "{ms}");
        }
        assert_eq!(duration(Duration::from_millis(u64::MAX)), "5124095576030 h 26 min");
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        let rows = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_250, "1.3 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (34_500_000, "34.5 MB"),
            (2_000_000_000, "2.0 GB"),
            (u64::MAX, "18446744.1 TB"),
        ];
        for (number, expected) in rows {
            assert_eq!(bytes(number), expected, "{number}");
        }
    }
}
