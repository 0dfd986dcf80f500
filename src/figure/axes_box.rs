//! [`axes_box`]: the box around a surface, as lines and texts of the projection: the floor and the two far walls with hairlines at the ticks.

use super::orbit::{HALF_HEIGHT, Orbit};
use super::relief::height;
use super::{ColorScale, Tick, linear_ticks};

/// A line of the box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoxLine {
    /// Its ends in the projection.
    pub ends: [[f64; 2]; 2],
    /// Whether it is an edge; else it marks a tick.
    pub is_edge: bool,
}

/// A text at the box.
#[derive(Clone, Debug, PartialEq)]
pub struct BoxText {
    /// The point of its near end or centre.
    pub at: [f64; 2],
    /// The text.
    pub text: String,
    /// −1: it ends at the point, 0: it is centred there, 1: it begins there.
    pub side: i8,
    /// Whether it names an axis; else it is a value.
    pub is_title: bool,
}

/// The projected box, in shares of the panel's side from its centre, y upwards. Everything is behind the surface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AxesBox {
    /// The lines.
    pub lines: Vec<BoxLine>,
    /// The texts.
    pub texts: Vec<BoxText>,
}

/// The box of a surface over `alpha` × `beta` on a scale named `label`, for text of height `line` in shares of the panel's side.
pub fn axes_box(orbit: &Orbit, alpha: [f64; 2], beta: [f64; 2], scale: &ColorScale, label: &str, line: f64) -> AxesBox {
    let far = [0, 1].map(|k| if orbit.toward[k] > 0.0 { -0.5 } else { 0.5 });
    let sheet = Sheet { orbit, far, line };
    let mut drawn = AxesBox::default();
    sheet.edges(&mut drawn);
    for (axis, [low, high], name) in [(0, alpha, "α"), (1, beta, "β")] {
        let start = sheet.on_floor(axis, -0.5);
        let end = sheet.on_floor(axis, 0.5);
        let ticks = linear_ticks(low, high, sheet.room(start, end));
        let placed: Vec<(f64, Tick)> = ticks.into_iter().map(|tick| ((tick.value - low) / (high - low) - 0.5, tick)).collect();
        for (place, _) in &placed {
            sheet.floor_hairline(axis, *place, &mut drawn);
        }
        let outward = |point: [f64; 3]| {
            let mut beyond = point;
            beyond[1 - axis] *= 1.4;
            sheet.direction(point, beyond)
        };
        sheet.texts(
            placed.into_iter().map(|(place, tick)| (sheet.on_floor(axis, place), tick.label)),
            outward,
            name,
            [start, end],
            &mut drawn,
        );
    }
    sheet.values(scale, label, &mut drawn);
    drawn
}

struct Sheet<'a> {
    orbit: &'a Orbit,
    /// x and y of the walls.
    far: [f64; 2],
    line: f64,
}

