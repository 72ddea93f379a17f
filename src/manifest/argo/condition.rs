//! What a measurement's conditions say, where they compare the result with a number.

/// A comparison of the result with a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Comparison {
    /// Whether it is true above the number, or below.
    pub(super) side: Side,
    /// Whether the number itself is on that side.
    pub(super) is_inclusive: bool,
    /// The number.
    pub(super) number: f64,
}

/// Where a comparison is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Above,
    Below,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Above => Self::Below,
            Self::Below => Self::Above,
        }
    }
}

/// The comparison that a condition is; none if it is something else, which is not interpreted.
pub(super) fn parse(condition: &str) -> Option<Comparison> {
    let text: String = condition.split_whitespace().collect();
    let text = unwrapped(&text);
    let at = text.find(['<', '>'])?;
    let (left, rest) = text.split_at(at);
    let is_inclusive = rest[1..].starts_with('=');
    let right = &rest[if is_inclusive { 2 } else { 1 }..];
    let side = if rest.starts_with('>') { Side::Above } else { Side::Below };
    let (number, side) = match (is_result(left), is_result(right)) {
        (true, false) => (right, side),
        (false, true) => (left, side.other()),
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    number.is_finite().then_some(Comparison { side, is_inclusive, number })
}

/// Without parentheses around the whole.
fn unwrapped(text: &str) -> &str {
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    match inner {
        Some(inner) if !inner.contains(['(', ')']) => inner,
        _ => text,
    }
}

fn is_result(text: &str) -> bool {
    matches!(text, "result" | "result[0]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use Side::{Above, Below};

    #[test]
    fn a_result_against_a_number() {
        for (text, expected) in [
            ("result[0] >= 0.95", Some((Above, true, 0.95))),
            ("result[0]>0.95", Some((Above, false, 0.95))),
            ("result < 1e-2", Some((Below, false, 0.01))),
            ("(result <= 5)", Some((Below, true, 5.0))),
            ("0.95 <= result[0]", Some((Above, true, 0.95))),
            ("result.Status == 999", None),
            ("result[1] > 5", None),
            ("len(result) == 0 || result[0] < 1", None),
            ("result[0] < 1 && result[0] > 0", None),
            ("result > result", None),
            ("result <", None),
            ("", None),
        ] {
            let got = parse(text).map(|one| (one.side, one.is_inclusive, one.number));
            assert_eq!(got, expected, "{text}");
        }
    }
}
