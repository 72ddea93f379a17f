//! A check as JUnit XML, which CI systems show as tests: a suite for each variant.

use std::fmt::Write;

use super::{Checked, Undecided, word};
use crate::experiment::policy::{Finding, Verdict};

/// How a test ended, to JUnit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Passed,
    Failure,
    Error,
    Skipped,
}

impl Ended {
    /// What is undecided is an error unless it was said what to make of it: nothing has failed,
    /// and nothing has been shown.
    const fn of(verdict: Verdict, undecided: Undecided) -> Self {
        match (verdict, undecided) {
            (Verdict::Holds, _) => Self::Passed,
            (Verdict::Broken, _) | (Verdict::Undecided, Undecided::Fail) => Self::Failure,
            (Verdict::Undecided, Undecided::Pass) => Self::Skipped,
            (Verdict::Unmeasured, _) | (Verdict::Undecided, Undecided::Told) => Self::Error,
        }
    }
}

/// The file.
#[must_use]
pub fn render(checked: &Checked<'_>) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all: Vec<&Finding> = checked.findings.iter().collect();
    push(&mut out, 0, &format!("<testsuites name=\"rollsim check\"{}>", counts(checked, &all)));
    let mut subjects: Vec<&str> = Vec::new();
    for finding in checked.findings {
        if !subjects.contains(&finding.subject.as_str()) {
            subjects.push(&finding.subject);
        }
    }
    for subject in subjects {
        let own: Vec<&Finding> =
            checked.findings.iter().filter(|finding| finding.subject == subject).collect();
        suite(checked, subject, &own, &mut out);
    }
    push(&mut out, 0, "</testsuites>");
    out
}

fn suite(checked: &Checked<'_>, subject: &str, findings: &[&Finding], out: &mut String) {
    let name = escaped(&format!("{}: {subject}", checked.scenario));
    push(out, 1, &format!("<testsuite name=\"{name}\"{}>", counts(checked, findings)));
    for finding in findings {
        case(checked, finding, out);
    }
    push(out, 1, "</testsuite>");
}

fn case(checked: &Checked<'_>, finding: &Finding, out: &mut String) {
    let line = checked.line(finding);
    let class = escaped(&format!("{}.{}", checked.scenario, finding.strategy));
    let name = escaped(&format!("{} {}", line.what, line.limit));
    let place = match checked.place(finding).0 {
        Some(number) => format!(" file=\"{}\" line=\"{number}\"", escaped(checked.file)),
        None => String::new(),
    };
    let head = format!("<testcase classname=\"{class}\" name=\"{name}\"{place}");
    let message = escaped(&line.sentence(finding));
    let kind = escaped(word(finding.verdict));
    let inner = match Ended::of(finding.verdict, checked.undecided) {
        Ended::Passed => {
            push(out, 2, &format!("{head}/>"));
            return;
        }
        Ended::Failure => format!("<failure type=\"{kind}\" message=\"{message}\"/>"),
        Ended::Error => format!("<error type=\"{kind}\" message=\"{message}\"/>"),
        Ended::Skipped => format!("<skipped message=\"{kind}: {message}\"/>"),
    };
    push(out, 2, &format!("{head}>"));
    push(out, 3, &inner);
    push(out, 2, "</testcase>");
}

/// The numbers that suites carry.
fn counts(checked: &Checked<'_>, findings: &[&Finding]) -> String {
    let mut text = format!(" tests=\"{}\"", findings.len());
    for (key, ended) in
        [("failures", Ended::Failure), ("errors", Ended::Error), ("skipped", Ended::Skipped)]
    {
        let ends = |finding: &&&Finding| Ended::of(finding.verdict, checked.undecided) == ended;
        // Writing to a string cannot fail.
        let _ = write!(text, " {key}=\"{}\"", findings.iter().filter(ends).count());
    }
    text
}

fn push(out: &mut String, depth: usize, line: &str) {
    out.push_str(&"  ".repeat(depth));
    out.push_str(line);
    out.push('\n');
}

/// A text as it may stand in an attribute; what XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_escaped_or_left_out() {
        assert_eq!(escaped("a<b> & \"c\" 'd'\n\u{7}\u{ffff}é"), {
            "a&lt;b&gt; &amp; &quot;c&quot; &apos;d&apos; é"
        });
    }
}
