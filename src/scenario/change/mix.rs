//! `release_mix`: releases of several sorts and how often each comes, each a stratum of every
//! variant.
//!
//! A bad release is rare, and a sample of releases would hold few of them. So each sort is
//! simulated by itself, with all replications, and the strata are weighted by their shares
//! afterwards.

use serde::Deserialize;
use toml::de::{DeValue, ValueDeserializer};

use crate::scenario::diagnostic::source::Span;
use crate::scenario::diagnostic::{Diagnostic, Findings};
use crate::scenario::document::read::suggestion;
use crate::scenario::document::{self, Table, Value};
use crate::scenario::rule;

/// The release without defects.
pub const GOOD: &str = "good";
/// The release of the file's `[release]`.
pub(crate) const BAD: &str = "bad";
/// Shares may miss 1 by this: thirds cannot be written.
const ROUNDING: f64 = 1e-6;

/// One sort of release.
#[derive(Clone, Debug)]
pub(crate) struct Stratum<'t> {
    /// Its name.
    pub(crate) name: String,
    /// How often it comes, in 0..1.
    pub(crate) share: f64,
    /// What takes the place of the file's `[release]`; none if there is no defect.
    release: Option<Value<'t>>,
}

/// What is written of one sort, with its places.
struct Entry {
    name: String,
    key: Span,
    value: Span,
    share: f64,
}

impl<'t> Stratum<'t> {
    /// The document with this release.
    pub(crate) fn apply(&self, document: &mut Table<'t>) {
        match &self.release {
            None => drop(document.remove("release")),
            // What the stratum is of may have been swept.
            Some(_) if self.name == BAD => {}
            Some(release) => {
                document.remove("release");
                document
                    .insert(toml::Spanned::new(release.span(), "release".into()), release.clone());
            }
        }
    }
}

/// The sorts of releases; none without `release_mix`. What it takes of
/// the document is taken out. What is wrong is reported.
pub(crate) fn strata<'t>(root: &mut Table<'t>, findings: &mut Findings) -> Vec<Stratum<'t>> {
    let mix = document::find(root, ["release_mix"]).map(|entry| (entry.key, entry.value.clone()));
    let releases = root.remove("releases");
    let release = document::find(root, ["release"]).map(|entry| entry.value.clone());
    root.remove("release_mix");
    let own = named(releases.as_ref(), findings);
    let Some((key, mix)) = mix else {
        if let Some((name, _)) = own.first() {
            let message = format!("`[releases.{}]` has no effect without `release_mix`", name.0);
            let help = "say how often it comes: `release_mix = { good = 0.95, NAME = 0.05 }`";
            findings.add(idle(message, name.1.clone()).help(help));
        }
        return Vec::new();
    };
    let Some(entries) = entries(&mix, findings) else { return Vec::new() };
    check_shares(&entries, &key, findings);
    for ((name, span), _) in &own {
        if !entries.iter().any(|entry| entry.name == *name) {
            let message = format!("`[releases.{name}]` has no effect: it is not in `release_mix`");
            findings.add(idle(message, span.clone()).because(key.clone(), "the mix"));
        }
    }
    if let (Some(release), false) = (&release, entries.iter().any(|entry| entry.name == BAD)) {
        let message = "`[release]` has no effect: there is no `bad` in `release_mix`".to_owned();
        findings.add(idle(message, release.span()).because(key, "the mix"));
    }
    let known: Vec<&str> =
        [GOOD, BAD].into_iter().chain(own.iter().map(|((name, _), _)| name.as_str())).collect();
    let mut strata = Vec::new();
    for Entry { name, key, share, .. } in entries {
        let found = match name.as_str() {
            GOOD => Some(None),
            BAD => release.clone().map(Some),
            _ => {
                own.iter().find(|((own, _), _)| *own == name).map(|(_, value)| Some(value.clone()))
            }
        };
        match found {
            Some(release) => strata.push(Stratum { name, share, release }),
            None => findings.add(unknown(&name, key, &known)),
        }
    }
    strata
}

