//! `sensitivity.csv`: what each varied field does to each metric.

use std::io::Write;

use super::number;
use crate::experiment::sensitivity::{Field, Influence, Measures, Method, Sensitivity};

const BEFORE: [&str; 3] = ["metric", "field", "values"];
const MORRIS: [&str; 7] =
    ["mu_star", "mu_star_low", "mu_star_high", "mu", "mu_low", "mu_high", "sigma"];
const SOBOL: [&str; 6] = ["first", "first_low", "first_high", "total", "total_low", "total_high"];
const AFTER: [&str; 3] = ["chance", "direction", "verdict"];

/// Writes a row for each metric and field, in the order asked. Effects are in the metric's unit and
/// over the field's whole range. `mu` is empty for choices of more than two, an interval where
/// there is one trajectory only, `chance` where there is one run at each point.
///
/// # Errors
/// If `out` cannot be written.
pub fn render(found: &Sensitivity, out: impl Write) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let own: &[&str] = match found.method {
        Method::Morris { .. } => &MORRIS,
        Method::Sobol { .. } => &SOBOL,
    };
    csv.write_record([&BEFORE[..], own, &AFTER[..]].concat())?;
    for metric in &found.metrics {
        for (field, influence) in found.fields.iter().zip(&metric.fields) {
            let mut row = vec![metric.metric.name.to_owned(), field.path.clone(), values(field)];
            row.extend(measures(influence));
            row.push(influence.chance.map_or_else(String::new, number::exact));
            row.extend([influence.direction.name(), influence.verdict.name()].map(str::to_owned));
            csv.write_record(&row)?;
        }
    }
    csv.flush()?;
    Ok(())
}

/// A range or choices in one text.
#[must_use]
pub fn values(field: &Field) -> String {
    field.values.join(if field.is_range { ".." } else { "," })
}

fn measures(influence: &Influence) -> Vec<String> {
    let ends =
        |ends: Option<[f64; 2]>| ends.map_or_else(Default::default, |ends| ends.map(number::exact));
    match influence.measures {
        Measures::Morris(effects) => {
            let [star_low, star_high] = ends(effects.mu_star_ci95);
            let [low, high] = ends(effects.mu_ci95);
            let [star, mean, sigma] =
                [effects.mu_star, effects.mu, effects.sigma].map(number::exact);
            let signed =
                if influence.is_unordered() { Default::default() } else { [mean, low, high] };
            [&[star, star_low, star_high][..], &signed, &[sigma]].concat()
        }
        Measures::Sobol(indices) => [indices.first, indices.total]
            .into_iter()
            .flat_map(|index| [index.value, index.ci95[0], index.ci95[1]].map(number::exact))
            .collect(),
    }
}
