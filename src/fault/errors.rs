//! `errors`: a share of the answers are errors.
//!
//! # What it does
//! Requests that the instances in the scope answer fail at this rate, beside any other reason: with
//! a release that fails at rate a and a fault at rate b, 1 - (1 - a)(1 - b) of the answers are
//! errors. Which requests fail is drawn by the request's number, so all variants lose the same
//! ones.
//!
//! # When it hurts
//! When it befalls the new version only, it is the release that a gate should catch. When it
//! befalls both, it is the noise in which a gate must not roll back a good release.
//!
//! # Parameters
//! - `rate` (required): share of the answers that are errors.
//! - `version` ("old" or "new"), `zone` (or region), `share` of the instances: whom it befalls;
//!   default: all.
//! - `at` ("0s"), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! `rate = "5%"`, `version = "new"`: of 10,000 answers of new instances about 500 are errors.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Problem, Scope, parse, share};
use crate::units::{Ratio, Version};

pub(super) const KIND: Kind = Kind {
    name: "errors",
    summary: "a share of the answers are errors",
    source: include_str!("errors.rs"),
    parse: parse::<Errors>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Errors {
    rate: Ratio,
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    share: Option<Ratio>,
}

impl Fault for Errors {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::Errors(self.rate)]
    }

    fn scope(&self) -> Scope {
        Scope { version: self.version, zone: self.zone.clone(), share: self.share }
    }

    fn check(&self) -> Vec<Problem> {
        share("rate", Some(self.rate)).into_iter().chain(share("share", self.share)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        let scope = Scope { version: Some(Version::New), ..everywhere() };
        let text = "rate = \"5%\", version = \"new\"";
        assert_eq!(injected(KIND, text), (vec![Effect::Errors(of(0.05))], scope));
        assert_eq!(wrong(KIND, "rate = 1.5, share = 2"), ["rate", "share"]);
    }
}
