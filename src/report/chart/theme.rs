//! How charts look: colours, sizes, and how wide a text is.

use super::picture::Colour;
use crate::traffic::Charge;

/// Width of every chart: that of a README's column.
pub(super) const WIDTH: f64 = 900.0;
/// Space left free round a chart.
pub(super) const MARGIN: f64 = 14.0;

/// Text sizes, the height of the letters' box in pixels.
pub(super) const HEADLINE: f64 = 16.0;
pub(super) const TITLE: f64 = 13.0;
pub(super) const LABEL: f64 = 12.0;
pub(super) const SMALL: f64 = 11.0;

pub(super) const WHITE: Colour = Colour(255, 255, 255);
pub(super) const INK: Colour = Colour(26, 26, 26);
pub(super) const MUTED: Colour = Colour(95, 95, 95);
pub(super) const AXIS: Colour = Colour(150, 150, 150);
pub(super) const GRID: Colour = Colour(228, 228, 228);
pub(super) const FAINT: Colour = Colour(243, 243, 243);

// The colours are those of Okabe and Ito, *Color Universal Design* (2008), which people with any
// common colour vision deficiency tell apart; areas take lighter tints of them.

/// The old version.
pub(super) const OLD: Colour = Colour(163, 205, 238);
/// The new version.
pub(super) const NEW: Colour = Colour(86, 187, 153);
/// Demand that capacity does not meet, and limits.
pub(super) const ALARM: Colour = Colour(213, 94, 0);

/// One for each strategy, in turn: lines and the text beside them. The palette's yellow cannot be
/// read on white; a brown stands in for it.
pub(super) const SERIES: [Colour; 8] = [
    Colour(0, 114, 178),
    Colour(213, 94, 0),
    Colour(0, 143, 104),
    Colour(182, 90, 148),
    Colour(196, 132, 0),
    Colour(51, 51, 51),
    Colour(58, 150, 205),
    Colour(124, 72, 34),
];

/// What a failure is charged to, in the order of the ledger: what files call it, what charts do.
pub(super) const CAUSES: [(&str, &str, Colour); Charge::COUNT] = [
    (Charge::DrainRace.name(), "drain race", Colour(86, 180, 233)),
    (Charge::Crash.name(), "crash", Colour(0, 0, 0)),
    (Charge::Overload.name(), "overload", Colour(213, 94, 0)),
    (Charge::ColdStart.name(), "cold start", Colour(240, 228, 66)),
    (Charge::BadRelease.name(), "bad release", Colour(204, 121, 167)),
    (Charge::MixedVersions.name(), "mixed versions", Colour(0, 158, 115)),
    (Charge::Dependency.name(), "dependency", Colour(0, 114, 178)),
    (Charge::InjectedFault.name(), "injected fault", Colour(230, 159, 0)),
];

/// How wide `text` is at `size`, on the safe side: pictures do not carry their font, and among the
/// usual ones DejaVu Sans, whose widths these are, is wide.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let ems: f64 = text
        .chars()
        .map(|letter| match letter {
            'i' | 'j' | 'l' | '\'' | '|' => 0.29,
            ' ' | '.' | ',' | ':' | ';' | '/' | 'f' | 'I' | '-' => 0.36,
            't' | 'r' | '(' | ')' | '!' => 0.41,
            'c' | 's' | 'z' | '_' => 0.54,
            'w' | '=' | '+' | '<' | '>' | '~' => 0.84,
            'm' | 'M' | 'W' | '%' | '@' => 0.98,
            'A'..='Z' => 0.71,
            _ => 0.63,
        })
        .sum();
    ems * size
}

/// The same in bold.
pub(super) fn bold_width(text: &str, size: f64) -> f64 {
    1.12 * text_width(text, size)
}

/// A variant's name, cut so that it is no wider than `width`. What tells swept variants apart
/// stands at the end of their names, so the beginning goes.
pub(super) fn fitted(name: &str, size: f64, width: f64) -> String {
    let mut short = name.to_owned();
    let cut = |short: &str| {
        if name.contains('=') { format!("..{short}") } else { format!("{short}..") }
    };
    if text_width(name, size) <= width {
        return short;
    }
    while !short.is_empty() && text_width(&cut(&short), size) > width {
        if name.contains('=') {
            short.remove(0);
        } else {
            short.pop();
        }
    }
    cut(short.trim())
}

/// The colour of the member `number` of a family of `count` that share `colour`: from light to
/// dark.
pub(super) fn shade(colour: Colour, number: usize, count: usize) -> Colour {
    if count < 2 {
        return colour;
    }
    let share = number as f64 / (count - 1) as f64;
    // Towards white by up to 0.4, towards black by up to 0.35.
    let mix = |value: u8| {
        let value = f64::from(value);
        let light = (0.5 - share).max(0.0) * 2.0 * 0.4;
        let dark = (share - 0.5).max(0.0) * 2.0 * 0.35;
        ((value + (255.0 - value) * light) * (1.0 - dark)).round() as u8
    };
    let Colour(red, green, blue) = colour;
    Colour(mix(red), mix(green), mix(blue))
}

/// Black or white, whichever is better read on `ground`.
pub(super) fn ink_on(ground: Colour) -> Colour {
    let Colour(red, green, blue) = ground;
    // Luma of ITU-R BT.601, in thousandths.
    let luma = u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114;
    if luma > 140_000 { INK } else { WHITE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_to_its_place() {
        assert_eq!(fitted("surge", SMALL, 200.0), "surge");
        let cut = fitted("rolling max_unavailable=25% max_surge=3", SMALL, 120.0);
        assert!(cut.starts_with("..") && cut.ends_with("max_surge=3"), "{cut}");
        assert!(text_width(&cut, SMALL) <= 120.0);
        let cut = fitted("slowly-and-carefully-one-at-a-time", SMALL, 120.0);
        assert!(cut.starts_with("slowly") && cut.ends_with(".."), "{cut}");
    }

    #[test]
    fn a_family_goes_from_light_to_dark() {
        let blue = SERIES[0];
        assert_eq!(shade(blue, 0, 1), blue);
        assert_eq!(shade(blue, 1, 3), blue);
        let Colour(.., light) = shade(blue, 0, 3);
        let Colour(.., dark) = shade(blue, 2, 3);
        assert!(light > blue.2 && blue.2 > dark);
    }

    #[test]
    fn text_stands_out_from_its_ground() {
        assert_eq!(ink_on(Colour(240, 228, 66)), INK);
        assert_eq!(ink_on(Colour(0, 0, 0)), WHITE);
    }
}
