//! From a table to a struct, with every error and not the first only.
//!
//! Serde stops at the first error. So the node at fault is reported and taken out, and the rest is
//! read again, until it passes.

use toml::de::ValueDeserializer;

use crate::scenario::diagnostic::nearest::nearest;
use crate::scenario::diagnostic::source::Span;
use crate::scenario::diagnostic::{Diagnostic, Findings};
use crate::scenario::document::{self, Hit, Value};
use crate::scenario::rule::{self, Rule};

/// Most nodes that are looked at in search of errors.
const MOST_LOOKS: usize = 10_000_000;

/// Reads tables and remembers what had to be left out.
#[derive(Debug)]
pub(crate) struct Reader<'f> {
    findings: &'f mut Findings,
    dropped: Vec<String>,
}

impl<'f> Reader<'f> {
    /// A reader that has left nothing out.
    pub(crate) const fn new(findings: &'f mut Findings) -> Self {
        Self { findings, dropped: Vec::new() }
    }

    /// Reads `value`, which is at the dotted path `at`, and reports what is wrong with it.
    /// `further` are keys that would be known too. None if too little is left to read.
    pub(crate) fn read<'t, T>(
        &mut self,
        value: &Value<'t>,
        at: &str,
        further: &[&str],
        parse: impl Fn(ValueDeserializer<'t>) -> Result<T, toml::de::Error>,
    ) -> Option<T> {
        let mut rest = value.clone();
        // Each error costs another look at everything that is left.
        let most_errors = (MOST_LOOKS / document::size(value)).max(3);
        for _ in 0..most_errors {
            let error = match parse(ValueDeserializer::from(rest.clone())) {
                Ok(read) => return Some(read),
                Err(error) => error,
            };
            let span = error.span().unwrap_or_else(|| rest.span());
            let hit = document::locate(&rest, &span).unwrap_or_default();
            // Indices in what is left may be others than those in what was written.
            let written = document::locate(value, &span).unwrap_or_default();
            let path = join(at, &written.steps);
            let is_consequence = error.message().starts_with("missing field")
                && self.dropped.iter().any(|dropped| is_within(dropped, &path));
            if !is_consequence {
                let complaint = Complaint::of(error.message(), &path, &written, further);
                self.findings.add(complaint.into_diagnostic(span));
            }
            self.dropped.push(path);
            if hit.steps.is_empty() {
                return None;
            }
            if self.findings.is_full() {
                break;
            }
            document::remove(&mut rest, &hit.steps);
        }
        self.dropped.push(at.to_owned());
        None
    }

    /// The dotted paths of what was left out.
    pub(crate) fn into_dropped(self) -> Vec<String> {
        self.dropped
    }
}

/// Whether the dotted path `inner` is `outer` or a part of it.
pub(crate) fn is_within(inner: &str, outer: &str) -> bool {
    outer.is_empty()
        || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn join(at: &str, steps: &[String]) -> String {
    let path = crate::scenario::document::path::dotted(steps);
    match (at.is_empty(), path.is_empty()) {
        (true, _) => path,
        (_, true) => at.to_owned(),
        _ => format!("{at}.{path}"),
    }
}

/// What Serde says, in our words.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    rule: &'static Rule,
    message: String,
    label: String,
    help: Option<String>,
}

impl Complaint {
    fn of(said: &str, path: &str, hit: &Hit, further: &[&str]) -> Self {
        if let Some(rest) = said.strip_prefix("unknown field `") {
            let typed = hit.steps.last().map_or("", String::as_str);
            return Self::unknown_key(typed, path, rest, further);
        }
        if let Some(rest) = said.strip_prefix("unknown variant `") {
            return Self::unknown_choice(path, rest);
        }
        if let Some(rest) = said.strip_prefix("missing field `") {
            return Self::missing_key(path, rest.trim_end_matches('`'));
        }
        for prefix in ["invalid type: ", "invalid value: ", "invalid length "] {
            let Some((given, expected)) =
                said.strip_prefix(prefix).and_then(|rest| rest.split_once(", expected "))
            else {
                continue;
            };
            let rule = match prefix {
                "invalid type: " => rule::WRONG_TYPE,
                _ if is_number(expected) => rule::OUT_OF_RANGE,
                _ => rule::NOT_UNDERSTOOD,
            };
            return Self::unexpected(rule, path, given, expected);
        }
        if said == "wanted string or table" {
            return Self::unexpected(rule::WRONG_TYPE, path, "", "one of its names, in quotes");
        }
        Self {
            rule: rule::NOT_UNDERSTOOD,
            message: format!("`{path}`: {said}", said = shortened(said)),
            label: String::new(),
            help: None,
        }
    }

