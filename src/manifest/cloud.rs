//! How is a cloud's resource written? The same fields as an API's JSON, in a CloudFormation
//! template or in terraform, each with its own spelling and its own way to say "see there".
//!
//! Keys are asked for in the API's spelling, `desiredCount`. CloudFormation begins them with a
//! capital, terraform writes `desired_count`, and both refer to parameters: a `Ref` to a parameter
//! and `var.NAME` stand for their default. A function of the template is not evaluated: it is noted
//! and the field is taken for absent.

use toml::{Table, Value};

use super::findings::{Findings, describe, quote};
use super::tree::{Field, Kind, Place};

/// How keys are spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `desiredCount`, as the API and its command line do.
    Api,
    /// `DesiredCount`, as CloudFormation does.
    CloudFormation,
    /// `desired_count`, as terraform does.
    Terraform,
}

impl Spelling {
    /// The spelling of a document, by what it holds.
    pub(super) fn of(document: Field<'_>) -> Self {
        if document.get("Resources").is_some() {
            return Self::CloudFormation;
        }
        let keys = ["resource", "planned_values", "values"];
        if keys.iter().any(|key| document.get(key).is_some()) {
            return Self::Terraform;
        }
        Self::Api
    }

    /// A key in this spelling.
    pub(super) fn key(self, api: &str) -> String {
        match self {
            Self::Api => api.to_owned(),
            Self::CloudFormation => {
                let mut letters = api.chars();
                let first = letters.next().map(|first| first.to_ascii_uppercase());
                first.into_iter().chain(letters).collect()
            }
            Self::Terraform => {
                let mut key = String::new();
                for letter in api.chars() {
                    if letter.is_ascii_uppercase() {
                        key.push('_');
                    }
                    key.push(letter.to_ascii_lowercase());
                }
                key
            }
        }
    }
}

/// A number and where it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) place: Place,
}

/// Reads the fields of a resource, whatever the spelling.
pub(super) struct Reader<'t, 'f> {
    pub(super) spelling: Spelling,
    document: Field<'t>,
    pub(super) found: &'f mut Findings,
}

impl<'t, 'f> Reader<'t, 'f> {
    pub(super) fn new(document: Field<'t>, found: &'f mut Findings) -> Self {
        Self { spelling: Spelling::of(document), document, found }
    }

