//! What happened, in order: the append-only record of one run's events.
//!
//! A rollout of a hundred thousand instances has close to a million events, nearly all of which
//! differ from the one before in a few counts. So a row is kept as its difference from the row
//! before, in a dozen bytes, and put together again when it is read.

use super::run::EventRow;
use crate::units::{InstanceId, SimTime, Version, ZoneId};

/// Counts in a row, in the order they are kept: those that change most first.
const COUNTS: usize = 11;

/// Every event of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    bytes: Vec<u8>,
    /// Names of events met so far; a row keeps the position.
    names: Vec<&'static str>,
    len: usize,
    has_third: bool,
    last: Last,
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
        let name = self.names.iter().position(|&name| name == row.event).unwrap_or_else(|| {
            self.names.push(row.event);
            self.names.len() - 1
        });
        let at = row.at.as_nanos();
        self.put(at - self.last.at);
        self.put(name as u64);
        self.put(row.instance.map_or(0, |id| u64::from(id.0) + 1));
        // Small numbers that nearly every row has share one.
        let version = row.version.map_or(0, |version| version.index() as u64 + 1);
        let zone = row.zone.map_or(0, |zone| u64::from(zone.0) + 1);
        self.put(zone << 3 | version << 1 | u64::from(!row.detail.is_empty()));
        let counts = counts(row);
        let is_changed = |&one: &usize| counts[one] != self.last.counts[one];
        let changed = (0..COUNTS).filter(is_changed).fold(0, |mask, one| mask | 1 << one);
        self.put(changed);
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
        let mut reader = Reader { bytes: &self.bytes, names: &self.names, last: Last::default() };
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
    names: &'a [&'static str],
    last: Last,
}

impl Reader<'_> {
    fn row(&mut self) -> EventRow {
        self.last.at += self.take();
        let event = self.names[self.take() as usize];
        let instance = self.take().checked_sub(1).map(|number| InstanceId(number as u32));
        let shared = self.take();
        let version = (shared >> 1 & 3).checked_sub(1);
        let version = version.map(|index| Version::EVERY[index as usize]);
        let zone = (shared >> 3).checked_sub(1).map(|number| ZoneId(number as u16));
        let changed = self.take();
        for one in (0..COUNTS).filter(|one| changed >> one & 1 == 1) {
            let folded = self.take();
            let difference = (folded >> 1) as i64 ^ -((folded & 1) as i64);
            self.last.counts[one] = (i64::from(self.last.counts[one]) + difference) as u32;
        }
        let length = if shared & 1 == 1 { self.take() as usize } else { 0 };
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
            prop_assert_eq!(trace.iter().collect::<Vec<_>>(), rows);
        }
    }
}