    fn unknown_key(typed: &str, path: &str, rest: &str, further: &[&str]) -> Self {
        let known: Vec<&str> = names(rest).skip(1).chain(further.iter().copied()).collect();
        let table = path.rsplit_once('.').map(|(table, _)| table);
        let within = table.map_or(String::new(), |table| format!(" in `{table}`"));
        Self {
            rule: rule::UNKNOWN_KEY,
            message: format!("unknown key `{typed}`{within}"),
            label: String::new(),
            help: Some(suggestion(typed, &known, "keys")),
        }
    }

    fn unknown_choice(path: &str, rest: &str) -> Self {
        let mut all = names(rest);
        let typed = all.next().unwrap_or_default();
        let known: Vec<&str> = all.collect();
        Self {
            rule: rule::NOT_UNDERSTOOD,
            message: format!("`{path}` cannot be `{typed}`"),
            label: String::new(),
            help: Some(suggestion(typed, &known, "choices")),
        }
    }

    fn missing_key(path: &str, key: &str) -> Self {
        Self {
            rule: rule::MISSING_KEY,
            message: format!("`{path}` needs `{key}`"),
            label: format!("`{key}` is missing"),
            help: None,
        }
    }

    fn unexpected(rule: &'static Rule, path: &str, given: &str, expected: &str) -> Self {
        let expected = what_is_expected(expected);
        let given = what_was_given(&shortened(given));
        let negated = if given.is_empty() { String::new() } else { format!(", not {given}") };
        Self {
            rule,
            message: format!("`{path}` must be {expected}{negated}"),
            label: String::new(),
            help: written_right(&expected, &given),
        }
    }

