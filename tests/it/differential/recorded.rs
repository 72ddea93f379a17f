//! Recorded cases of real controllers: the stored ones, or those of files of the same names in the
//! folder that `ROLLSIM_CASES` names.

use std::io::Read as _;
use std::path::PathBuf;

use serde_json::{Value, json};

/// The cases of one file.
pub(super) struct Recorded {
    /// The file's name.
    pub(super) name: &'static str,
    /// Each with what went in and what came out.
    pub(super) cases: Vec<Value>,
    /// Whether they are the stored ones, whose number is known.
    pub(super) is_stored: bool,
}

impl Recorded {
    /// The file's name without its ending.
    pub(super) fn stem(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }
}

/// The cases of the file called `name`; `stored` is the project's own copy.
pub(super) fn recorded(name: &'static str, stored: &str) -> Recorded {
    elsewhere(name).unwrap_or_else(|| Recorded { name, cases: list(stored, name), is_stored: true })
}

/// The same where the own copy is compressed with gzip.
pub(super) fn recorded_packed(name: &'static str, stored: &[u8]) -> Recorded {
    elsewhere(name).unwrap_or_else(|| {
        let mut text = String::new();
        let read = flate2::read::GzDecoder::new(stored).read_to_string(&mut text);
        read.unwrap_or_else(|error| panic!("{name} cannot be unpacked: {error}"));
        Recorded { name, cases: list(&text, name), is_stored: true }
    })
}

/// The cases of another folder, where one is named.
fn elsewhere(name: &'static str) -> Option<Recorded> {
    let folder = std::env::var_os("ROLLSIM_CASES")?;
    let path = PathBuf::from(folder).join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("{}: not there", path.display());
        return Some(Recorded { name, cases: Vec::new(), is_stored: false });
    };
    Some(Recorded { name, cases: list(&text, name), is_stored: false })
}

/// A file is a list of cases, or holds one as `cases`.
fn list(text: &str, name: &str) -> Vec<Value> {
    let file: Value =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{name} is not JSON: {error}"));
    let cases = if file.is_array() { &file } else { &file["cases"] };
    cases.as_array().unwrap_or_else(|| panic!("{name} holds no cases")).clone()
}

/// A recorded Deployment in the form of the stored ones: its settled states as rows.
pub(super) fn in_rows(case: Value) -> Value {
    let Some(states) = case["trajectory"].as_array() else { return case };
    let third = ["third_spec", "third_ready", "third_available"];
    let has_third = states.iter().any(|state| !state[third[0]].is_null());
    let row = |state: &Value| {
        let number = |key: &str| state[key].as_f64().unwrap_or_default();
        let total = number("total_pods") - number("terminating");
        let keys = [
            "t",
            "old_spec",
            "new_spec",
            "old_ready",
            "new_ready",
            "old_available",
            "new_available",
            "terminating",
        ];
        let mut row: Vec<f64> = keys.iter().map(|key| number(key)).chain([total]).collect();
        if has_third {
            row.extend(third.iter().map(|key| number(key)));
        }
        row
    };
    json!({
        "case": case["case"],
        "rows": states.iter().map(row).collect::<Vec<_>>(),
        "completed_at": case["completion_time_s"],
        "deadline_at": case["progress_deadline_exceeded_at"],
        "actions": case["actions_fired"],
    })
}

/// Whether a table has no other keys than these.
pub(super) fn has_only(table: &Value, keys: &[&str]) -> bool {
    table.as_object().is_none_or(|table| table.keys().all(|key| keys.contains(&key.as_str())))
}
