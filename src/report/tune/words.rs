//! What to choose, why, what that gives up, and how sure it is: in sentences that one can act on.

use crate::experiment::Estimate;
use crate::experiment::tune::goal::{Aim, Constraint, Objective};
use crate::experiment::tune::{Answer, Judged, Method, Nothing, Status, Verdict};
use crate::measure::{Metric, MetricKind};
use crate::report::number;

/// Ratios that are multiples rather than shares.
const MULTIPLES: [&str; 4] =
    ["headroom_min", "latency_p95_ratio", "burn_rate_max", "error_rate_delta"];
/// Names in a list before the rest is counted.
const MOST_NAMES: usize = 3;

/// The value of a metric for a screen.
#[must_use]
pub fn value(metric: &Metric, value: f64) -> String {
    match metric.kind {
        MetricKind::Seconds => number::duration(value),
        MetricKind::Ratio if metric.name == "availability" => number::availability(value),
        MetricKind::Ratio if MULTIPLES.contains(&metric.name) => number::significant(value, 3),
        MetricKind::Ratio => number::percent(value, 3),
        MetricKind::Count | MetricKind::Amount => number::thousands(value),
    }
}

/// The size of a difference of a metric for a screen.
#[must_use]
pub fn difference(metric: &Metric, size: f64) -> String {
    match metric.kind {
        MetricKind::Seconds if size.abs() < 9.95 => format!("{} s", number::significant(size, 2)),
        MetricKind::Ratio if !MULTIPLES.contains(&metric.name) => {
            format!("{} points", number::significant(size * 100.0, 2))
        }
        _ => value(metric, size),
    }
}

/// The 95% interval of a mean, where chance and not rounding makes it wide.
#[must_use]
pub fn interval(one: &Estimate) -> Option<[f64; 2]> {
    one.ci95.filter(|[low, high]| high - low > 1e-9 * one.mean.abs())
}

/// A mean with its 95% interval: `40 s (39 s to 41 s)`.
#[must_use]
pub fn estimate(metric: &Metric, one: Option<&Estimate>) -> String {
    let Some(one) = one else { return "undefined".to_owned() };
    let mean = value(metric, one.mean);
    match interval(one) {
        Some([low, high]) => format!("{mean} ({} to {})", value(metric, low), value(metric, high)),
        None => mean,
    }
}

/// `a`, `a and b`, `a, b and 2 more`.
fn names(all: &[&Judged]) -> String {
    let name = |one: &&Judged| format!("`{}`", one.name);
    match all {
        [] => String::new(),
        [one] => name(one),
        [.., last] if all.len() <= MOST_NAMES => {
            let first: Vec<String> = all[..all.len() - 1].iter().map(name).collect();
            format!("{} and {}", first.join(", "), name(last))
        }
        _ => {
            let first: Vec<String> = all[..MOST_NAMES].iter().map(name).collect();
            format!("{} and {} more", first.join(", "), all.len() - MOST_NAMES)
        }
    }
}

/// What the best by an objective is called, and one that is worse and better than another.
fn comparatives(objective: &Objective) -> (String, [String; 2]) {
    let name = objective.metric.name;
    let pair = |worse: &str, better: &str| [worse.to_owned(), better.to_owned()];
    match (name, objective.aim) {
        ("duration_s", Aim::Minimize) => ("the fastest".to_owned(), pair("slower", "faster")),
        ("cost", Aim::Minimize) => ("the cheapest".to_owned(), pair("dearer", "cheaper")),
        (_, Aim::Minimize) => {
            let words = [format!("more {name}"), format!("less {name}")];
            (format!("that with the least {name}"), words)
        }
        (_, Aim::Maximize) => {
            let words = [format!("less {name}"), format!("more {name}")];
            (format!("that with the most {name}"), words)
        }
    }
}

/// By how much one is worse or better than another: `12 s slower (11 s to 13 s)`. None where they
/// are the same.
fn compared(objective: &Objective, [mean, low, high]: [f64; 3]) -> Option<String> {
    let (_, [worse, better]) = comparatives(objective);
    let loss = objective.loss(mean);
    if mean == 0.0 {
        return None;
    }
    let word = if loss > 0.0 { worse } else { better };
    let size = difference(objective.metric, mean.abs());
    if high - low <= 1e-9 * mean.abs() {
        return Some(format!("{size} {word}"));
    }
    let mut ends = [low, high].map(|end| if mean < 0.0 { -end } else { end });
    ends.sort_by(f64::total_cmp);
    let [low, high] = ends.map(|end| difference(objective.metric, end));
    Some(format!("{size} {word} ({low} to {high})"))
}