    fn into_diagnostic(self, span: Span) -> Diagnostic {
        let diagnostic = Diagnostic::new(self.rule, self.message).at(span, self.label);
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

/// A text with its middle left out if it is long.
pub(crate) fn shortened(text: &str) -> String {
    const HALF: usize = 60;
    let count = text.chars().count();
    if count <= 2 * HALF {
        return text.to_owned();
    }
    let start: String = text.chars().take(HALF).collect();
    let end: String = text.chars().skip(count - HALF).collect();
    format!("{start}…{end}")
}

/// The names in backticks, in turn.
fn names(text: &str) -> impl Iterator<Item = &str> {
    // The text begins inside the first pair.
    text.split('`').step_by(2)
}

/// The nearest name, or all there are.
pub(crate) fn suggestion(typed: &str, known: &[&str], what: &str) -> String {
    if let Some(near) = nearest(typed, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    match list.as_slice() {
        [] => format!("there are no {what} here"),
        [only] => format!("the only choice is {only}"),
        [most @ .., last] => format!("the {what} are {} and {last}", most.join(", ")),
    }
}

fn is_number(expected: &str) -> bool {
    let expected = what_is_expected(expected);
    ["number", "a count", "a fraction"].iter().any(|word| expected.contains(word))
}

fn what_is_expected(expected: &str) -> String {
    let (kind, rest) = match expected.split_once(", or ") {
        Some((kind, word)) => (kind, format!(", or {word}")),
        None => (expected, String::new()),
    };
    let kind = match kind {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 to 18446744073709551615",
        "i64" => "a whole number",
        "f64" | "f32" => "a number",
        "a boolean" => "`true` or `false`",
        "a sequence" => "an array",
        "a map" => "a table",
        "a tuple of size 2" => "an array of two values",
        kind if kind.starts_with("struct ") => "a table",
        kind => kind,
    };
    format!("{kind}{rest}")
}

/// The same value as it should be written, where that is plain.
fn written_right(expected: &str, given: &str) -> Option<String> {
    if expected.starts_with("a duration") {
        let number = given.strip_prefix("the integer `")?.strip_suffix('`')?;
        return Some(format!("write the unit as well, such as `\"{number}s\"`"));
    }
    if expected.starts_with("a count") {
        let share: f64 = given.strip_prefix("the number `")?.strip_suffix('`')?.parse().ok()?;
        let percent = format!("{:.6}", share * 100.0);
        let percent = percent.trim_end_matches('0').trim_end_matches('.');
        let is_share = share > 0.0 && share < 1.0;
        return is_share.then(|| format!("if it is a share, write `\"{percent}%\"`"));
    }
    None
}

fn what_was_given(given: &str) -> String {
    match given {
        "" => String::new(),
        "map" => "a table".into(),
        "sequence" => "an array".into(),
        "unit variant" => "a bare name".into(),
        _ => {
            if let Some(text) = given.strip_prefix("string ") {
                format!("the string `{text}`")
            } else if let Some(number) = given.strip_prefix("floating point ") {
                format!("the number {number}")
            } else if given.chars().all(|c| c.is_ascii_digit()) {
                format!("an array of {given}")
            } else {
                format!("the {given}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use toml::Spanned;
    use toml::de::{DeTable, DeValue};

    use crate::units::{CountOrPercent, SimDuration};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Sample {
        #[serde(default)]
        count: u32,
        #[serde(default)]
        share: Option<CountOrPercent>,
        #[serde(default)]
        wait: SimDuration,
        #[serde(default)]
        kind: Option<Kind>,
        #[serde(default)]
        flag: bool,
        #[serde(default)]
        steps: Vec<Step>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Step {
        weight: f64,
        #[serde(default)]
        pause: SimDuration,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        ByCount,
        Weighted,
    }

    fn check(text: &str, expected: &[&str]) {
        let table = DeTable::parse(text).expect("the text is TOML").into_inner();
        let root = Spanned::new(0..text.len(), DeValue::Table(table));
        let mut findings = Findings::default();
        let mut reader = Reader::new(&mut findings);
        reader.read(&root, "x", &["extra"], Sample::deserialize);
        let said: Vec<String> = findings
            .into_sorted()
            .into_iter()
            .map(|d| {
                let help = d.help.join("; ");
                format!("{} {} [{help}]", d.rule.code, d.message)
            })
            .collect();
        assert_eq!(said, expected, "{text}");
    }

    #[test]
    fn every_error_is_reported_at_once() {
        check(
            "count = -1\nshare = 0.125\nwait = 5\nkind = 'by-cuont'\nflag = 'yes'\ncuont = \
             3\nextar = 1",
            &[
                "R009 `x.count` must be a whole number from 0 to 4294967295, not the integer `-1` \
                 []",
                "R006 `x.share` must be a count such as 2 or a percentage such as \"25%\", not \
                 the number `0.125` [if it is a share, write `\"12.5%\"`]",
                "R006 `x.wait` must be a duration such as \"90s\", not the integer `5` [write the \
                 unit as well, such as `\"5s\"`]",
                "R007 `x.kind` cannot be `by-cuont` [did you mean `by-count`?]",
                "R006 `x.flag` must be `true` or `false`, not the string `\"yes\"` []",
                "R005 unknown key `cuont` in `x` [did you mean `count`?]",
                "R005 unknown key `extar` in `x` [did you mean `extra`?]",
            ],
        );
    }

    #[test]
    fn errors_in_arrays_keep_their_index_and_cause_no_others() {
        check(
            "steps = [{ weight = 'a' }, { weight = 1, paus = '1s' }, { pause = 3, weight = 'b' }, \
             {}, 7]",
            &[
                "R006 `x.steps.0.weight` must be a number, not the string `\"a\"` []",
                "R005 unknown key `paus` in `x.steps.1` [did you mean `pause`?]",
                "R006 `x.steps.2.pause` must be a duration such as \"90s\", not the integer `3` \
                 [write the unit as well, such as `\"3s\"`]",
                "R006 `x.steps.2.weight` must be a number, not the string `\"b\"` []",
                "R008 `x.steps.3` needs `weight` []",
                "R006 `x.steps.4` must be a table, not the integer `7` []",
            ],
        );
    }

    #[test]
    fn unknown_names_far_from_all_list_them() {
        check(
            "zzz = 1\nkind = 'purple'\nwait = 'soon'",
            &[
                "R005 unknown key `zzz` in `x` [the keys are `count`, `share`, `wait`, `kind`, \
                 `flag`, `steps` and `extra`]",
                "R007 `x.kind` cannot be `purple` [the choices are `by-count` and `weighted`]",
                "R007 `x.wait`: `soon` is not a duration: write a number with its unit, such as \
                 `250ms` or `1h30m` []",
            ],
        );
    }

    #[test]
    fn paths_within_paths() {
        for (inner, outer, expected) in [
            ("a.b", "a", true),
            ("a", "a", true),
            ("ab", "a", false),
            ("a", "a.b", false),
            ("a", "", true),
        ] {
            assert_eq!(is_within(inner, outer), expected, "{inner} {outer}");
        }
    }
}
