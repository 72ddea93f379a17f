//! What may a field be? `--vary PATH=SPEC` of the command line.
//!
//! A spec is a range `1..6`, `5%..50%` or `5s..60s`, with a step if there is to be one
//! (`1..100/5`), or choices with commas between (`a,b,c`). Numbers are exact: billionths, or
//! nanoseconds.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::scenario::pieces;
use crate::units::SimDuration;

/// Most values of one range that are listed.
pub const MOST_VALUES: usize = 1_000_000;
/// Without a step, a range is cut into so many values at least, each as short as that allows.
const FINEST: i128 = 10_000;
const BILLION: i128 = 1_000_000_000;

/// Why a spec says nothing; in words, with what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`--vary {typed}`: {reason}")]
pub struct VaryError {
    /// What was typed.
    pub typed: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A field and what it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vary {
    /// The field, such as `strategies.rolling.max_unavailable`.
    pub path: String,
    /// What it may be.
    pub domain: Domain,
}

/// The values that a field may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    /// From one end to the other.
    Range(Range),
    /// Values as typed (TOML or bare text), each once, at least one.
    Choices(Vec<String>),
}

/// Numbers, percentages or durations, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    from: Amount,
    to: Amount,
    /// None: whole numbers if both ends are written as such, else any number.
    step: Option<Amount>,
    /// The ends as typed.
    typed: [String; 2],
}

/// A value of a domain.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// As a scenario writes it.
    pub text: String,
    /// Where it lies: 0 is the low end or the first choice, 1 the high end or the last.
    pub share: f64,
}

impl Vary {
    /// Reads `PATH=SPEC`.
    ///
    /// # Errors
    /// What is wrong, with what would be right.
    pub fn read(typed: &str) -> Result<Self, VaryError> {
        let wrong = |reason: String| VaryError { typed: typed.to_owned(), reason };
        let Some((path, spec)) = typed.split_once('=') else {
            return Err(wrong("write `PATH=1..6` or `PATH=a,b,c`".to_owned()));
        };
        let (path, spec) = (path.trim().to_owned(), spec.trim());
        if path.is_empty() || spec.is_empty() {
            let missing = if path.is_empty() { "path is" } else { "values are" };
            return Err(wrong(format!("the {missing} missing; write `PATH=1..6`")));
        }
        let is_range = spec.contains("..") && !spec.contains([',', '"', '[', '{', '\'']);
        let domain = if is_range {
            Domain::Range(Range::read(spec).map_err(wrong)?)
        } else {
            Domain::Choices(choices(spec).map_err(wrong)?)
        };
        Ok(Self { path, domain })
    }