/// What a constraint limits, as it was measured.
fn limited(constraint: &Constraint, measured: Option<f64>) -> String {
    match measured {
        None => "nothing measured".to_owned(),
        Some(share) if constraint.counts_runs() => {
            format!("{} of the runs", number::percent(share, 3))
        }
        Some(measured) => value(constraint.metric, measured),
    }
}

/// The constraints, as they were typed.
fn limits(answer: &Answer) -> String {
    let typed: Vec<String> =
        answer.constraints.iter().map(|one| format!("`{}`", one.typed)).collect();
    typed.join(" and ")
}

/// How many candidates meet every constraint.
fn contenders(answer: &Answer) -> usize {
    let meets = |one: &&Judged| {
        matches!(one.status, Status::Front | Status::Tied | Status::Dominated)
            && one.verdicts.iter().all(|&verdict| verdict == Verdict::Meets)
    };
    answer.candidates.iter().filter(meets).count()
}

/// Everything there is to say: what to choose and why, what it gives up, how sure that is.
#[must_use]
pub fn sentences(answer: &Answer) -> Vec<String> {
    let mut said = match &answer.recommended {
        Ok(best) => chosen(answer, *best),
        Err(nothing) => vec![why_nothing(answer, nothing)],
    };
    said.extend(guarantee(answer));
    said.extend(of_the_runs(answer));
    said.extend(left_out(answer));
    said
}

fn chosen(answer: &Answer, best: usize) -> Vec<String> {
    let one = &answer.candidates[best];
    let of = |status: Status| -> Vec<&Judged> {
        answer.candidates.iter().filter(|other| other.status == status).collect()
    };
    let mut said = vec![format!("choose `{}`: {}", one.name, reason(answer, best))];
    let tied = of(Status::Tied);
    if !tied.is_empty() {
        said.push(format!("these runs cannot tell from it: {}", names(&tied)));
    }
    if answer.objectives.len() > 1 {
        said.extend(against_the_ends(answer, best));
    } else {
        said.extend(the_next(answer));
    }
    said.extend(the_temptation(answer));
    said
}

fn reason(answer: &Answer, best: usize) -> String {
    let one = &answer.candidates[best];
    let among = match answer.constraints.len() {
        0 => format!("the {} candidates", contenders(answer)),
        _ => format!("the {} candidates that meet {}", contenders(answer), limits(answer)),
    };
    let means: Vec<String> = answer
        .objectives
        .iter()
        .zip(&one.objectives)
        .map(|(objective, mean)| {
            format!("{} {}", objective.metric.name, estimate(objective.metric, mean.as_ref()))
        })
        .collect();
    let means = means.join(", ");
    if let [objective] = answer.objectives.as_slice() {
        let (superlative, _) = comparatives(objective);
        return format!("{superlative} of {among}; {means}");
    }
    let front = answer.candidates.iter().filter(|one| one.status == Status::Front).count();
    let what = match (answer.knee, front) {
        (Some(_), _) => format!(
            "the knee of the front of {front} out of {among}, beyond which a little more of one \
             objective costs much of another"
        ),
        (None, 1) => format!("no other of {among} is better in anything"),
        (None, _) => {
            let (superlative, _) = comparatives(&answer.objectives[0]);
            let why = why_no_knee(answer.objectives.len(), front);
            format!(
                "{superlative} of the front of {front} out of {among}, which has no knee: {why}"
            )
        }
    };
    format!("{what}; {means}")
}

/// Why none of a front of so many is called its knee.
fn why_no_knee(objectives: usize, front: usize) -> String {
    let chord = if objectives > 2 { "plane" } else { "straight line" };
    match front {
        2 => "there is nothing between its two ends".to_owned(),
        _ => format!(
            "none lies below the {chord} between its ends by more than what these runs leave \
             open, so what one objective gains another loses"
        ),
    }
}

