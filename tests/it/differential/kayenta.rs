//! Kayenta's judge: each recorded classification, score and schedule is replayed. The series, the
//! expected classes and the interval's ends are what the real classes answered.

use std::collections::BTreeMap;

use rollsim::gate::{
    Classifier, Control, Direction, Effect, Judged, Label, Nans, Outcome, Outliers, Scoring, Span,
};
use rollsim::units::{SimDuration, SimTime};
use serde_json::Value;

use super::recorded::recorded;
use super::{Replayed, replay_all};

/// How near the ends of an interval must be: their search is the same, so only rounding is left.
const NEAR: f64 = 1e-9;

/// What differs between a case and its replay; none if nothing does.
type Difference = Option<String>;

fn numbers(list: &Value) -> Vec<f64> {
    let list = list.as_array().expect("a list");
    list.iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}

fn pair(list: &Value) -> (f64, f64) {
    let list = numbers(list);
    (list[0], list[1])
}

fn classifier(case: &Value) -> Classifier {
    Classifier {
        direction: match case["direction"].as_str() {
            Some("increase") => Direction::Increase,
            Some("decrease") => Direction::Decrease,
            _ => Direction::Either,
        },
        is_critical: case["critical"] == true,
        nans: if case["nanStrategy"] == "replace" { Nans::Replace } else { Nans::Remove },
        must_have_data: case["mustHaveData"] == true,
        outliers: if case["outliers"] == "remove" { Outliers::Remove } else { Outliers::Keep },
        outlier_factor: case["outlierFactor"].as_f64().unwrap_or(3.0),
        effect: if case["measure"] == "cles" { Effect::Cles } else { Effect::MeanRatio },
        allowed: pair(&case["effectSizeThresholds"]),
        critical: pair(&case["criticalThresholds"]),
        tolerance: case["tolerance"].as_f64().unwrap_or(Classifier::TOLERANCE),
        confidence: case["confLevel"].as_f64().unwrap_or(Classifier::CONFIDENCE),
    }
}

const fn name(label: Label) -> &'static str {
    match label {
        Label::Pass => "Pass",
        Label::High => "High",
        Label::Low => "Low",
        Label::NoData => "Nodata",
        Label::NoDataFail => "NodataFailMetric",
    }
}

fn classify(case: &Value, expected: &Value) -> Difference {
    let got = classifier(case).classify(&numbers(&case["experiment"]), &numbers(&case["control"]));
    if expected["classification"] != name(got.label) || expected["critical"] != got.is_critical {
        return Some(format!("{got:?}, recorded {expected}"));
    }
    // Where the judge adds noise of its own nothing but the class is comparable.
    if expected["gaussianNoiseUsed"] == true {
        return None;
    }
    let near = |got: Option<f64>, key: &str| match expected[key].as_f64() {
        Some(want) => got.is_some_and(|got| (got - want).abs() <= NEAR * want.abs().max(1.0)),
        None => true,
    };
    let is_near = near(got.shift.map(|shift| shift.low), "ciLower")
        && near(got.shift.map(|shift| shift.high), "ciUpper")
        && near(got.shift.map(|shift| shift.estimate), "hodgesLehmann")
        && near(got.effect, "effectSize");
    (!is_near).then(|| format!("{got:?}, recorded {expected}"))
}

