//! How are durations written in a scenario?

use toml::Value;

/// Nanoseconds in a second.
pub(super) const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Longest duration that a scenario may hold, ten years of 365 days.
pub(super) const MOST_SECONDS: i64 = 10 * 365 * 86_400;

/// Whole seconds, `"30s"`.
pub(super) fn seconds(count: i64) -> Value {
    Value::String(format!("{count}s"))
}

/// Nanoseconds in the largest unit that leaves no fraction: `"15s"`, `"500ms"`, `"1ns"`.
pub(super) fn duration(nanos: u64) -> Value {
    let units = [(NANOS_PER_SECOND, "s"), (1_000_000, "ms"), (1000, "us"), (1, "ns")];
    let (size, unit) =
        units.into_iter().find(|(size, _)| nanos.is_multiple_of(*size)).unwrap_or((1, "ns"));
    Value::String(format!("{}{unit}", nanos / size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimDuration;

    #[test]
    fn durations_read_back_as_they_were() {
        for nanos in [0, 1, 1_500, 250_000_000, 15 * NANOS_PER_SECOND, NANOS_PER_SECOND + 1] {
            let text = duration(nanos);
            let back = text.as_str().and_then(|text| text.parse().ok());
            assert_eq!(back, Some(SimDuration::from_nanos(nanos)), "{text}");
        }
        assert!(format!("{MOST_SECONDS}s").parse::<SimDuration>().is_ok());
        assert!(format!("{}s", MOST_SECONDS + 1).parse::<SimDuration>().is_err());
        assert_eq!(seconds(600).as_str(), Some("600s"));
    }
}
