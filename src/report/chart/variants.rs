//! What charts need of the variants, taken from one after another: there may be thousands, and most
//! are not drawn.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::MOST_PANELS;
use super::boundary::{Panel, Panels};
use crate::report::summary_json::VariantSummary;

/// What charts need of the variants so far.
#[derive(Debug, Default)]
pub(in crate::report) struct Variants {
    first: Vec<VariantSummary>,
    count: usize,
    panels: Panels,
}

impl Variants {
    /// The next variant, in the scenario's order.
    pub(in crate::report) fn add(&mut self, variant: VariantSummary) {
        self.panels.add(&variant);
        self.count += 1;
        if self.first.len() < MOST_PANELS {
            self.first.push(variant);
        }
    }

    /// Those that are drawn, how many there are, and what the chart of two swept numbers shows.
    pub(super) fn finish(self) -> (Vec<VariantSummary>, usize, Vec<Panel>) {
        (self.first, self.count, self.panels.finish())
    }
}

/// From the list in `summary.json`, of which no more is held than that.
impl<'de> Deserialize<'de> for Variants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(OneByOne)
    }
}

struct OneByOne;

impl<'de> Visitor<'de> for OneByOne {
    type Value = Variants;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of variants")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Variants, A::Error> {
        let mut variants = Variants::default();
        while let Some(variant) = list.next_element()? {
            variants.add(variant);
        }
        Ok(variants)
    }
}