/// The tables of `[releases]`: names with their places, and what is written.
fn named<'t>(
    releases: Option<&Value<'t>>,
    findings: &mut Findings,
) -> Vec<((String, Span), Value<'t>)> {
    let Some(releases) = releases else { return Vec::new() };
    let Some(table) = releases.get_ref().as_table() else {
        findings.add(wrong_type(
            "releases",
            releases.span(),
            "write `[releases.NAME]` above its keys",
        ));
        return Vec::new();
    };
    let mut named = Vec::new();
    for (key, value) in table {
        let (name, span) = (key.get_ref().to_string(), key.span());
        if [GOOD, BAD].contains(&name.as_str()) {
            let message = format!("a release cannot be called `{name}`: that name is taken");
            let help = "`good` has no defects, and `bad` is the file's `[release]`";
            findings.add(Diagnostic::new(rule::RELEASE_NAME, message).at(span, "").help(help));
        } else if value.get_ref().is_table() {
            named.push(((name, span), value.clone()));
        } else {
            let path = format!("releases.{name}");
            findings.add(wrong_type(&path, value.span(), "it has the keys of `[release]`"));
        }
    }
    named.sort_by_key(|((_, span), _)| span.start);
    named
}

/// The names and shares, good and bad first; none if that is not what is there.
fn entries(mix: &Value<'_>, findings: &mut Findings) -> Option<Vec<Entry>> {
    let Some(table) = mix.get_ref().as_table() else {
        let help = "write `release_mix = { good = 0.95, bad = 0.05 }`";
        findings.add(wrong_type("release_mix", mix.span(), help));
        return None;
    };
    let mut entries = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().to_string();
        let share = match value.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) => {
                f64::deserialize(ValueDeserializer::from(value.clone())).ok()
            }
            _ => None,
        };
        match share {
            Some(share) => {
                entries.push(Entry { name, key: key.span(), value: value.span(), share })
            }
            None => {
                let message = format!("`release_mix.{name}` must be a number");
                findings.add(
                    Diagnostic::new(rule::WRONG_TYPE, message)
                        .at(value.span(), "")
                        .help("the share of the releases that are of this sort, such as `0.05`"),
                );
                return None;
            }
        }
    }
    // Not by place alone: what the command line sets would come last.
    entries.sort_by_key(|entry| {
        let rank = [GOOD, BAD].iter().position(|name| entry.name == *name).unwrap_or(2);
        (rank, entry.name.clone())
    });
    Some(entries)
}

fn check_shares(entries: &[Entry], key: &Span, findings: &mut Findings) {
    for Entry { name, value, share, .. } in entries {
        if !(*share > 0.0 && *share <= 1.0) {
            let message =
                format!("the share of `{name}` in `release_mix` must be above 0, up to 1");
            findings.add(
                Diagnostic::new(rule::RELEASE_SHARES, message)
                    .at(value.clone(), "")
                    .help("leave out what never comes"),
            );
            return;
        }
    }
    let sum: f64 = entries.iter().map(|entry| entry.share).sum();
    if (sum - 1.0).abs() > ROUNDING {
        let message = format!("the shares of `release_mix` add up to {sum}, not to 1");
        findings.add(
            Diagnostic::new(rule::RELEASE_SHARES, message)
                .at(key.clone(), "")
                .help("every release is of exactly one of the sorts"),
        );
    }
}

fn unknown(name: &str, key: Span, known: &[&str]) -> Diagnostic {
    let message = match name {
        BAD => "`release_mix` has a `bad`, but there is no `[release]`".to_owned(),
        _ => format!("`release_mix` has a `{name}`, but there is no `[releases.{name}]`"),
    };
    let diagnostic = Diagnostic::new(rule::RELEASE_NAME, message).at(key, "");
    match name {
        BAD => diagnostic.help("say in `[release]` what is wrong with it"),
        _ => diagnostic.help(suggestion(name, known, "releases")),
    }
}

fn idle(message: String, at: Span) -> Diagnostic {
    Diagnostic::new(rule::RELEASE_IDLE, message).at(at, "")
}

fn wrong_type(path: &str, at: Span, help: &str) -> Diagnostic {
    let message = format!("`{path}` must be a table");
    Diagnostic::new(rule::WRONG_TYPE, message).at(at, "").help(help)
}