    /// Reads every one of them.
    ///
    /// # Errors
    /// Everything that is wrong with them; that a field stands in two of them, too.
    pub fn read_all(typed: &[String]) -> Result<Vec<Self>, Vec<VaryError>> {
        let (mut all, mut errors): (Vec<Self>, Vec<VaryError>) = (Vec::new(), Vec::new());
        for text in typed {
            match Self::read(text) {
                Ok(vary) => {
                    if let Some(earlier) = all.iter().find(|earlier| earlier.overlaps(&vary)) {
                        let reason = format!(
                            "`{}` and `{}` undo each other; give all values of a field to one \
                             `--vary`",
                            earlier.path, vary.path
                        );
                        errors.push(VaryError { typed: text.clone(), reason });
                    }
                    all.push(vary);
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(all) } else { Err(errors) }
    }

    /// Whether one of the two fields is, or lies within, the other.
    fn overlaps(&self, other: &Self) -> bool {
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        within(&self.path, &other.path) || within(&other.path, &self.path)
    }
}

/// For each field, as much of the end of its path as tells it from the others.
#[must_use]
pub fn short_names(varied: &[Vary]) -> Vec<String> {
    let tail = |path: &str, names: usize| {
        let dots: Vec<usize> = path.rmatch_indices('.').map(|(at, _)| at + 1).collect();
        path[dots.get(names - 1).copied().unwrap_or(0)..].to_owned()
    };
    let is_alone = |path: &str, names: usize| {
        let same = varied.iter().filter(|one| tail(&one.path, names) == tail(path, names));
        same.count() == 1
    };
    varied
        .iter()
        .map(|Vary { path, .. }| {
            let most = path.matches('.').count() + 1;
            let names = (1..most).find(|&names| is_alone(path, names)).unwrap_or(most);
            tail(path, names)
        })
        .collect()
}

fn choices(spec: &str) -> Result<Vec<String>, String> {
    let values: Vec<String> =
        pieces(spec).into_iter().map(|piece| piece.trim().to_owned()).collect();
    if values.iter().any(String::is_empty) {
        return Err("a value is missing between the commas".to_owned());
    }
    if let Some(range) = values.iter().find(|value| Range::read(value).is_ok()) {
        return Err(format!("`{range}` is a range among choices; give either"));
    }
    let mut seen = BTreeSet::new();
    match values.iter().find(|value| !seen.insert(value.as_str())) {
        Some(twice) => Err(format!("`{twice}` is there twice; give each value once")),
        None => Ok(values),
    }
}

impl Domain {
    /// Whether its values have an order.
    #[must_use]
    pub const fn is_ordered(&self) -> bool {
        matches!(self, Self::Range(_))
    }

    /// How many values it has; none for a range of which any number may be taken.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Range(range) => range.grid().map(|step| range.steps_of(step) as u64 + 1),
            Self::Choices(choices) => Some(choices.len() as u64),
        }
    }

    /// Every value, in order; see [`Range::values`].
    ///
    /// # Errors
    /// If there are too many, or numbers with decimals have no step.
    pub fn values(&self) -> Result<Vec<String>, String> {
        match self {
            Self::Range(range) => range.values(),
            Self::Choices(choices) => Ok(choices.clone()),
        }
    }

    /// Both ends of a range, or all choices.
    #[must_use]
    pub fn ends(&self) -> Vec<String> {
        match self {
            Self::Range(range) => vec![range.from.written(), range.to.written()],
            Self::Choices(choices) => choices.clone(),
        }
    }

    /// Choice `number`, or the value of a range that is nearest to `share` of the way from its low
    /// end to its high one, in 0..=1.
    #[must_use]
    pub fn nearest(&self, share: f64) -> Level {
        match self {
            Self::Range(range) => range.nearest(share),
            Self::Choices(choices) => {
                let last = choices.len() - 1;
                choice(choices, (share.clamp(0.0, 1.0) * last as f64).round() as usize)
            }
        }
    }

    /// The value that belongs to a uniform number in 0..1: of values that can be counted, each
    /// comes as often as any other.
    #[must_use]
    pub fn uniform(&self, unit: f64) -> Level {
        match self {
            Self::Range(range) => match range.grid() {
                Some(step) => {
                    let steps = range.steps_of(step);
                    let number = (unit.clamp(0.0, 1.0) * (steps + 1) as f64).floor() as i128;
                    range.level(range.from.size + number.min(steps) * step)
                }
                None => range.nearest(unit),
            },
            Self::Choices(choices) => {
                choice(choices, (unit.clamp(0.0, 1.0) * choices.len() as f64).floor() as usize)
            }
        }
    }
}

/// A choice; the last one for a number that is too large.
fn choice(choices: &[String], number: usize) -> Level {
    let last = choices.len() - 1;
    let number = number.min(last);
    Level { text: choices[number].clone(), share: number as f64 / last.max(1) as f64 }
}