impl Sheet<'_> {
    fn at(&self, point: [f64; 3]) -> [f64; 2] {
        self.orbit.project(point).0
    }

    fn stroke(&self, from: [f64; 3], to: [f64; 3], is_edge: bool, drawn: &mut AxesBox) {
        drawn.lines.push(BoxLine { ends: [self.at(from), self.at(to)], is_edge });
    }

    /// A point of the near floor edge along an axis.
    fn on_floor(&self, axis: usize, place: f64) -> [f64; 3] {
        let mut point = [place, place, -HALF_HEIGHT];
        point[1 - axis] = -self.far[1 - axis];
        point
    }

    /// Number of ticks that fit between two points.
    fn room(&self, from: [f64; 3], to: [f64; 3]) -> usize {
        let (a, b) = (self.at(from), self.at(to));
        let length = (a[0] - b[0]).hypot(a[1] - b[1]);
        // Values are wider than high.
        let each = 1.3 + 1.1 * (a[0] - b[0]).abs() / length.max(1e-9);
        (length / (each * self.line)).floor().clamp(2.0, 6.0) as usize
    }

    /// Unit vector in the projection from one point to another.
    fn direction(&self, from: [f64; 3], to: [f64; 3]) -> [f64; 2] {
        let (a, b) = (self.at(from), self.at(to));
        let (x, y) = (b[0] - a[0], b[1] - a[1]);
        let length = x.hypot(y);
        if length > 1e-9 { [x / length, y / length] } else { [0.0, -1.0] }
    }

    fn edges(&self, drawn: &mut AxesBox) {
        let (bottom, top, [x, y]) = (-HALF_HEIGHT, HALF_HEIGHT, self.far);
        for (from, to) in [
            ([-0.5, y, bottom], [0.5, y, bottom]),
            ([-0.5, -y, bottom], [0.5, -y, bottom]),
            ([x, -0.5, bottom], [x, 0.5, bottom]),
            ([-x, -0.5, bottom], [-x, 0.5, bottom]),
            ([-0.5, y, top], [0.5, y, top]),
            ([x, -0.5, top], [x, 0.5, top]),
            ([x, y, bottom], [x, y, top]),
            ([-x, y, bottom], [-x, y, top]),
            ([x, -y, bottom], [x, -y, top]),
        ] {
            self.stroke(from, to, true, drawn);
        }
    }

    /// A tick's hairline over the floor and up the wall.
    fn floor_hairline(&self, axis: usize, place: f64, drawn: &mut AxesBox) {
        let mut near = [place, place, -HALF_HEIGHT];
        let mut far = near;
        near[1 - axis] = -self.far[1 - axis];
        far[1 - axis] = self.far[1 - axis];
        self.stroke(near, far, false, drawn);
        self.stroke(far, [far[0], far[1], HALF_HEIGHT], false, drawn);
    }

    /// Values along an edge, and its name outside of their centre.
    fn texts(
        &self,
        values: impl Iterator<Item = ([f64; 3], String)>,
        outward: impl Fn([f64; 3]) -> [f64; 2],
        name: &str,
        [start, end]: [[f64; 3]; 2],
        drawn: &mut AxesBox,
    ) {
        let side = |x: f64| if x < -0.35 { -1 } else { i8::from(x > 0.35) };
        let (from, to) = (self.at(start), self.at(end));
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        if length < 3.0 * self.line {
            return;
        }
        let put = |point: [f64; 3], text: String, distance: f64, is_title: bool| {
            let (at, out) = (self.at(point), outward(point));
            BoxText { at: [0, 1].map(|k| at[k] + distance * self.line * out[k]), text, side: side(out[0]), is_title }
        };
        drawn.texts.extend(values.map(|(point, label)| put(point, label, 0.75, false)));
        if !name.is_empty() {
            let middle = std::array::from_fn(|k| 0.5 * (start[k] + end[k]));
            drawn.texts.push(put(middle, name.into(), 2.4, true));
        }
    }

    /// Hairlines of the values on both walls, and the values along the left edge.
    fn values(&self, scale: &ColorScale, label: &str, drawn: &mut AxesBox) {
        let [x, y] = self.far;
        // The left one of the two free vertical edges.
        let free = [[x, -y], [-x, y]];
        let left = if self.at([free[0][0], free[0][1], 0.0])[0] < self.at([free[1][0], free[1][1], 0.0])[0] { free[0] } else { free[1] };
        let on_edge = |z: f64| [left[0], left[1], z];
        let (start, end) = (on_edge(-HALF_HEIGHT), on_edge(HALF_HEIGHT));
        let ticks = scale.ticks(self.room(start, end));
        let placed: Vec<(f64, String)> =
            ticks.into_iter().filter_map(|tick| Some((height(scale.position(tick.value)?), tick.label))).collect();
        for (z, _) in &placed {
            self.stroke([x, y, *z], [-x, y, *z], false, drawn);
            self.stroke([x, y, *z], [x, -y, *z], false, drawn);
        }
        self.texts(placed.into_iter().map(|(z, text)| (on_edge(z), text)), |_| [-1.0, 0.0], "", [start, end], drawn);
        // Above the edge, where no values are drawn.
        let (top, bottom) = (self.at(end), self.at(start));
        if !label.is_empty() && top[1] - bottom[1] >= 3.0 * self.line {
            drawn.texts.push(BoxText { at: [top[0], top[1] + 0.9 * self.line], text: label.into(), side: 0, is_title: true });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::figure::Spacing;
    use flatland_core::session::Camera;

    fn of(yaw: f64, pitch: f64) -> AxesBox {
        let orbit = Orbit::new(&Camera { yaw, pitch, ..Camera::default() });
        axes_box(&orbit, [-1.0, 1.0], [-0.5, 0.5], &ColorScale::over(0.1, 10.0, Spacing::Log).unwrap(), "L", 0.035)
    }

    fn titles(drawn: &AxesBox) -> Vec<&str> {
        drawn.texts.iter().filter(|text| text.is_title).map(|text| text.text.as_str()).collect()
    }

    #[test]
    fn every_axis_has_its_name_and_its_values_from_every_side() {
        for yaw in [-150.0, -60.0, 30.0, 120.0] {
            let drawn = of(yaw, 34.0);
            assert_eq!(titles(&drawn), ["α", "β", "L"]);
            for value in ["−0.5", "0.1", "10"] {
                assert!(drawn.texts.iter().any(|text| text.text == value), "{yaw}: {value}");
            }
            // The values of L end at the box's left edge, and nothing of the box is farther left than it.
            let left = drawn.lines.iter().flat_map(|line| line.ends).map(|end| end[0]).fold(f64::INFINITY, f64::min);
            assert!(drawn.texts.iter().filter(|text| text.text == "10").all(|text| text.at[0] < left && text.side == -1));
        }
    }

    #[test]
    fn an_axis_that_is_seen_end_on_has_no_texts() {
        assert_eq!(titles(&of(30.0, 90.0)), ["α", "β"]);
        assert_eq!(titles(&of(0.0, 4.0)), ["α", "L"]);
    }
}
