//! What does `maxSurge: 25%` say? Numbers that may be a percentage, as Kubernetes takes them.

use super::findings::{Findings, describe};
use super::tree::{Field, Kind, Place};

/// Largest number that a field of 32 bits holds.
pub(super) const MOST_INT32: i64 = i32::MAX as i64;

/// A count of pods or a percentage of the replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// So many.
    Count(i64),
    /// Whole percent; any number of them.
    Percent(u64),
}

/// An amount and where it was written; no place for a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) amount: Amount,
    pub(super) place: Option<Place>,
}

impl Bound {
    /// A percentage that was not written.
    pub(super) const fn default_percent(percent: u64) -> Self {
        Self { amount: Amount::Percent(percent), place: None }
    }

    /// Whether it was written as zero, `0` or `0%`; what it rounds to does not matter.
    pub(super) const fn is_zero(self) -> bool {
        matches!(self.amount, Amount::Count(0) | Amount::Percent(0))
    }

    /// Whether it is more than 100%; a count never is, whatever the replicas.
    pub(super) const fn is_over_whole(self) -> bool {
        matches!(self.amount, Amount::Percent(101..))
    }

    /// As a scenario writes it.
    pub(super) fn to_toml(self) -> toml::Value {
        match self.amount {
            Amount::Count(count) => toml::Value::Integer(count),
            Amount::Percent(percent) => toml::Value::String(format!("{percent}%")),
        }
    }
}

/// The bound at `key`: a number that is not negative, or digits and a percent sign. None where it
/// is absent or wrong.
pub(super) fn read(parent: Field<'_>, key: &str, found: &mut Findings) -> Option<Bound> {
    let field = parent.get(key)?;
    let amount = match field.kind() {
        Kind::Integer(_) => {
            found.whole(parent, key, 0..=MOST_INT32).map(|n| Amount::Count(n.value))
        }
        Kind::Text(text) if percent(text).is_some() => percent(text).map(Amount::Percent),
        _ => {
            let message =
                format!("`{key}` must be a count or a whole percentage, not {}", describe(field));
            found.problem(field.place(), message, Some(&advice(key, field)));
            None
        }
    }?;
    Some(Bound { amount, place: Some(field.place()) })
}

fn percent(text: &str) -> Option<u64> {
    let digits = text.strip_suffix('%').filter(|digits| !digits.is_empty())?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Above a thousandfold more makes no difference, and the number need not fit anywhere.
    Some(digits.parse().unwrap_or(u64::MAX).min(100_000))
}

fn advice(key: &str, field: Field<'_>) -> String {
    let text = field.text().unwrap_or_default();
    if text.contains("{{") || text.contains('$') {
        return "fill in the template first".into();
    }
    match text.parse::<u32>() {
        Ok(number) => format!("write `{key}: {number}`, or `{key}: {number}%`"),
        Err(_) => format!("write for example `{key}: 1` or `{key}: 25%`"),
    }
}