impl Range {
    /// Reads `FROM..TO` or `FROM..TO/STEP`.
    fn read(spec: &str) -> Result<Self, String> {
        let (ends, step) = match spec.split_once('/') {
            Some((ends, step)) => (ends, Some(step)),
            None => (spec, None),
        };
        let (from_text, to_text) = ends.split_once("..").unwrap_or((ends, ""));
        let to_text = to_text.strip_prefix('=').unwrap_or(to_text);
        let (from_text, to_text) = (from_text.trim(), to_text.trim());
        let (from, to) = (Amount::read(from_text)?, Amount::read(to_text)?);
        let step = step.map(Amount::read).transpose()?;
        if from.unit != to.unit || step.is_some_and(|step| step.unit != from.unit) {
            return Err(format!(
                "the ends and the step of `{spec}` have different units; write `5s..60s/5s` or \
                 `5%..50%/5%`"
            ));
        }
        if from.size > to.size {
            return Err(format!(
                "the range `{ends}` runs backwards; write `{to_text}..{from_text}`"
            ));
        }
        if step.is_some_and(|step| step.size <= 0) {
            return Err(format!("the step of `{spec}` must be above zero"));
        }
        Ok(Self { from, to, step, typed: [from_text, to_text].map(str::to_owned) })
    }

    /// Every value from the low end on, both ends included if a step ends there. Without a step
    /// the values are 1, 1% or one of the finer unit apart in which the ends are written.
    ///
    /// # Errors
    /// If there are more than [`MOST_VALUES`], or numbers with decimals have no step.
    pub fn values(&self) -> Result<Vec<String>, String> {
        let step = match self.step {
            Some(step) => step.size,
            None => self.default_step()?,
        };
        let count = self.steps_of(step) + 1;
        if count > MOST_VALUES as i128 {
            return Err(format!(
                "the range has {count} values, more than {MOST_VALUES}; give it a larger step, \
                 such as `{}/STEP`",
                self.typed.join("..")
            ));
        }
        let value = |number| Amount { size: self.from.size + number * step, ..self.from };
        Ok((0..count).map(|number| value(number).written()).collect())
    }

    fn default_step(&self) -> Result<i128, String> {
        if self.from.unit == Unit::Time {
            let unit = |text: &String| {
                let at = text.rfind(|c: char| !c.is_alphabetic()).map_or(0, |at| at + 1);
                SimDuration::from_str(&format!("1{}", &text[at..])).ok()
            };
            let finest = self.typed.iter().filter_map(unit).min();
            return Ok(finest.map_or(BILLION, |unit| i128::from(unit.as_nanos())));
        }
        if self.from.size % BILLION != 0 || self.to.size % BILLION != 0 {
            let ends = self.typed.join("..");
            return Err(format!("`{ends}` needs a step, such as `{ends}/0.1`"));
        }
        Ok(BILLION)
    }

    /// The distance of the only values that may be taken, where there is one: the step, or 1
    /// between ends that are written as whole numbers.
    fn grid(&self) -> Option<i128> {
        let is_whole = |text: &String| text.bytes().all(|c| c.is_ascii_digit() || c == b'-');
        match self.step {
            Some(step) => Some(step.size),
            None => self.typed.iter().all(is_whole).then_some(BILLION),
        }
    }

    fn steps_of(&self, step: i128) -> i128 {
        (self.to.size - self.from.size) / step
    }

    fn nearest(&self, share: f64) -> Level {
        let length = self.to.size - self.from.size;
        let offset = (share.clamp(0.0, 1.0) * length as f64).round() as i128;
        let size = match self.grid() {
            Some(step) => {
                self.from.size + ((offset + step / 2) / step).min(self.steps_of(step)) * step
            }
            None if offset >= length => self.to.size,
            None if offset <= 0 => self.from.size,
            None => {
                let quantum = finest_power(length);
                let raw = self.from.size + offset;
                let rounded = (raw + quantum / 2).div_euclid(quantum) * quantum;
                rounded.clamp(self.from.size, self.to.size)
            }
        };
        self.level(size)
    }

