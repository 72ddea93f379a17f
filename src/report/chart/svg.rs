//! Pictures as SVG.

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::prelude::{FontFamily, FontStyle, FontTransform, IntoTextStyle, RGBColor, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, ShapeStyle};

use super::ChartError;
use super::picture::{Anchor, Colour, Picture, Point, Shape, Text, Turn, Weight};

/// Units of the drawing in a pixel of the picture. The backend knows whole units only; fine ones
/// keep lines smooth.
const FINE: f64 = 8.0;
/// The backend divides a font's size by this before it writes it.
const FONT_SIZE: f64 = 1.24;

/// The picture as the text of an SVG file, the same for the same picture.
pub(super) fn render(picture: &Picture) -> Result<String, ChartError> {
    let size = (units(picture.width) as u32, units(picture.height) as u32);
    let mut svg = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut svg, size);
        for shape in &picture.shapes {
            match shape {
                Shape::Text(text) => write(&mut backend, text)?,
                shape => paint(&mut backend, shape, FINE)?,
            }
        }
        backend.present().map_err(ChartError::of)?;
    }
    let drawn = format!("<svg width=\"{}\" height=\"{}\"", size.0, size.1);
    let shown =
        format!("<svg width=\"{}\" height=\"{}\" role=\"img\"", picture.width, picture.height);
    let svg = svg.replacen(&drawn, &shown, 1);
    let title = format!(">\n<title>{}</title>\n", escaped(&picture.title));
    Ok(svg.replacen(">\n", &title, 1))
}

/// Paints anything but a text, `fine` units a pixel.
pub(super) fn paint<B: DrawingBackend>(
    backend: &mut B,
    shape: &Shape,
    fine: f64,
) -> Result<(), ChartError> {
    let unit = |value: f64| (value * fine).round() as i32;
    let place = |point: &Point| (unit(point.0), unit(point.1));
    match shape {
        Shape::Line { points, colour, width } => {
            let style = ShapeStyle {
                color: rgb(*colour).to_rgba(),
                filled: false,
                stroke_width: unit(*width).max(1) as u32,
            };
            backend.draw_path(points.iter().map(place), &style).map_err(ChartError::of)
        }
        Shape::Fill { points, colour } => {
            let corners = points.iter().map(place);
            backend.fill_polygon(corners, &rgb(*colour).filled()).map_err(ChartError::of)
        }
        Shape::Disc { at, radius, colour } => backend
            .draw_circle(place(at), unit(*radius) as u32, &rgb(*colour).filled(), true)
            .map_err(ChartError::of),
        Shape::Text(_) => Ok(()),
    }
}

fn write<B: DrawingBackend>(backend: &mut B, text: &Text) -> Result<(), ChartError> {
    let weight = match text.weight {
        Weight::Regular => FontStyle::Normal,
        Weight::Bold => FontStyle::Bold,
    };
    let turn = match text.turn {
        Turn::Level => FontTransform::None,
        Turn::Upwards => FontTransform::Rotate270,
    };
    let h_pos = match text.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let colour = rgb(text.colour);
    let style: TextStyle<'_> = (FontFamily::SansSerif, text.size * FINE * FONT_SIZE, weight)
        .into_text_style(&(1, 1))
        .transform(turn)
        .color(&colour)
        .pos(Pos::new(h_pos, VPos::Center));
    let at = (units(text.at.0), units(text.at.1));
    backend.draw_text(&text.text, &style, at).map_err(ChartError::of)
}

fn units(pixels: f64) -> i32 {
    (pixels * FINE).round() as i32
}

const fn rgb(Colour(red, green, blue): Colour) -> RGBColor {
    RGBColor(red, green, blue)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
