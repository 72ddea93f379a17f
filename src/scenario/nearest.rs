//! The name that was probably meant.

/// The candidate nearest to `typed`, if it is near enough to be what was meant.
pub(crate) fn nearest<'a>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Long names that nobody mistyped are not worth the quadratic comparison.
    if typed.len() > 64 {
        return None;
    }
    let folded = fold(typed);
    let allowed = (folded.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&folded, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| {
            *distance <= allowed || starts_alike(&folded, &fold(candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Case and the choice of separator are no difference.
fn fold(name: &str) -> Vec<char> {
    name.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}

fn starts_alike(typed: &[char], candidate: &[char]) -> bool {
    typed.len() >= 3 && (candidate.starts_with(typed) || typed.starts_with(candidate))
}

/// Insertions, deletions, substitutions and swaps of neighbours from one to the other (optimal
/// string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut best = (above[j + 1] + 1).min(row[j] + 1).min(above[j] + usize::from(x != y));
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_what_was_meant() {
        let keys = ["instances", "zones", "max_surge", "max_unavailable", "period"];
        for (typed, meant) in [
            ("instance", Some("instances")),
            ("zoens", Some("zones")),
            ("max-surge", Some("max_surge")),
            ("maxSurge", Some("max_surge")),
            ("max_unavail", Some("max_unavailable")),
            ("perod", Some("period")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, keys), meant, "{typed}");
        }
    }

    #[test]
    fn distances() {
        for (a, b, expected) in
            [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 1), ("a", "a", 0)]
        {
            assert_eq!(distance(&fold(a), &fold(b)), expected, "{a} {b}");
            assert_eq!(distance(&fold(b), &fold(a)), expected, "{b} {a}");
        }
    }
}
