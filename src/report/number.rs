//! The only number formatter: exact in files, rounded with units on screens and charts.

use super::digits::Digits;
use crate::measure::MetricKind;

/// Whole numbers below have 15 digits at the most.
const SHORT: f64 = 1e15;

/// `value` with 15 significant digits, which hides the last bit's noise and keeps more than files
/// promise. The value must be finite.
#[must_use]
pub fn exact(value: f64) -> String {
    debug_assert!(value.is_finite(), "a file holds no NaN and no infinity");
    if value.abs() < SHORT && value.trunc() == value {
        return (value as i64).to_string();
    }
    // Were there one all the same, it must not look like a number.
    if value.is_finite() { Digits::of(value).text() } else { value.to_string() }
}

/// The number that [`exact`] writes.
#[must_use]
pub fn rounded(value: f64) -> f64 {
    let is_short = value.abs() < SHORT && value.trunc() == value;
    if is_short || !value.is_finite() { value } else { Digits::of(value).value() }
}

/// Seconds to the nanosecond: `-1.5` for -1 500 000 000.
#[must_use]
pub fn seconds(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let (whole, rest) = (nanos / 1_000_000_000, (nanos % 1_000_000_000) as u32);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let (mut decimals, mut places) = (rest, 9);
    while decimals % 10 == 0 {
        decimals /= 10;
        places -= 1;
    }
    format!("{sign}{whole}.{decimals:0places$}")
}

/// The value of a metric in one run: counts whole, seconds to the nanosecond, the rest exact.
#[must_use]
pub fn metric(kind: MetricKind, value: f64) -> String {
    match kind {
        MetricKind::Count if value.abs() < SHORT => (value.round_ties_even() as i64).to_string(),
        MetricKind::Count => format!("{value:.0}"),
        MetricKind::Seconds => seconds((value * 1e9).round() as i128),
        MetricKind::Ratio | MetricKind::Amount => exact(value),
    }
}

/// For screens: a length of time, `320 ms`, `4.2 s`, `85 s`, `5m 12s`, `2h 05m`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    let magnitude = seconds.abs();
    if magnitude < 0.0005 {
        "0 s".to_owned()
    } else if magnitude < 0.9995 {
        format!("{:.0} ms", seconds * 1e3)
    } else if magnitude < 9.95 {
        format!("{seconds:.1} s")
    } else if magnitude < 119.5 {
        format!("{seconds:.0} s")
    } else if magnitude < 3599.5 {
        let whole = seconds.round() as i64;
        format!("{}m {:02}s", whole / 60, (whole % 60).abs())
    } else {
        let minutes = (seconds / 60.0).round() as i64;
        format!("{}h {:02}m", minutes / 60, (minutes % 60).abs())
    }
}

/// For screens: a share in percent with `digits` significant digits, but no decimals that say
/// nothing: `92%`, `8.3%`, `0.12%`, `1250%`.
#[must_use]
pub fn percent(share: f64, digits: usize) -> String {
    format!("{}%", significant(share * 100.0, digits))
}

/// For screens: a share close to 1 in percent, with two digits of what is missing: `99.9981%`.
#[must_use]
pub fn availability(share: f64) -> String {
    let missing = (1.0 - share) * 100.0;
    let decimals = decimals_for(missing, 2).clamp(1, 6);
    if missing > 0.0 && missing < 1e-6 {
        return ">99.999999%".to_owned();
    }
    trimmed(format!("{:.decimals$}", share * 100.0)) + "%"
}

/// For screens: a number with a thousands suffix, `950`, `19.2k`, `3M`.
#[must_use]
pub fn thousands(value: f64) -> String {
    for (unit, suffix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if value.abs() >= unit * 0.99995 {
            return significant(value / unit, 3) + suffix;
        }
    }
    significant(value, 3)
}

/// For screens: `digits` significant digits, without trailing zeros behind the point.
#[must_use]
pub fn significant(value: f64, digits: usize) -> String {
    let decimals = decimals_for(value, digits).min(12);
    let text = trimmed(format!("{value:.decimals$}"));
    if text == "-0" { "0".to_owned() } else { text }
}

/// Decimals that show `digits` significant digits of `value`.
fn decimals_for(value: f64, digits: usize) -> usize {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    let text = format!("{value:.*e}", digits.saturating_sub(1));
    let exponent: i32 = text.rsplit('e').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
    usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0)
}

fn trimmed(text: String) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_hold_fifteen_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333333333333"),
            (-2.0 / 3.0e5, "-0.00000666666666666667"),
            (19_200.0, "19200"),
            (123_456_789.123_456_7, "123456789.123457"),
            (1e-12, "1e-12"),
            (1e20, "100000000000000000000"),
            (1e22, "1e22"),
        ] {
            assert_eq!(exact(value), text);
            assert_eq!(rounded(value).to_string().parse(), text.parse::<f64>());
        }
        assert_eq!(rounded(f64::INFINITY), f64::INFINITY);
        assert!(rounded(f64::NAN).is_nan());
    }

    #[test]
    fn times_are_exact_to_the_nanosecond() {
        for (nanos, text) in [
            (0, "0"),
            (-1_500_000_000, "-1.5"),
            (1, "0.000000001"),
            (86_400_000_000_001, "86400.000000001"),
            (-250_000_000, "-0.25"),
        ] {
            assert_eq!(seconds(nanos), text);
        }
        assert_eq!(metric(MetricKind::Seconds, 86_400.000_000_001), "86400.000000001");
        assert_eq!(metric(MetricKind::Seconds, 0.032), "0.032");
        assert_eq!(metric(MetricKind::Count, 19_200.0), "19200");
        assert_eq!(metric(MetricKind::Ratio, 11.0 / 12.0), "0.916666666666667");
    }

    #[test]
    fn screens_show_what_can_be_read() {
        for (value, text) in [
            (0.0, "0 s"),
            (0.32, "320 ms"),
            (4.21, "4.2 s"),
            (85.4, "85 s"),
            (312.0, "5m 12s"),
            (7500.0, "2h 05m"),
            (3599.7, "1h 00m"),
            (-85.4, "-85 s"),
            (-312.0, "-5m 12s"),
            (-7500.0, "-2h 05m"),
        ] {
            assert_eq!(duration(value), text);
        }
        for (value, text) in [
            (0.916_666, "91.7%"),
            (1.0, "100%"),
            (0.0, "0%"),
            (0.001_234, "0.123%"),
            (12.5, "1250%"),
            (-0.02, "-2%"),
        ] {
            assert_eq!(percent(value, 3), text);
        }
        for (value, text) in [
            (1.0, "100%"),
            (0.999_981_2, "99.9981%"),
            (0.95, "95%"),
            (0.5, "50%"),
            (0.0, "0%"),
            (0.999_999_999_9, ">99.999999%"),
        ] {
            assert_eq!(availability(value), text);
        }
        for (value, text) in
            [(950.0, "950"), (19_200.0, "19.2k"), (3e6, "3M"), (0.0, "0"), (999.99, "1k")]
        {
            assert_eq!(thousands(value), text);
        }
    }
}
