//! No text makes the reader panic, and every report can be shown.

use proptest::prelude::*;

use super::defaults::EVERYTHING;
use super::parse;

/// Loads and shows, whatever comes out.
fn survives(text: &str, sets: &[&str], sweeps: &[&str]) {
    match parse(text, sets, sweeps) {
        Ok(loaded) => {
            assert!(!loaded.scenario.variants.is_empty());
            assert!(!loaded.warnings.to_string().contains("error["));
        }
        Err(report) => {
            assert!(report.diagnostics.iter().any(crate::scenario::Diagnostic::is_error));
            let shown = report.to_string();
            assert!(shown.contains("error[R"), "{shown}");
        }
    }
}

/// A position in the sample text that does not cut a character.
fn position() -> impl Strategy<Value = usize> {
    0..EVERYTHING.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC*") {
        survives(&text, &[], &[]);
    }

    #[test]
    fn any_text_of_toml_signs(text in "[a-c0-9.=\\[\\]{}\"', \n#-]{0,60}") {
        survives(&text, &[], &[]);
    }

    #[test]
    fn a_file_that_ends_early(end in position()) {
        survives(&EVERYTHING[..end], &[], &[]);
    }

    #[test]
    fn a_file_with_a_part_left_out(from in position(), length in 0..80_usize) {
        let to = (from + length).min(EVERYTHING.len());
        survives(&format!("{}{}", &EVERYTHING[..from], &EVERYTHING[to..]), &[], &[]);
    }

    #[test]
    fn a_file_with_something_put_in(at in position(), what in "\\PC{0,8}|\n|\"|-1|1e400|\u{0}") {
        survives(&format!("{}{what}{}", &EVERYTHING[..at], &EVERYTHING[at..]), &[], &[]);
    }

    #[test]
    fn two_lines_exchanged(from in 0..100_usize, to in 0..100_usize) {
        let mut lines: Vec<&str> = EVERYTHING.lines().collect();
        let (from, to) = (from % lines.len(), to % lines.len());
        lines.swap(from, to);
        survives(&lines.join("\n"), &[], &[]);
    }

    #[test]
    fn a_line_written_twice(line in 0..100_usize) {
        let mut lines: Vec<&str> = EVERYTHING.lines().collect();
        let line = line % lines.len();
        lines.insert(line, lines[line]);
        survives(&lines.join("\n"), &[], &[]);
    }

    #[test]
    fn any_override(typed in "\\PC{0,20}",
                    path in "(fleet|strategies|traffic|sweep|[a-z.\"]{0,9})",
                    value in "[-0-9a-z\\[\\]{}\"',= ]{0,12}") {
        let set = format!("{path}.{value}={typed}");
        let sweep = format!("{path}={value},{typed}");
        survives(EVERYTHING, &[&typed, &set], &[&sweep]);
    }

    #[test]
    fn any_value_of_a_field(field in 0..100_usize,
                            value in "(-?[0-9]{1,20}|[0-9]{1,3}(s|ms|h|d|%|y)|\\[\\]|\\{\\}|\
                            \\{ dist = 'list' \\}|nan|inf|true|1e308|0x1f|1979-05-27)") {
        let lines: Vec<&str> = EVERYTHING.lines().filter(|line| line.contains(" = ")).collect();
        let line = lines[field % lines.len()];
        let key = line.split(" = ").next().unwrap_or_default();
        survives(&EVERYTHING.replacen(line, &format!("{key} = {value}"), 1), &[], &[]);
        survives(&EVERYTHING.replacen(line, &format!("{key} = '{value}'"), 1), &[], &[]);
    }
}
