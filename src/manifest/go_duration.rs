//! What does `1m30s` say? Durations as Go reads them (`time.ParseDuration`), which is how Flagger
//! and Nomad do.

use super::write::{MOST_SECONDS, NANOS_PER_SECOND};

/// Nanoseconds of a duration that is not negative, at most ten years; none for any other text.
pub(super) fn nanos(text: &str) -> Option<u64> {
    const UNITS: [(&str, f64); 8] = [
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("μs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 60e9),
        ("h", 3600e9),
    ];
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    let mut sum = 0.0;
    while !rest.is_empty() || sum == 0.0 {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let after = &rest[end..];
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.');
        let unit = &after[..unit_end.unwrap_or(after.len())];
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum += number * size;
        rest = &after[unit.len()..];
        if rest.is_empty() {
            break;
        }
    }
    let most = MOST_SECONDS as f64 * NANOS_PER_SECOND as f64;
    (sum <= most).then_some(sum.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Examples of the documentation of Go's `time.ParseDuration`, and what it refuses.
    #[test]
    fn durations_are_what_go_takes_them_for() {
        for (text, expected) in [
            ("10h", Some(36_000 * NANOS_PER_SECOND)),
            ("1h10m10s", Some(4210 * NANOS_PER_SECOND)),
            ("1.5h", Some(5400 * NANOS_PER_SECOND)),
            ("1µs", Some(1000)),
            ("250ms", Some(250_000_000)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("30", None),
            ("", None),
            ("s", None),
            ("-1s", None),
            ("1d", None),
            ("1s2", None),
            ("99999999h", None),
        ] {
            assert_eq!(nanos(text), expected, "{text}");
        }
    }
}