fn score(case: &Value, expected: &Value) -> Difference {
    let label = |text: &Value| match text.as_str() {
        Some("Pass") => Label::Pass,
        Some("High") => Label::High,
        Some("Low") => Label::Low,
        Some("NodataFailMetric") => Label::NoDataFail,
        _ => Label::NoData,
    };
    let metrics = case["metrics"].as_array().expect("metrics").iter().map(|metric| Judged {
        label: label(&metric["classification"]),
        is_critical: metric["critical"] == true,
        is_muted: metric["muted"] == true,
        groups: metric["groups"]
            .as_array()
            .expect("groups")
            .iter()
            .filter_map(|group| group.as_str().map(str::to_owned))
            .collect(),
    });
    let table = |value: &Value| -> BTreeMap<String, f64> {
        let table = value.as_object().into_iter().flatten();
        table.map(|(name, value)| (name.clone(), value.as_f64().unwrap_or(f64::NAN))).collect()
    };
    let limit = |key: &str| case[key].as_f64().expect("a limit");
    let scoring = Scoring {
        weights: table(&case["groupWeights"]),
        pass: limit("pass"),
        marginal: limit("marginal"),
    };
    let got = scoring.score(&metrics.collect::<Vec<_>>());
    let class = match got.outcome {
        Outcome::Pass => "Pass",
        Outcome::Inconclusive => "Marginal",
        Outcome::Fail => "Fail",
        Outcome::Error => "Error",
    };
    let groups = table(&expected["groupScores"]);
    let near = |got: f64, want: f64| (got - want).abs() < NEAR;
    let is_same = expected["classification"] == class
        && near(got.total, expected["score"].as_f64().unwrap_or(f64::NAN))
        && groups.len() == got.groups.len()
        && groups.iter().all(|(name, want)| got.groups.get(name).is_some_and(|g| near(*g, *want)));
    (!is_same).then(|| format!("{got:?} {class}, recorded {expected}"))
}

/// Judgements are looks: as many as whole intervals fit into the lifetime, at least one; an
/// interval of nothing or longer than the lifetime is the lifetime.
fn schedule(case: &Value, expected: &Value) -> Difference {
    let minutes = |key: &str| case[key].as_u64().unwrap_or(0);
    let long = |minutes: u64| SimDuration::from_secs(60 * minutes);
    let lifetime = minutes("lifetimeMins");
    let interval = match minutes("analysisIntervalMins") {
        0 => lifetime,
        interval => interval.min(lifetime),
    };
    let control = Control {
        interval: long(interval),
        initial_delay: long(minutes("beginAfterMins")),
        count: u32::try_from(lifetime / interval).ok(),
        window: match minutes("lookbackMins") {
            0 => Span::All,
            lookback => Span::Last(long(lookback)),
        },
        ..Control::default()
    };
    // An hour before the beginning there was already something to look at.
    let begin = SimTime::ZERO + long(600);
    let at = |time: SimTime| time.nanos_from(begin) / 60_000_000_000;
    let windows: Vec<[i64; 2]> = (1..=control.count.unwrap_or(0))
        .map(|look| {
            let now = control.look_at(begin, look);
            let from = match control.window {
                Span::All => control.window_from(begin, now),
                // The judge may look at what was before the canary; a gate may not.
                Span::Last(_) => control.window_from(SimTime::ZERO, now),
            };
            [at(from) as i64, at(now) as i64]
        })
        .collect();
    let wanted: Vec<[i64; 2]> = expected["windowsMinutesFromStart"]
        .as_array()
        .expect("windows")
        .iter()
        .map(|window| [0, 1].map(|end| window[end].as_i64().unwrap_or(i64::MIN)))
        .collect();
    let total = windows.last().map(|window| window[1]);
    let is_same = windows == wanted
        && expected["judgements"].as_u64() == Some(windows.len() as u64)
        && expected["totalWaitMins"].as_i64() == total;
    (!is_same).then(|| format!("{windows:?}, recorded {expected}"))
}

#[test]
fn kayentas_judge() {
    let file = recorded("kayenta.json", include_str!("../../data/cases/kayenta.json"));
    replay_all(&file, |suite, case| {
        let replay = match suite {
            "classifier" | "classifier_upstream" => classify,
            "scorer" | "scorer_upstream" => score,
            "judgement_schedule" => schedule,
            _ => return Replayed::NotModelled,
        };
        Replayed::from_difference(replay(&case["in"], &case["expect"]))
    });
}