    /// The value of this size; shares count to the last value that may be taken.
    fn level(&self, size: i128) -> Level {
        let length = match self.grid() {
            Some(step) => self.steps_of(step) * step,
            None => self.to.size - self.from.size,
        };
        let share = (size - self.from.size) as f64 / length.max(1) as f64;
        Level { text: Amount { size, ..self.from }.written(), share }
    }
}

/// The largest power of ten of which `length` has [`FINEST`] at least; 1 if it has not.
fn finest_power(length: i128) -> i128 {
    let mut power = 1;
    while length / (power * 10) >= FINEST {
        power *= 10;
    }
    power
}

/// What a number of a range is a number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Number,
    Percent,
    Time,
}

/// An exact number: billionths, or nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Amount {
    unit: Unit,
    size: i128,
}

impl Amount {
    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong =
            || format!("`{text}` is no number, percentage such as `25%` or duration such as `5s`");
        if let Some(percent) = text.strip_suffix('%') {
            return Ok(Self { unit: Unit::Percent, size: decimal(percent).ok_or_else(wrong)? });
        }
        if let Some(size) = decimal(text) {
            return Ok(Self { unit: Unit::Number, size });
        }
        let time = SimDuration::from_str(text).map_err(|_| wrong())?;
        Ok(Self { unit: Unit::Time, size: i128::from(time.as_nanos()) })
    }

    /// As a scenario writes it.
    fn written(self) -> String {
        match self.unit {
            Unit::Number => decimal_text(self.size),
            Unit::Percent => format!("{}%", decimal_text(self.size)),
            Unit::Time if self.size > 0 && self.size < BILLION => {
                // A thousandth is a million nanoseconds.
                format!("{}ms", decimal_text(self.size * 1000))
            }
            Unit::Time => format!("{}s", decimal_text(self.size)),
        }
    }
}

/// `-12.5` as billionths; none if it is no such number.
fn decimal(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || whole.len() > 15 || fraction.len() > 9 {
        return None;
    }
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(sign * (whole.parse::<i128>().ok()? * BILLION + fraction))
}

