//! What antithetic pairs and control variates were worth: a line each, where they helped.

use super::number;
use super::summary_json::Summary;
use crate::experiment::Estimate;
use crate::measure::HEADLINE;

/// The lines, an empty one before them; nothing where nothing helped.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let lines: Vec<String> = [
        worth(summary, |estimate| estimate.antithetic_gain).map(|found| {
            format!("Antithetic pairs: a run is worth as many independent ones: {found}.\n")
        }),
        worth(summary, |estimate| estimate.controlled.map(|found| found.gain)).map(|found| {
            format!(
                "Without the luck with the starts (`controlled` in summary.json), a run is worth \
                 as many: {found}.\n"
            )
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    if lines.is_empty() { String::new() } else { format!("\n{}", lines.concat()) }
}

/// By how much it helped each headline metric: from the variant that gained least to the one that
/// gained most of those that gained.
fn worth(summary: &Summary, gain: impl Fn(&Estimate) -> Option<f64>) -> Option<String> {
    let of = |metric: &&str| {
        let estimates = summary.variants.iter().filter_map(|variant| variant.metric(metric));
        let gains: Vec<f64> = estimates.filter_map(&gain).collect();
        let least = gains.iter().copied().reduce(f64::min)?;
        let most = gains.iter().copied().reduce(f64::max)?;
        let [low, high] = [least, most].map(|gain| number::significant(gain, 2));
        let range = if low == high { low } else { format!("{low} to {high}") };
        Some(format!("{range} for {metric}"))
    };
    let found: Vec<String> = HEADLINE.iter().filter_map(of).collect();
    (!found.is_empty()).then(|| found.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Adjusted, fixture};

    #[test]
    fn only_what_helped_is_told() {
        let mut summary = Summary::of(&fixture::results(&["surge", "recreate"], 4), "");
        assert_eq!(render(&summary), "");
        for (variant, gain) in summary.variants.iter_mut().zip([3.04, 12.0]) {
            let duration = variant.metrics.get_mut("duration_s").expect("it ends");
            duration.antithetic_gain = Some(gain);
        }
        let ready = summary.variants[0].metrics.get_mut("ready_min").expect("it is ready");
        ready.controlled = Some(Adjusted { mean: 1.0, ci95: [1.0, 1.0], gain: 2.5 });
        assert_eq!(
            render(&summary),
            "\nAntithetic pairs: a run is worth as many independent ones: 3 to 12 for duration_s.\n\
             Without the luck with the starts (`controlled` in summary.json), a run is worth \
             as many: 2.5 for ready_min.\n"
        );
    }
}
