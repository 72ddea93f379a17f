//! What happened, in order: the append-only record of one run's events.
//!
//! A rollout of a hundred thousand instances has close to a million events, nearly all of which
//! differ from the one before in a few counts, and in the same ones as others of their kind. So a
//! row is kept as its kind and its difference from the row before, in ten bytes, and put together
//! again when it is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::run::{EVENTS, EventRow};
use crate::units::{InstanceId, SimTime, Version, ZoneId};

/// Counts in a row, in the order they are kept: those that change most first.
const COUNTS: usize = 11;

/// Every event of one run. One that was written and read again can be read, and not added to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    bytes: Vec<u8>,
    /// Kinds of rows met so far; a row keeps the position.
    kinds: Vec<Kind>,
    #[serde(skip)]
    positions: BTreeMap<Kind, usize>,
    len: usize,
    has_third: bool,
    #[serde(skip)]
    last: Last,
}

/// What many rows have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Kind {
    event: Name,
    version: Option<Version>,
    zone: Option<ZoneId>,
    has_detail: bool,
    /// Which counts differ from those of the row before, a bit each.
    changed: u16,
}

/// The name of an event, one of [`EVENTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Name(&'static str);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = EVENTS.into_iter().find(|&known| known == name).map(Self);
        known.ok_or_else(|| serde::de::Error::custom(format!("no event is called `{name}`")))
    }
}

/// What a row is the difference from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Last {
    at: u64,
    counts: [u32; COUNTS],
}

impl Trace {
    /// A record without events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event, not earlier than the last.
    pub fn record(&mut self, row: &EventRow) {
        let counts = counts(row);
        let is_changed = |&one: &usize| counts[one] != self.last.counts[one];
        let changed = (0..COUNTS).filter(is_changed).fold(0, |mask, one| mask | 1 << one);
        let kind = self.position(Kind {
            event: Name(row.event),
            version: row.version,
            zone: row.zone,
            has_detail: !row.detail.is_empty(),
            changed,
        });
        let at = row.at.as_nanos();
        self.put(at - self.last.at);
        self.put(kind as u64);
        self.put(row.instance.map_or(0, |id| u64::from(id.0) + 1));
        for (one, &count) in counts.iter().enumerate().filter(|(one, _)| changed >> one & 1 == 1) {
            // Small differences of either sign make small numbers.
            let difference = i64::from(count) - i64::from(self.last.counts[one]);
            self.put((difference << 1 ^ difference >> 63) as u64);
        }
        if !row.detail.is_empty() {
            self.put(row.detail.len() as u64);
            self.bytes.extend_from_slice(row.detail.as_bytes());
        }
        self.last = Last { at, counts };
        self.len += 1;
        self.has_third |= row.version == Some(Version::Third);
    }

    /// Where a kind stands, for good.
    fn position(&mut self, kind: Kind) -> usize {
        *self.positions.entry(kind).or_insert_with(|| {
            debug_assert!(EVENTS.contains(&kind.event.0), "`{}` is on no list", kind.event.0);
            self.kinds.push(kind);
            self.kinds.len() - 1
        })
    }

    /// How many events there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a third version came.
    #[must_use]
    pub const fn has_third(&self) -> bool {
        self.has_third
    }

    /// The events, in order.
    pub fn iter(&self) -> impl Iterator<Item = EventRow> + '_ {
        let mut reader = Reader { bytes: &self.bytes, kinds: &self.kinds, last: Last::default() };
        (0..self.len).map(move |_| reader.row())
    }

    /// A number in groups of seven bits, the lowest first (LEB128).
    fn put(&mut self, mut number: u64) {
        while number >= 1 << 7 {
            self.bytes.push(number as u8 | 1 << 7);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}

impl FromIterator<EventRow> for Trace {
    fn from_iter<I: IntoIterator<Item = EventRow>>(rows: I) -> Self {
        let mut trace = Self::new();
        for row in rows {
            trace.record(&row);
        }
        trace
    }
}

const fn counts(row: &EventRow) -> [u32; COUNTS] {
    let EventRow { desired: [a, b, c], ready: [d, e, f], available: [g, h, i], .. } = *row;
    [d, e, g, h, row.terminating, row.total, a, b, c, f, i]
}

/// Puts rows together again, one after another.
struct Reader<'a> {
    bytes: &'a [u8],
    kinds: &'a [Kind],
    last: Last,
}

impl Reader<'_> {
    fn row(&mut self) -> EventRow {
        self.last.at += self.take();
        let Kind { event: Name(event), version, zone, has_detail, changed } =
            self.kinds[self.take() as usize];
        let instance = self.take().checked_sub(1).map(|number| InstanceId(number as u32));
        for one in (0..COUNTS).filter(|one| changed >> one & 1 == 1) {
            let folded = self.take();
            let difference = (folded >> 1) as i64 ^ -((folded & 1) as i64);
            self.last.counts[one] = (i64::from(self.last.counts[one]) + difference) as u32;
        }
        let length = if has_detail { self.take() as usize } else { 0 };
        let (detail, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        let counts = &self.last.counts;
        let &[d, e, g, h, terminating, total, a, b, c, f, i] = counts;
        EventRow {
            at: SimTime::from_nanos(self.last.at),
            event,
            instance,
            version,
            zone,
            desired: [a, b, c],
            ready: [d, e, f],
            available: [g, h, i],
            terminating,
            total,
            detail: String::from_utf8_lossy(detail).into_owned(),
        }
    }

    fn take(&mut self) -> u64 {
        let mut number = 0;
        for (group, &byte) in self.bytes.iter().enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * group);
            if byte < 1 << 7 {
                self.bytes = &self.bytes[group + 1..];
                break;
            }
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows() -> impl Strategy<Value = Vec<EventRow>> {
        let names = prop::sample::select(vec!["launched", "ready", "scaled", "deadline-exceeded"]);
        let counts = prop::array::uniform11(prop_oneof![0u32..4, any::<u32>()]);
        let which = (
            proptest::option::of(any::<u16>()),
            proptest::option::of(0usize..3),
            proptest::option::of(any::<u16>()),
        );
        let row = (0u64..1 << 40, names, which, counts, ".{0,20}");
        prop::collection::vec(row, 0..40).prop_map(|rows| {
            let mut at = 0;
            let rows =
                rows.into_iter().map(|(gap, event, (instance, version, zone), n, detail)| {
                    at += gap;
                    EventRow {
                        at: SimTime::from_nanos(at),
                        event,
                        instance: instance.map(|number| InstanceId(u32::from(number) * 65_537)),
                        version: version.map(|index| Version::EVERY[index]),
                        zone: zone.map(ZoneId),
                        desired: [n[0], n[1], n[2]],
                        ready: [n[3], n[4], n[5]],
                        available: [n[6], n[7], n[8]],
                        terminating: n[9],
                        total: n[10],
                        detail,
                    }
                });
            rows.collect()
        })
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_recorded(rows in rows()) {
            let trace: Trace = rows.iter().cloned().collect();
            prop_assert_eq!(trace.len(), rows.len());
            prop_assert_eq!(trace.iter().collect::<Vec<_>>(), rows.clone());
            let bytes = postcard::to_stdvec(&trace).expect("a trace can be written");
            let read: Trace = postcard::from_bytes(&bytes).expect("our own bytes");
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), rows);
        }
    }
}