fn decimal_text(size: i128) -> String {
    let sign = if size < 0 { "-" } else { "" };
    let (whole, rest) = (size.abs() / BILLION, size.abs() % BILLION);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let fraction = format!("{rest:09}");
    format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, expected: Result<(&str, &[&str]), &str>) {
        let read = Vary::read(typed).map_err(|error| error.reason).and_then(|vary| {
            let values = vary.domain.values()?;
            Ok((vary.path, values))
        });
        match (read, expected) {
            (Ok((path, values)), Ok(wanted)) => {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                assert_eq!((path.as_str(), values.as_slice()), wanted, "{typed}");
            }
            (Err(reason), Err(part)) => assert!(reason.contains(part), "{typed}: {reason}"),
            (read, _) => panic!("{typed}: {read:?}"),
        }
    }

    #[test]
    fn ranges_and_choices() {
        check("a.b=1..4", Ok(("a.b", &["1", "2", "3", "4"])));
        check("a.b=1..=3", Ok(("a.b", &["1", "2", "3"])));
        check("a=1..20/5", Ok(("a", &["1", "6", "11", "16"])));
        check("a=10%..20%/5%", Ok(("a", &["10%", "15%", "20%"])));
        check("a=1%..3%", Ok(("a", &["1%", "2%", "3%"])));
        check("a=0.5..1.5/0.5", Ok(("a", &["0.5", "1", "1.5"])));
        check("a=0s..1m/20s", Ok(("a", &["0s", "20s", "40s", "60s"])));
        check("a=1s..3s", Ok(("a", &["1s", "2s", "3s"])));
        check("a=500ms..502ms", Ok(("a", &["500ms", "501ms", "502ms"])));
        check("a=1us..3us", Ok(("a", &["0.001ms", "0.002ms", "0.003ms"])));
        check("a=1m..3m", Ok(("a", &["60s", "120s", "180s"])));
        check("a=7..7", Ok(("a", &["7"])));
        check("a=x, 25% ,3", Ok(("a", &["x", "25%", "3"])));
        check("a=\"x,y\",[1, 2]", Ok(("a", &["\"x,y\"", "[1, 2]"])));
    }

    #[test]
    fn what_is_no_range() {
        check("a.b", Err("write `PATH=1..6`"));
        check("=1..2", Err("path is missing"));
        check("a=", Err("values are missing"));
        check("a=6..1", Err("runs backwards; write `1..6`"));
        check("a=1..5%", Err("different units"));
        check("a=1s..5s/1", Err("different units"));
        check("a=1..5/0", Err("above zero"));
        check("a=0.5..2", Err("needs a step"));
        check("a=x..y", Err("`x` is no number"));
        check("a=1..", Err("`` is no number"));
        check("a=0..99999999", Err("larger step"));
        check("a=1,,2", Err("missing between the commas"));
        check("a=1,2,1", Err("`1` is there twice"));
        check("a=1..3,7", Err("`1..3` is a range among choices"));
    }

    #[test]
    fn every_error_is_told_at_once() {
        let typed = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let errors = Vary::read_all(&typed(&["a.b=1..2", "c", "a=x,y", "d=1..2"]));
        let errors = errors.expect_err("two are wrong");
        assert_eq!(errors.len(), 2, "{errors:?}");
        let wanted = "`--vary a=x,y`: `a.b` and `a` undo each other; give all values of a field to \
                      one `--vary`";
        assert_eq!(errors[1].to_string(), wanted);
        let right = Vary::read_all(&typed(&["a.x=1..2", "b.x=1..2", "b.y=1..2", "ab=1..2"]));
        assert_eq!(short_names(&right.expect("right")), ["a.x", "b.x", "y", "ab"]);
    }

    #[test]
    fn a_share_of_a_range_is_a_value() {
        for (typed, texts) in [
            ("a=1..6", ["1", "2", "4", "5", "6"]),
            ("a=-5..5", ["-5", "-2", "0", "3", "5"]),
            ("a=0.0..1", ["0", "0.25", "0.5", "0.8", "1"]),
            ("a=5%..50%", ["5%", "16.25%", "27.5%", "41%", "50%"]),
            ("a=5%..50%/10%", ["5%", "15%", "25%", "45%", "45%"]),
            ("a=5s..1m", ["5s", "18.75s", "32.5s", "49s", "60s"]),
            ("a=0s..10ms", ["0s", "2.5ms", "5ms", "8ms", "10ms"]),
            ("a=x,y", ["x", "x", "y", "y", "y"]),
        ] {
            let domain = Vary::read(typed).expect("right").domain;
            assert_eq!([0.0, 0.25, 0.5, 0.8, 1.0].map(|share| domain.nearest(share).text), texts);
        }
    }

    #[test]
    fn shares_are_those_of_the_value_taken() {
        let domain = |typed: &str| Vary::read(typed).expect("right").domain;
        let whole = domain("a=1..3");
        assert_eq!((whole.count(), whole.nearest(0.4).share), (Some(3), 0.5));
        // Each of the three in a third of the cases.
        let drawn = [0.0, 0.32, 0.34, 0.66, 0.67, 0.999].map(|unit| whole.uniform(unit).text);
        assert_eq!(drawn, ["1", "1", "2", "2", "3", "3"]);
        let chosen = domain("a=x,y").uniform(0.51);
        assert_eq!(chosen, Level { text: "y".into(), share: 1.0 });
        assert_eq!(domain("a=0..10/4").nearest(1.0), Level { text: "8".into(), share: 1.0 });
        let seconds = domain("a=5s..60s");
        let third = seconds.nearest(1.0 / 3.0);
        assert_eq!((third.text.as_str(), seconds.count()), ("23.333s", None));
        assert!((third.share - (23.333 - 5.0) / 55.0).abs() < 1e-15, "{third:?}");
    }
}
