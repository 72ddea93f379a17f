//! `spec.strategy.blueGreen`.

use toml::{Table, Value};

use super::super::bound::MOST_INT32;
use super::super::findings::{Findings, Known};
use super::super::tree::{Field, Kind};
use super::analysis::{Runs, Templates};
use super::{bound_of, delay, kind, note_all};

const FIELDS: &[&str] = &[
    "activeService",
    "previewService",
    "previewReplicaCount",
    "autoPromotionEnabled",
    "autoPromotionSeconds",
    "maxUnavailable",
    "scaleDownDelaySeconds",
    "scaleDownDelayRevisionLimit",
    "abortScaleDownDelaySeconds",
    "prePromotionAnalysis",
    "postPromotionAnalysis",
    "antiAffinity",
    "previewMetadata",
    "activeMetadata",
];

pub(super) fn read(
    written: Field<'_>,
    templates: &mut Templates<'_>,
    found: &mut Findings,
) -> Table {
    found.strangers(written, "spec.strategy.blueGreen", Known::All(FIELDS));
    let mut table = kind("argo-blue-green");
    services(written, found);
    if let Some(pods) = found.whole(written, "previewReplicaCount", 1..=MOST_INT32) {
        table.insert("preview_replica_count".into(), Value::Integer(pods.value));
    }
    let is_automatic = written.get("autoPromotionEnabled").is_none_or(|field| {
        field.kind() == Kind::Null || found.is_true(written, "autoPromotionEnabled")
    });
    let wait = delay(written, "autoPromotionSeconds", found);
    match (is_automatic, wait) {
        (true, Some((wait, _))) => {
            table.insert("auto_promotion_seconds".into(), wait);
        }
        (false, Some(_)) => {
            found.note("`autoPromotionSeconds` does nothing without automatic promotion".into());
        }
        (_, None) => {}
    }
    if !is_automatic {
        table.insert("auto_promotion".into(), Value::Boolean(false));
    }
    for (key, field) in [
        ("scale_down_delay", "scaleDownDelaySeconds"),
        ("abort_scale_down_delay", "abortScaleDownDelaySeconds"),
    ] {
        if let Some((value, _)) = delay(written, field, found) {
            table.insert(key.into(), value);
        }
    }
    for (key, field) in [
        ("pre_promotion_analysis", "prePromotionAnalysis"),
        ("post_promotion_analysis", "postPromotionAnalysis"),
    ] {
        if let Some(analysis) = found.mapping(written, field) {
            let names = templates.run(analysis, Runs::Once, found);
            table.insert(key.into(), Value::Array(names));
        }
    }
    if bound_of(written, "maxUnavailable", found).is_some() {
        found.note("`maxUnavailable` only bounds restarts, which are not modelled".into());
    }
    note_all(
        written,
        &[
            ("antiAffinity", "where pods may run is left to chance"),
            ("scaleDownDelayRevisionLimit", "there is one old version"),
        ],
        found,
    );
    table
}

fn services(written: Field<'_>, found: &mut Findings) {
    let active = found.word(written, "activeService");
    let preview = found.word(written, "previewService");
    let names = [active, preview].map(|name| name.map(|name| name.value));
    if names[0] == names[1] {
        let place = active.map_or_else(|| written.place(), |name| name.place);
        let message = "`activeService` and `previewService` are the same".into();
        found.problem(place, message, Some("two services are needed"));
    }
}
