//! A check as workflow commands of GitHub Actions, which mark lines of the scenario file.

use super::{Checked, Undecided, word};
use crate::experiment::policy::Verdict;

/// A line for each finding that does not hold.
#[must_use]
pub fn render(checked: &Checked<'_>) -> String {
    let mut out = String::new();
    for finding in checked.findings {
        let level = match (finding.verdict, checked.undecided) {
            (Verdict::Holds, _) => continue,
            (Verdict::Undecided, Undecided::Pass) => "notice",
            (Verdict::Undecided, Undecided::Told) => "warning",
            _ => "error",
        };
        let line = match checked.place(finding).0 {
            Some(number) => format!(",line={number}"),
            None => String::new(),
        };
        let file = property(checked.file);
        let title = property(&format!("{}: {}", finding.subject, word(finding.verdict)));
        let message = data(&checked.line(finding).sentence(finding));
        out.push_str(&format!("::{level} file={file}{line},title={title}::{message}\n"));
    }
    out
}

/// What follows the second pair of colons.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_escaped() {
        assert_eq!(data("5%: a,b\n"), "5%25: a,b%0A");
        assert_eq!(property("C:\\a,b"), "C%3A\\a%2Cb");
    }
}
