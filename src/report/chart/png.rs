//! Pictures as PNG, with letters from a font that comes with the program.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};
use plotters::backend::{BitMapBackend, DrawingBackend};

use super::ChartError;
use super::picture::{Anchor, Colour, Picture, Shape, Text, Turn, Weight};
use super::svg::paint;

/// Pixels of the file in a pixel of the picture: sharp on today's screens.
const ZOOM: usize = 2;
/// Dots painted in each direction for a pixel of the file; their mean smooths the edges.
const DOTS: usize = 2;
const CHANNELS: usize = 3;

/// A grid of red, green and blue bytes.
struct Raster {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

/// The picture as the bytes of a PNG file, the same for the same picture.
pub(super) fn render(picture: &Picture) -> Result<Vec<u8>, ChartError> {
    let mut raster = shapes(picture)?.shrunk();
    for shape in &picture.shapes {
        if let Shape::Text(text) = shape {
            raster.write(text);
        }
    }
    raster.encoded()
}

/// Everything but the texts, several dots a pixel.
fn shapes(picture: &Picture) -> Result<Raster, ChartError> {
    let fine = ZOOM * DOTS;
    let dots = |pixels: f64| pixels.ceil() as usize * fine;
    let (width, height) = (dots(picture.width), dots(picture.height));
    let mut bytes = vec![255; width * height * CHANNELS];
    {
        let mut backend = BitMapBackend::with_buffer(&mut bytes, (width as u32, height as u32));
        for shape in &picture.shapes {
            paint(&mut backend, shape, fine as f64)?;
        }
        backend.present().map_err(ChartError::of)?;
    }
    Ok(Raster { width, height, bytes })
}

impl Raster {
    /// The means of squares of dots.
    fn shrunk(&self) -> Self {
        let (width, height) = (self.width / DOTS, self.height / DOTS);
        let mut bytes = Vec::with_capacity(width * height * CHANNELS);
        for y in 0..height {
            for x in 0..width {
                for channel in 0..CHANNELS {
                    let dot = |dx, dy| self.value(x * DOTS + dx, y * DOTS + dy, channel);
                    let sum: u32 = (0..DOTS)
                        .flat_map(|dy| (0..DOTS).map(move |dx| (dx, dy)))
                        .map(|(dx, dy)| u32::from(dot(dx, dy)))
                        .sum();
                    bytes.push((sum / (DOTS * DOTS) as u32) as u8);
                }
            }
        }
        Self { width, height, bytes }
    }

    fn value(&self, x: usize, y: usize, channel: usize) -> u8 {
        self.bytes[(y * self.width + x) * CHANNELS + channel]
    }

    /// Writes a text, letter by letter.
    fn write(&mut self, text: &Text) {
        let weight = match text.weight {
            Weight::Regular => FontWeight::Regular,
            Weight::Bold => FontWeight::Bold,
        };
        // The letters of a raster are 0.73 of its height.
        let size = match text.size * ZOOM as f64 {
            size if size < 20.0 => RasterHeight::Size20,
            size if size < 28.0 => RasterHeight::Size24,
            _ => RasterHeight::Size32,
        };
        let advance = get_raster_width(weight, size) as i64;
        let length = advance * text.text.chars().count() as i64;
        let back = match text.anchor {
            Anchor::Start => 0,
            Anchor::Middle => length / 2,
            Anchor::End => length,
        };
        let pixel = |value: f64| (value * ZOOM as f64).round() as i64;
        let (x, y) = (pixel(text.at.0), pixel(text.at.1));
        let half = size.val() as i64 / 2;
        for (number, letter) in text.text.chars().enumerate() {
            let Some(glyph) = get_raster(letter, weight, size) else { continue };
            let along = number as i64 * advance - back;
            for (row, line) in glyph.rows().enumerate() {
                for (column, &cover) in line.iter().enumerate() {
                    let (along, across) = (along + column as i64, row as i64 - half);
                    let at = match text.turn {
                        Turn::Level => (x + along, y + across),
                        Turn::Upwards => (x + across, y - along),
                    };
                    self.blend(at, text.colour, cover);
                }
            }
        }
    }

    /// Covers a pixel with `cover`/255 of a colour; outside the raster there is nothing to cover.
    fn blend(&mut self, (x, y): (i64, i64), Colour(red, green, blue): Colour, cover: u8) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x >= self.width || y >= self.height {
            return;
        }
        let at = (y * self.width + x) * CHANNELS;
        for (byte, ink) in self.bytes[at..at + CHANNELS].iter_mut().zip([red, green, blue]) {
            let cover = u32::from(cover);
            let mixed = u32::from(*byte) * (255 - cover) + u32::from(ink) * cover;
            *byte = ((mixed + 127) / 255) as u8;
        }
    }

    fn encoded(&self) -> Result<Vec<u8>, ChartError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(ChartError::of)?;
        writer.write_image_data(&self.bytes).map_err(ChartError::of)?;
        writer.finish().map_err(ChartError::of)?;
        Ok(file)
    }
}
