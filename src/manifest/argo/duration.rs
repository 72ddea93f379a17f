//! Durations as Go writes them: `30s`, `5m`, `1h30m`, `1.5h`.

use super::super::write::NANOS_PER_SECOND;

const UNITS: [(&str, f64); 7] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];

/// Nanoseconds; none if it is no duration, or none that is not negative.
pub(super) fn nanos(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut sum = 0.0;
    let mut is_any = false;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let letters = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum += number.parse::<f64>().ok()? * size;
        rest = next;
        is_any = true;
    }
    (is_any && sum < 1e18).then_some(sum as u64)
}

/// Whole seconds of digits alone, or of a duration, whose rest is dropped.
pub(super) fn whole_seconds(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| nanos(text).map(|nanos| nanos / NANOS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for (text, seconds) in [
            ("30", Some(30)),
            ("30s", Some(30)),
            ("5m", Some(300)),
            ("1h30m", Some(5400)),
            ("1.5h", Some(5400)),
            ("0.5s", Some(0)),
            ("500ms", Some(0)),
            ("1500ms", Some(1)),
            ("", None),
            ("soon", None),
            ("-5s", None),
            ("5 m", None),
            ("1d", None),
            ("5ms5", None),
        ] {
            assert_eq!(whole_seconds(text), seconds, "{text}");
        }
    }
}