/// How the choice compares with the best of each objective.
fn against_the_ends(answer: &Answer, best: usize) -> Vec<String> {
    let mut said = Vec::new();
    for (axis, objective) in answer.objectives.iter().enumerate() {
        let loss = |judged: &Judged| {
            judged.objectives[axis].map_or(f64::INFINITY, |mean| objective.loss(mean.mean))
        };
        let front = answer.candidates.iter().enumerate();
        let end = front
            .filter(|(_, one)| one.status == Status::Front)
            .min_by(|(_, one), (_, other)| loss(one).total_cmp(&loss(other)));
        let Some((number, end)) = end else { continue };
        if number == best || loss(end) >= loss(&answer.candidates[best]) {
            continue;
        }
        // The differences are those of the other less the choice's.
        let compare = |(objective, found): (&Objective, &Option<[f64; 3]>)| {
            let [mean, low, high] = (*found)?;
            compared(objective, [-mean, -high, -low])
        };
        let parts: Vec<String> =
            answer.objectives.iter().zip(&end.differences).filter_map(compare).collect();
        let (superlative, _) = comparatives(objective);
        said.push(format!("against {superlative}, `{}`: {}", end.name, parts.join(", ")));
    }
    said
}

/// The best of those that are worse for sure.
fn the_next(answer: &Answer) -> Option<String> {
    let objective = answer.objectives.first()?;
    let next = answer
        .candidates
        .iter()
        .filter(|one| one.status == Status::Dominated)
        .filter_map(|one| Some((one, one.differences.first().copied().flatten()?)))
        .min_by(|(_, one), (_, other)| objective.loss(one[0]).total_cmp(&objective.loss(other[0])));
    let (one, found) = next?;
    Some(format!("the next, `{}`, is {}", one.name, compared(objective, found)?))
}

/// The best of those that miss a constraint, if it would be better than the choice.
fn the_temptation(answer: &Answer) -> Option<String> {
    let objective = answer.objectives.first()?;
    let tempting = answer
        .candidates
        .iter()
        .filter(|one| one.status == Status::Infeasible)
        .filter_map(|one| Some((one, one.differences.first().copied().flatten()?)))
        .min_by(|(_, one), (_, other)| objective.loss(one[0]).total_cmp(&objective.loss(other[0])));
    let (one, found) = tempting.filter(|(_, found)| objective.loss(found[0]) < 0.0)?;
    let missed: Vec<String> = answer
        .constraints
        .iter()
        .zip(one.verdicts.iter().zip(&one.measured))
        .filter(|(_, (verdict, _))| **verdict == Verdict::Misses)
        .map(|(constraint, (_, measured))| {
            format!("`{}` with {}", constraint.typed, limited(constraint, *measured))
        })
        .collect();
    let compared = compared(objective, found)?;
    Some(format!(
        "what it gives up: `{}` is {compared}, but misses {}",
        one.name,
        missed.join(" and ")
    ))
}

fn why_nothing(answer: &Answer, nothing: &Nothing) -> String {
    match nothing {
        Nothing::Incomplete => {
            let most = answer.candidates.iter().map(|one| one.completed).fold(0.0, f64::max);
            format!(
                "nothing to choose: no candidate completes often enough, the best in {} of its \
                 runs; if these rollouts are not meant to complete, allow it with `--completed 0%`",
                number::percent(most, 3)
            )
        }
        Nothing::Undefined(metric) => format!(
            "nothing to choose: no candidate's runs define `{0}`; `rollsim explain {0}` says when \
             it is defined",
            metric.name
        ),
        Nothing::Misses { constraint, nearest, shortfall, alone } => {
            let limit = &answer.constraints[*constraint];
            let one = &answer.candidates[*nearest];
            let who = if *alone {
                "no candidate meets all constraints together; nearest comes"
            } else {
                "no candidate meets"
            };
            let name = &one.name;
            let mean = limited(limit, one.measured[*constraint]);
            let short = if limit.counts_runs() {
                format!("{} points", number::significant(shortfall * 100.0, 2))
            } else {
                difference(limit.metric, *shortfall)
            };
            if *alone {
                format!(
                    "nothing to choose: {who} `{name}`, which misses `{}` by {short}, with {mean}",
                    limit.typed
                )
            } else {
                format!(
                    "nothing to choose: {who} `{}`; the best, `{name}`, misses it by {short}, \
                     with {mean}",
                    limit.typed
                )
            }
        }
        Nothing::Unclear(unclear) => {
            let all: Vec<&Judged> = unclear.iter().map(|&one| &answer.candidates[one]).collect();
            format!(
                "undecided: {} may meet {}, but lie so near to a limit that {} runs of each cannot \
                 tell; allow more with `--max-replications`",
                names(&all),
                limits(answer),
                all.iter().map(|one| one.runs).max().unwrap_or(0)
            )
        }
    }
}

