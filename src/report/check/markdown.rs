//! A check as a comment for a pull request.

use super::{Checked, word};
use crate::experiment::policy::{Finding, Verdict, overall};

/// The table, what would put right what is broken, and how it was decided.
#[must_use]
pub fn render(checked: &Checked<'_>) -> String {
    let mut out = format!("### rollout policy: {}\n\n", headline(checked));
    let against = match &checked.against {
        Some(other) => format!(" against {}", escaped(other)),
        None => String::new(),
    };
    out.push_str(&format!("`{}`{against}: {}.\n\n", checked.scenario, checked.tally()));
    out.push_str("| | strategy | requirement | limit | measured | bounds | runs |\n");
    out.push_str("|---|---|---|---|---:|---|---:|\n");
    for finding in checked.findings {
        out.push_str(&row(checked, finding));
    }
    for line in checked.notes() {
        out.push_str(&format!("\n{}.\n", escaped(&line)));
    }
    for fix in checked.fixes {
        let subject = escaped(&fix.subject);
        out.push_str(&match &fix.change {
            Some(change) => format!(
                "\n**{subject} would hold with `{} = {}`**{}: of the {} changes that were tried \
                 on the same random numbers, those that hold were compared, and this one has the \
                 shortest rollout. `--set {}` checks it again.\n",
                change.path,
                change.value,
                was(change.before.as_deref()),
                fix.tried,
                change.typed(),
            ),
            None => format!(
                "\nNone of the {} changes to {subject} that were tried makes it hold.\n",
                fix.tried
            ),
        });
    }
    let assurance = checked.assurance().map_or(String::new(), |words| format!("; {words}"));
    out.push_str(&format!(
        "\n{} simulated runs, seed {}{assurance}. Same files and seed, same verdicts.\n",
        checked.runs, checked.seed,
    ));
    out
}

fn headline(checked: &Checked<'_>) -> String {
    let open = checked.count(Verdict::Undecided);
    match (overall(checked.findings), checked.verdict()) {
        (Some(Verdict::Undecided), Verdict::Holds) => return format!("passes ({open} undecided)"),
        (Some(Verdict::Undecided), Verdict::Broken) => return format!("fails ({open} undecided)"),
        _ => {}
    }
    let words = match checked.verdict() {
        Verdict::Holds => "holds",
        Verdict::Undecided => "undecided",
        Verdict::Unmeasured => "asks for what was not measured",
        Verdict::Broken => "broken",
    };
    words.to_owned()
}

fn was(before: Option<&str>) -> String {
    before.map_or(String::new(), |before| format!(" (now {})", escaped(before)))
}

fn row(checked: &Checked<'_>, finding: &Finding) -> String {
    let line = checked.line(finding);
    let verdict = match finding.verdict {
        Verdict::Broken => "**broken**".to_owned(),
        other => word(other).to_owned(),
    };
    let cells = [
        verdict,
        escaped(&finding.subject),
        escaped(&line.what),
        escaped(&line.limit),
        escaped(&line.measured),
        escaped(&line.bound),
        finding.runs.to_string(),
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// A text as it may stand in a cell.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '\\' | '[' | ']' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_cells() {
        assert_eq!(escaped("a|b_c <= 5%\n"), "a\\|b\\_c &lt;= 5% ");
    }
}
