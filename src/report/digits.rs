//! A number's shortest decimal digits, rounded to as many as files hold.

/// Significant digits in files: every decimal number of so many is told apart by a float
/// (`f64::DIGITS`), so the last bit's noise is hidden.
const MOST: u32 = f64::DIGITS;

/// Tens, for as many digits as a float's shortest text may have.
const TEN: u64 = 10;

/// A decimal number other than 0: `0.DIGITS x 10^point`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    is_negative: bool,
    /// Without zeros at the end.
    digits: u64,
    point: i32,
}

impl Digits {
    /// `value`, finite and not 0, to the nearest number of at most 15 digits, of two as near to
    /// the one that is even.
    pub(super) fn of(value: f64) -> Self {
        let shortest = Self::shortest(value);
        let count = shortest.count();
        if count <= MOST {
            return shortest;
        }
        // The shortest text is the number's neighbour nearest to it: no number of 16 digits lies
        // between the two, so both are rounded alike, unless the text is halfway itself.
        let unit = TEN.pow(count - MOST);
        let (digits, rest) = (shortest.digits / unit, shortest.digits % unit);
        if 2 * rest == unit {
            return Self::halfway(value);
        }
        let digits = digits + u64::from(2 * rest > unit);
        let carry = i32::from(digits == TEN.pow(MOST));
        Self { digits, point: shortest.point + carry, ..shortest }.without_zeros()
    }

    /// The digits by which alone `value` is told from other floats.
    fn shortest(value: f64) -> Self {
        Self::read(zmij::Buffer::new().format_finite(value))
    }

    /// What to do where the shortest digits do not say to which side the number lies.
    #[cold]
    fn halfway(value: f64) -> Self {
        let decimals = MOST as usize - 1;
        Self::read(&format!("{value:.decimals$e}"))
    }

    /// Reads a decimal number other than 0, with or without a point and an exponent.
    fn read(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let mut point: i32 = exponent.parse().expect("an exponent is a whole number");
        let (mut digits, mut is_behind, mut is_leading) = (0, false, true);
        for byte in mantissa.bytes() {
            match byte {
                b'.' => is_behind = true,
                b'-' => {}
                digit => {
                    is_leading &= digit == b'0';
                    digits = digits * TEN + u64::from(digit - b'0');
                    // A leading zero moves the point only if it stands behind it.
                    point += i32::from(!is_behind && !is_leading);
                    point -= i32::from(is_behind && is_leading);
                }
            }
        }
        Self { is_negative: mantissa.starts_with('-'), digits, point }.without_zeros()
    }

    const fn without_zeros(mut self) -> Self {
        while self.digits.is_multiple_of(TEN) {
            self.digits /= TEN;
        }
        self
    }

    /// How many digits.
    const fn count(self) -> u32 {
        self.digits.ilog10() + 1
    }

    /// The float nearest to it.
    pub(super) fn value(self) -> f64 {
        let text = format!("0.{}e{}", self.digits, self.point);
        let magnitude: f64 = text.parse().expect("digits and an exponent are a number");
        if self.is_negative { -magnitude } else { magnitude }
    }

    /// Its text: plain for what is at least a billionth and has at most 21 places, else with an
    /// exponent.
    pub(super) fn text(self) -> String {
        if (-8..=21).contains(&self.point) { self.plain() } else { self.scientific() }
    }

    fn plain(self) -> String {
        let (digits, point) = (self.digits.to_string(), self.point);
        let mut text = String::with_capacity(digits.len() + 24);
        if self.is_negative {
            text.push('-');
        }
        match usize::try_from(point) {
            Ok(whole) if whole >= digits.len() => {
                text.push_str(&digits);
                text.extend(std::iter::repeat_n('0', whole - digits.len()));
            }
            Ok(whole) if whole > 0 => {
                text.push_str(&digits[..whole]);
                text.push('.');
                text.push_str(&digits[whole..]);
            }
            _ => {
                text.push_str("0.");
                text.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
                text.push_str(&digits);
            }
        }
        text
    }

    fn scientific(self) -> String {
        let (digits, exponent) = (self.digits.to_string(), self.point - 1);
        let sign = if self.is_negative { "-" } else { "" };
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        format!("{sign}{first}{point}{rest}e{exponent}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same by way of the standard library, which rounds the number itself.
    fn twin(value: f64) -> (f64, String) {
        let rounded: f64 = format!("{value:.14e}").parse().expect("a number");
        let is_plain = (1e-9..1e21).contains(&rounded.abs());
        (rounded, if is_plain { rounded.to_string() } else { format!("{rounded:e}") })
    }

    fn check(value: f64) {
        let digits = Digits::of(value);
        assert_eq!((digits.value(), digits.text()), twin(value), "{value:e}");
    }

    #[test]
    fn what_is_halfway_or_at_an_edge() {
        for value in [
            1.0,
            -1e-9,
            9.999_999_999_999_999e-10,
            1e20,
            1e21,
            999_999_999_999_999.9,
            1_000_000_000_000_000.5,
            1_000_000_000_000_001.5,
            2_251_799_813_685_248.5,
            0.1 + 0.2,
            f64::MIN_POSITIVE,
            5e-324,
            1e308,
        ] {
            check(value);
        }
    }

    proptest! {
        #[test]
        fn any_float_is_as_the_standard_library_writes_it(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            if value.is_finite() && value != 0.0 {
                check(value);
            }
        }

        #[test]
        fn so_are_the_floats_of_results(whole in 1u64..1 << 53, power in 0u32..20) {
            check(whole as f64 / TEN.pow(power) as f64);
            // Halves of numbers of sixteen digits are often halfway.
            check((whole | 1) as f64 / 2.0);
        }
    }
}