/// What is promised, as what it is.
fn guarantee(answer: &Answer) -> Vec<String> {
    let zones: Vec<String> = answer
        .objectives
        .iter()
        .zip(&answer.zones)
        .map(|(objective, &zone)| {
            let size = difference(objective.metric, zone);
            if answer.objectives.len() > 1 {
                format!("{size} of {}", objective.metric.name)
            } else {
                size
            }
        })
        .collect();
    let zones = zones.join(", ");
    let sure = number::percent(answer.confidence, 4);
    let half = match answer.constraints.len() {
        0 => "",
        _ => "; half of what may go wrong is for the constraints",
    };
    let text = match answer.method {
        _ if answer.recommended.is_err() => return Vec::new(),
        Method::KimNelson { systems: 1, .. } => {
            format!("there was nothing to select from; {} runs in all", answer.runs)
        }
        Method::KimNelson { systems, is_reached: true, .. } => format!(
            "the best of the {systems} is selected with a probability of {sure} at least, provided \
             that it is better than each other by {zones} (the indifference zone) or more: Kim and \
             Nelson's procedure on common random numbers, {} runs in all{half}",
            answer.runs
        ),
        Method::KimNelson { systems, .. } => format!(
            "stopped short: {} runs in all could not select the best of the {systems} with a \
             probability of {sure} and an indifference zone of {zones}, so nothing is promised; \
             allow more with `--max-replications` or a wider `--indifference`",
            answer.runs
        ),
        Method::Allocation { budget, probability, systems } => format!(
            "{budget} runs were spread by the optimal computing budget allocation; the best of the \
             {systems} was selected with a probability of {} as estimated from these runs, which \
             is no guarantee",
            number::percent(probability, 3)
        ),
        Method::Front { systems, is_reached: true, .. } => format!(
            "none of the {systems} is called dominated wrongly with a probability of {sure} at \
             least, by paired comparison of all with all on common random numbers, where {zones} \
             do not matter; {} runs in all{half}",
            answer.runs
        ),
        Method::Front { systems, .. } => format!(
            "stopped short: none of the {systems} is called dominated wrongly with a probability \
             of {sure} at least, but {} runs in all leave differences open that are larger than \
             {zones}; allow more with `--max-replications` or a wider `--indifference`",
            answer.runs
        ),
    };
    vec![text]
}

/// What limits on the greatest or least of the runs do not promise.
fn of_the_runs(answer: &Answer) -> Option<String> {
    let best = *answer.recommended.as_ref().ok()?;
    let limits = answer.constraints.iter().filter(|one| one.is_of_the_runs());
    let typed: Vec<String> = limits.map(|one| format!("`{}`", one.typed)).collect();
    let runs = answer.candidates[best].runs;
    let verb = if typed.len() == 1 { "holds" } else { "hold" };
    let said = format!(
        "{} {verb} in all {runs} runs of the choice, which says nothing of further ones",
        typed.join(" and ")
    );
    (!typed.is_empty()).then_some(said)
}

/// What the search did not look at.
fn left_out(answer: &Answer) -> Vec<String> {
    let mut said = Vec::new();
    let seen = answer.candidates.len() + answer.refused.len();
    if seen < answer.points {
        said.push(format!(
            "{seen} of the {} points were looked at, on a grid that became finer round the best; \
             what is said holds among those",
            answer.points
        ));
    }
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for refused in &answer.refused {
        match reasons.iter_mut().find(|(reason, _)| *reason == refused.reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((&refused.reason, 1)),
        }
    }
    for (reason, count) in reasons {
        let points =
            if count == 1 { "1 point is".to_owned() } else { format!("{count} points are") };
        said.push(format!("{points} refused by the scenario's rules: {reason}"));
    }
    said
}