    /// The value at `key`, what it refers to in its place; none where it is absent or cannot be
    /// told.
    pub(super) fn get(&mut self, parent: Field<'t>, key: &str) -> Option<Field<'t>> {
        let spelt = self.spelling.key(key);
        let written = parent.get(&spelt)?;
        let value = self.resolve(written, &spelt)?;
        // Lists of one block are what terraform's JSON makes of a block.
        let is_block = value.kind() == Kind::List && self.spelling == Spelling::Terraform;
        let mut items = value.items();
        match (is_block, items.next(), items.next()) {
            (true, Some(only), None) if only.kind() == Kind::Mapping => Some(only),
            (true, None, _) => None,
            _ => Some(value),
        }
    }

    /// The mapping at `key`.
    pub(super) fn mapping(&mut self, parent: Field<'t>, key: &str) -> Option<Field<'t>> {
        let field = self.get(parent, key)?;
        if field.kind() == Kind::Mapping {
            return Some(field);
        }
        self.wrong(field, key, "a mapping");
        None
    }

    /// The items at `key`; one mapping alone is one item.
    pub(super) fn list(&mut self, parent: Field<'t>, key: &str) -> Vec<Field<'t>> {
        match self.get(parent, key) {
            Some(field) if field.kind() == Kind::List => field.items().collect(),
            Some(field) if field.kind() == Kind::Mapping => vec![field],
            Some(field) => {
                self.wrong(field, key, "a list");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// The number at `key`, within a range.
    pub(super) fn number(
        &mut self,
        parent: Field<'t>,
        key: &str,
        (least, most): (f64, f64),
    ) -> Option<Number> {
        let field = self.get(parent, key)?;
        let value = match field.kind() {
            Kind::Integer(value) => Some(value as f64),
            Kind::Number(text) | Kind::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(value) = value.filter(|value: &f64| value.is_finite()) else {
            self.wrong(field, key, "a number");
            return None;
        };
        if !(least..=most).contains(&value) {
            let key = self.spelling.key(key);
            let message = format!("`{key}` is {value}, outside of {least} to {most}");
            self.found.problem(field.place(), message, None);
            return None;
        }
        Some(Number { value, place: field.place() })
    }

    /// The whole number at `key`, within a range.
    pub(super) fn whole(
        &mut self,
        parent: Field<'t>,
        key: &str,
        (least, most): (u32, u32),
    ) -> Option<u32> {
        let number = self.number(parent, key, (least.into(), most.into()))?;
        if number.value.fract() == 0.0 {
            return Some(number.value as u32);
        }
        let key = self.spelling.key(key);
        let message = format!("`{key}` must be a whole number, not {}", number.value);
        self.found.problem(number.place, message, None);
        None
    }

    /// Whether the flag at `key` is set; none where it is absent.
    pub(super) fn flag(&mut self, parent: Field<'t>, key: &str) -> Option<bool> {
        let field = self.get(parent, key)?;
        match field.kind() {
            Kind::Bool(value) => Some(value),
            Kind::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Kind::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => {
                self.wrong(field, key, "`true` or `false`");
                None
            }
        }
    }

    /// The word at `key`.
    pub(super) fn word(&mut self, parent: Field<'t>, key: &str) -> Option<&'t str> {
        let field = self.get(parent, key)?;
        let word = field.text();
        if word.is_none() {
            self.wrong(field, key, "a string");
        }
        word
    }

    /// The value at a key that is spelt as it stands, what it refers to in its place.
    pub(super) fn scalar(&mut self, parent: Field<'t>, key: &str) -> Option<Field<'t>> {
        let written = parent.get(key)?;
        self.resolve(written, key)
    }

    /// The one of `words` at `key`; another is a problem.
    pub(super) fn one_of(
        &mut self,
        parent: Field<'t>,
        key: &str,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let field = self.get(parent, key)?;
        let word = field.text().unwrap_or_default();
        let known = words.iter().find(|known| known.eq_ignore_ascii_case(word)).copied();
        if known.is_none() {
            let list: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            self.wrong(field, key, &format!("one of {}", list.join(", ")));
        }
        known
    }

    /// The name of the resource of the same template that `key` refers to.
    pub(super) fn reference(&self, parent: Field<'t>, key: &str) -> Option<&'t str> {
        let field = parent.get(&self.spelling.key(key))?;
        if let Some(name) = field.get("Ref").and_then(Field::text) {
            return Some(name);
        }
        if let Some(parts) = field.get("Fn::GetAtt") {
            let first = parts.items().next().unwrap_or(parts).text()?;
            return first.split('.').next();
        }
        // aws_lb_target_group.web.arn, bare or as `${...}`.
        let text = field.text()?;
        let text = text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let mut parts = text.split('.');
        let (kind, name) = (parts.next()?, parts.next()?);
        kind.starts_with("aws_").then_some(name)
    }

    /// The document in which the resource stands.
    pub(super) const fn document(&self) -> Field<'t> {
        self.document
    }

    /// Notes what is not modelled and what that means.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.found.note(note.into());
    }

    fn wrong(&mut self, field: Field<'t>, key: &str, wanted: &str) {
        let key = self.spelling.key(key);
        let message = format!("`{key}` must be {wanted}, not {}", describe(field));
        self.found.problem(field.place(), message, None);
    }

    fn resolve(&mut self, field: Field<'t>, key: &str) -> Option<Field<'t>> {
        if let Some(name) = field.text().and_then(variable) {
            return self.parameter(self.variable_default(name), name, key);
        }
        if field.kind() != Kind::Mapping {
            return self.plain(field, key);
        }
        let mut entries = field.entries();
        let (Some((function, _, argument)), None) = (entries.next(), entries.next()) else {
            return Some(field);
        };
        match function {
            "Ref" => {
                let name = field.get("Ref").and_then(Field::text)?;
                if name == "AWS::NoValue" {
                    return None;
                }
                if self.document.find(&["Resources", name]).is_some() {
                    return Some(field);
                }
                self.parameter(self.document.find(&["Parameters", name, "Default"]), name, key)
            }
            _ if function.starts_with("Fn::") => {
                argument.see_all();
                field.see_all();
                self.note(format!(
                    "`{key}` is a function of the template ({function}), which is not evaluated: \
                     taken as not written"
                ));
                None
            }
            _ => Some(field),
        }
    }

    /// A scalar; terraform's expressions are not evaluated.
    fn plain(&mut self, field: Field<'t>, key: &str) -> Option<Field<'t>> {
        let is_expression = |text: &str| {
            text.contains("${")
                || ["var.", "local.", "data.", "each."].iter().any(|root| text.starts_with(root))
        };
        if field.text().is_some_and(is_expression) && self.spelling == Spelling::Terraform {
            let text = quote(field.text().unwrap_or_default());
            self.note(format!(
                "`{key}` is the expression {text}, which is not evaluated: taken as not written"
            ));
            return None;
        }
        Some(field)
    }

    fn parameter(
        &mut self,
        default: Option<Field<'t>>,
        name: &str,
        key: &str,
    ) -> Option<Field<'t>> {
        let Some(value) = default else {
            self.note(format!(
                "`{key}` is the parameter {}, which has no default here: taken as not written",
                quote(name)
            ));
            return None;
        };
        let told = value.text().map(quote).unwrap_or_default();
        self.note(format!(
            "`{key}` is the parameter {}, whose default {told} is taken",
            quote(name)
        ));
        Some(value)
    }

    /// The default of a terraform variable, in HCL or in JSON.
    fn variable_default(&self, name: &str) -> Option<Field<'t>> {
        let variables = self.document.get("variable")?;
        let block = variables.items().find(|block| block.label(0) == Some(name));
        let block = block.or_else(|| variables.get(name))?;
        let block = if block.kind() == Kind::List { block.items().next()? } else { block };
        block.get("default")
    }
}

/// The name in `var.NAME` or `${var.NAME}`.
fn variable(text: &str) -> Option<&str> {
    let text = text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    let name = text.trim().strip_prefix("var.")?;
    name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-').then_some(name)
}

/// A share as a scenario writes it: `"12.5%"`.
pub(super) fn percent(value: f64) -> Value {
    Value::String(format!("{value}%"))
}

/// Whole units of time as a scenario writes them: `"6m"`.
pub(super) fn time(value: f64, unit: &str) -> Value {
    // Nothing here is written with more than a tenth.
    if value.fract() == 0.0 {
        return Value::String(format!("{value}{unit}"));
    }
    let seconds = if unit == "m" { value * 60.0 } else { value };
    Value::String(format!("{}ms", (seconds * 1000.0) as u64))
}

/// A table of these entries.
pub(super) fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Puts the fleet's size into a scenario. A size of none, or one that is not written, leaves it to
/// the user; `field` is what the manifest calls it.
pub(super) fn fleet(size: Option<u32>, field: &str, scenario: &mut Table, found: &mut Findings) {
    match size {
        Some(size @ 1..) => {
            let instances = table([("instances", Value::Integer(size.into()))]);
            scenario.insert("fleet".into(), Value::Table(instances));
        }
        Some(0) => {
            found.note(format!("`{field}` is 0, which is no fleet: set `fleet.instances`"));
        }
        None => found.note(format!("`{field}` is not known: set `fleet.instances`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_every_spelling() {
        for (key, cloudformation, terraform) in [
            ("desiredCount", "DesiredCount", "desired_count"),
            ("enable", "Enable", "enable"),
            ("bakeTimeInMinutes", "BakeTimeInMinutes", "bake_time_in_minutes"),
        ] {
            assert_eq!(Spelling::Api.key(key), key);
            assert_eq!(Spelling::CloudFormation.key(key), cloudformation);
            assert_eq!(Spelling::Terraform.key(key), terraform);
        }
    }

    #[test]
    fn variables_by_their_names() {
        for (text, expected) in [
            ("var.count", Some("count")),
            ("${var.count}", Some("count")),
            ("${var.count + 1}", None),
            ("local.count", None),
        ] {
            assert_eq!(variable(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_as_a_scenario_writes_them() {
        for (value, expected) in
            [(percent(12.5), "12.5%"), (time(6.0, "m"), "6m"), (time(1.5, "m"), "90000ms")]
        {
            assert_eq!(value.as_str(), Some(expected));
        }
    }
}
