//! A picture as a list of shapes, in pixels from its upper left corner.
//!
//! Charts make pictures and renderers paint them, so that every format shows the same, and a test
//! can ask a picture what is on it.

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

/// A place on a picture: to the right and down.
pub(super) type Point = (f64, f64);

/// Where a text stands from the point it is drawn at; its middle is always at the point's height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// The point is its left end.
    Start,
    /// The point is its middle.
    Middle,
    /// The point is its right end.
    End,
}

/// How thick the letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// As usual.
    Regular,
    /// Thicker.
    Bold,
}

/// Which way a text runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// To the right.
    Level,
    /// From bottom to top.
    Upwards,
}

/// A text and how it looks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) at: Point,
    pub(super) text: String,
    pub(super) size: f64,
    pub(super) colour: Colour,
    pub(super) anchor: Anchor,
    pub(super) weight: Weight,
    pub(super) turn: Turn,
}

impl Text {
    /// A level text of usual weight that begins at `at`.
    pub(super) fn new(at: Point, text: impl Into<String>, size: f64, colour: Colour) -> Self {
        Self {
            at,
            text: text.into(),
            size,
            colour,
            anchor: Anchor::Start,
            weight: Weight::Regular,
            turn: Turn::Level,
        }
    }

    /// The same with another anchor.
    pub(super) fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// The same in bold.
    pub(super) fn bold(self) -> Self {
        Self { weight: Weight::Bold, ..self }
    }

    /// The same running upwards.
    pub(super) fn upwards(self) -> Self {
        Self { turn: Turn::Upwards, ..self }
    }
}

/// Goes on with a line. On a level part only its ends are kept, and of steep ones what can be seen.
pub(super) fn go_to(points: &mut Vec<Point>, point: Point) {
    if let [.., before, last] = points.as_slice() {
        let is_level = before.1 == last.1 && last.1 == point.1;
        let is_near = point.0 - before.0 < 0.5 && (point.1 - before.1).abs() < 0.5;
        if is_level || is_near {
            points.pop();
        }
    }
    points.push(point);
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// A line through points.
    Line {
        /// The points.
        points: Vec<Point>,
        /// Its colour.
        colour: Colour,
        /// Its thickness.
        width: f64,
    },
    /// A filled polygon.
    Fill {
        /// Its corners.
        points: Vec<Point>,
        /// Its colour.
        colour: Colour,
    },
    /// A filled disc.
    Disc {
        /// Its middle.
        at: Point,
        /// Its radius.
        radius: f64,
        /// Its colour.
        colour: Colour,
    },
    /// A text.
    Text(Text),
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Frame {
    /// Its width.
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    /// The frame with this much more on every side.
    pub(super) fn grown(&self, by: f64) -> Self {
        Self {
            left: self.left - by,
            top: self.top - by,
            right: self.right + by,
            bottom: self.bottom + by,
        }
    }

    /// Whether the two share more than an edge.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// Whether `other` lies in it.
    pub(super) fn holds(&self, other: &Self) -> bool {
        self.left <= other.left
            && other.right <= self.right
            && self.top <= other.top
            && other.bottom <= self.bottom
    }
}

/// A picture: later shapes cover earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picture {
    pub(super) width: f64,
    pub(super) height: f64,
    /// What it shows, for those who cannot see it.
    pub(super) title: String,
    pub(super) shapes: Vec<Shape>,
}

impl Picture {
    /// A white picture.
    pub(super) fn new(width: f64, height: f64, title: String) -> Self {
        let mut picture = Self { width, height, title, shapes: Vec::new() };
        let whole = Frame { left: 0.0, top: 0.0, right: width, bottom: height };
        picture.rectangle(whole, Colour(255, 255, 255));
        picture
    }

    /// Draws a line through points.
    pub(super) fn line(&mut self, points: Vec<Point>, colour: Colour, width: f64) {
        self.shapes.push(Shape::Line { points, colour, width });
    }

    /// Draws a dashed straight line.
    pub(super) fn dashes(&mut self, from: Point, to: Point, colour: Colour, width: f64) {
        const DASH: f64 = 5.0;
        const STEP: f64 = 8.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = (dx * dx + dy * dy).sqrt();
        let at = |done: f64| {
            let share = (done / length).min(1.0);
            (from.0 + dx * share, from.1 + dy * share)
        };
        let mut done = 0.0;
        while done < length {
            self.line(vec![at(done), at(done + DASH)], colour, width);
            done += STEP;
        }
    }

    /// Fills a polygon.
    pub(super) fn fill(&mut self, points: Vec<Point>, colour: Colour) {
        self.shapes.push(Shape::Fill { points, colour });
    }

    /// Fills a rectangle.
    pub(super) fn rectangle(&mut self, frame: Frame, colour: Colour) {
        let Frame { left, top, right, bottom } = frame;
        self.fill(vec![(left, top), (right, top), (right, bottom), (left, bottom)], colour);
    }

    /// Fills a disc.
    pub(super) fn disc(&mut self, at: Point, radius: f64, colour: Colour) {
        self.shapes.push(Shape::Disc { at, radius, colour });
    }

    /// Writes a text.
    pub(super) fn text(&mut self, text: Text) {
        self.shapes.push(Shape::Text(text));
    }

    /// The texts on it, in order.
    #[cfg(test)]
    pub(super) fn texts(&self) -> Vec<&Text> {
        self.shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Text(text) => Some(text),
                _ => None,
            })
            .collect()
    }
}
