//! How does what a manifest says become a scenario that stands alone?
//!
//! It runs as printed: what no manifest can say, above all the traffic, is a placeholder that a
//! comment marks as one.

use toml::{Table, Value};

use super::Imported;

/// Columns of a comment.
const WIDEST: usize = 96;

/// Requests/s for each instance in the placeholder.
const RATE_OF_ONE: i64 = 100;

/// Most requests/s in the placeholder, so that a large fleet is simulated within seconds too.
const MOST_RATE: i64 = 10_000;

/// Instances where the manifest says none.
const PLACEHOLDER_FLEET: i64 = 10;

impl Imported {
    /// The scenario that this stands for, with notes and what was left out as comments; `from` is
    /// what they call the manifests.
    #[must_use]
    pub fn to_scenario(&self, from: &str) -> String {
        let mut text = String::new();
        comment(&mut text, "", &format!("The policy of {from} as a scenario that stands alone."));
        if !self.notes.is_empty() {
            text.push_str("#\n# Not as shipped:\n");
            self.notes.iter().for_each(|note| comment(&mut text, "- ", note));
        }
        if !self.left_out.is_empty() {
            text.push_str("#\n# Left out, because nothing that is simulated depends on it:\n");
            comment(&mut text, "  ", &self.left_out.join(", "));
        }
        let name = self.name.as_deref().unwrap_or_default();
        text.push_str(&format!("\nformat = 1\nname = \"{}\"\n", folder_name(name)));
        let mut rest = self.scenario.clone();
        let fleet = match rest.remove("fleet") {
            Some(Value::Table(fleet)) => fleet,
            _ => Table::new(),
        };
        let instances = self.fleet(&mut text, fleet);
        text.push_str(
            "\n# A placeholder: no manifest says how much arrives. Put your own rate here. Nor \
             does one say\n# how long a start takes (`[startup]`), how much an instance serves \
             (`[instance]`), or what is\n# wrong with the new version (`[release]`).\n",
        );
        let rate = instances.saturating_mul(RATE_OF_ONE).min(MOST_RATE);
        text.push_str(&format!("[traffic]\nrate = {rate}\n"));
        for (key, value) in rest {
            section(&mut text, &key, value);
        }
        let strategies = Table::from_iter([(bare(name), Value::Table(self.strategy.clone()))]);
        section(&mut text, "strategies", Value::Table(strategies));
        text
    }

    /// Writes the fleet and answers with its size.
    fn fleet(&self, text: &mut String, mut fleet: Table) -> i64 {
        let written = fleet.get("instances").and_then(Value::as_integer);
        let instances = written.unwrap_or(PLACEHOLDER_FLEET);
        if written.is_none() {
            text.push_str("\n# A placeholder: the manifest does not say how many there are.");
            fleet.insert("instances".into(), Value::Integer(instances));
        }
        section(text, "fleet", Value::Table(fleet));
        instances
    }
}

fn section(text: &mut String, key: &str, value: Value) {
    text.push('\n');
    let table = Table::from_iter([(key.to_owned(), value)]);
    // A table of strings, numbers and tables can always be written.
    text.push_str(&toml::to_string(&table).unwrap_or_default());
}

/// Writes `said` as comments, the first line after `bullet`, none wider than it must be.
fn comment(text: &mut String, bullet: &str, said: &str) {
    let (mut line, mut lead) = (String::new(), bullet.to_owned());
    for word in said.split(|c: char| c.is_whitespace() || c.is_control()) {
        let width = line.chars().count() + lead.len() + word.chars().count() + 3;
        if width > WIDEST && !line.is_empty() {
            text.push_str(&format!("# {lead}{line}\n"));
            line.clear();
            lead = " ".repeat(bullet.len());
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    text.push_str(&format!("# {lead}{line}\n"));
}

/// A name as results' folders have it.
fn folder_name(name: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(fit).take(80).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "imported".into() } else { name.into() }
}

/// A name as strategies have it.
fn bare(name: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = name.chars().map(fit).take(80).collect();
    if name.trim_matches('-').is_empty() { "shipped".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_hold_whatever_a_manifest_says() {
        let mut text = String::new();
        comment(&mut text, "- ", &format!("a\nb {} {}", "x".repeat(200), "word ".repeat(40)));
        assert!(text.lines().all(|line| line.starts_with("# ")), "{text}");
        assert!(text.lines().filter(|line| !line.contains("xx")).all(|line| line.len() <= WIDEST));
    }

    #[test]
    fn names_fit_where_they_stand() {
        for (name, folder, strategy) in [
            ("checkout", "checkout", "checkout"),
            ("Web API", "web-api", "Web-API"),
            ("a.b/c", "a-b-c", "a-b-c"),
            ("", "imported", "shipped"),
            ("é", "imported", "shipped"),
        ] {
            assert_eq!((folder_name(name), bare(name)), (folder.into(), strategy.into()), "{name}");
        }
    }

    #[test]
    fn a_manifest_that_says_nothing_makes_a_scenario() {
        let strategy: Table = toml::from_str("kind = 'recreate'").unwrap();
        let text = Imported { strategy, ..Imported::default() }.to_scenario("`x.yaml`");
        assert_eq!(
            text,
            "# The policy of `x.yaml` as a scenario that stands alone.\n\nformat = 1\n\
             name = \"imported\"\n\n# A placeholder: the manifest does not say how many there \
             are.\n[fleet]\ninstances = 10\n\n# A placeholder: no manifest says how much arrives. \
             Put your own rate here. Nor does one say\n# how long a start takes (`[startup]`), how \
             much an instance serves (`[instance]`), or what is\n# wrong with the new version \
             (`[release]`).\n[traffic]\nrate = 1000\n\n[strategies.shipped]\nkind = \"recreate\"\n"
        );
    }
}
