//! [`label_contours`]: positions of the labels of contour lines, for the window and the figures.
//!
//! A label is placed along a straight part of its line, is never upside down, stays within the frame, and touches neither another label
//! nor another line. A line without such a place has no label. Pure geometry on y-downwards coordinates of any unit.

use super::ContourLine;

/// A contour line to be labelled.
#[derive(Clone, Copy, Debug)]
struct LabelledLine<'a> {
    /// Its value; a level has at most two labels.
    level: f64,
    /// The line as it is drawn.
    points: &'a [[f64; 2]],
    /// Width and height of the label.
    size: [f64; 2],
}

/// A placed label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlacedLabel {
    /// Index of its line.
    pub line: usize,
    /// Its centre.
    pub at: [f64; 2],
    /// Radians clockwise, within ±π/2, so that it is never upside down.
    pub angle: f64,
}

/// Largest number of labels of one level.
const PER_LEVEL: usize = 2;
/// Largest distance of a line from the axis of its label, in heights of the label.
const BEND: f64 = 0.22;
/// Margin around a label in heights: to the frame and to other labels.
const ROOM: f64 = 0.45;

/// Places the values of `lines`, as they are `drawn`, within the frame [upper left, lower right], outside the discs `taken` (centre,
/// radius); `room` is the width and height of a text. The same lines give the same labels.
pub fn label_contours(
    lines: &[ContourLine],
    drawn: &[Vec<[f64; 2]>],
    room: impl Fn(&str) -> [f64; 2],
    frame: [[f64; 2]; 2],
    taken: &[([f64; 2], f64)],
) -> Vec<PlacedLabel> {
    let wanted: Vec<LabelledLine<'_>> =
        lines.iter().zip(drawn).map(|(line, points)| LabelledLine { level: line.level, points, size: room(&line.text()) }).collect();
    place_labels(&wanted, frame, taken)
}

fn place_labels(lines: &[LabelledLine<'_>], frame: [[f64; 2]; 2], taken: &[([f64; 2], f64)]) -> Vec<PlacedLabel> {
    let lengths: Vec<Vec<f64>> = lines.iter().map(|line| arc_lengths(line.points)).collect();
    let total = |k: usize| lengths[k].last().copied().unwrap_or(0.0);
    let mut order: Vec<usize> = (0..lines.len()).filter(|&k| total(k) >= 2.5 * lines[k].size[0]).collect();
    order.sort_by(|&a, &b| total(b).total_cmp(&total(a)).then(a.cmp(&b)));
    let mut placed: Vec<PlacedLabel> = Vec::new();
    for k in order {
        if placed.iter().filter(|label| lines[label.line].level == lines[k].level).count() >= PER_LEVEL {
            continue;
        }
        let fits = |label: &PlacedLabel| {
            let body = Body::of(label, lines[k].size, 0.0);
            let roomy = Body::of(label, lines[k].size, ROOM * lines[k].size[1]);
            roomy.is_within(frame)
                && taken.iter().all(|(middle, radius)| roomy.distance(*middle) > *radius)
                && placed.iter().all(|other| !roomy.meets(&Body::of(other, lines[other.line].size, 0.0)))
                && (0..lines.len()).all(|other| other == k || !body.is_crossed(lines[other].points))
        };
        let mut found = candidates(k, &lines[k], &lengths[k], frame);
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        placed.extend(found.into_iter().map(|(_, label)| label).find(fits));
    }
    placed.sort_by_key(|label| label.line);
    placed
}

/// Lengths from the start to every point.
fn arc_lengths(points: &[[f64; 2]]) -> Vec<f64> {
    let mut length = 0.0;
    let steps = points.windows(2).map(|pair| (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]));
    std::iter::once(0.0)
        .chain(steps.map(|step| {
            length += step;
            length
        }))
        .collect()
}

/// The point at a length.
fn along(points: &[[f64; 2]], lengths: &[f64], at: f64) -> [f64; 2] {
    let k = lengths.partition_point(|length| *length < at).clamp(1, points.len() - 1);
    let step = lengths[k] - lengths[k - 1];
    let t = if step > 0.0 { ((at - lengths[k - 1]) / step).clamp(0.0, 1.0) } else { 0.0 };
    [0, 1].map(|axis| points[k - 1][axis] + t * (points[k][axis] - points[k - 1][axis]))
}

/// Positions along a line where it is straight enough, with their costs: bent, steep and outer positions cost more.
fn candidates(k: usize, line: &LabelledLine<'_>, lengths: &[f64], frame: [[f64; 2]; 2]) -> Vec<(f64, PlacedLabel)> {
    let [width, height] = line.size;
    let total = lengths.last().copied().unwrap_or(0.0);
    if line.points.len() < 2 || !total.is_finite() || width <= 0.0 || height <= 0.0 {
        return Vec::new();
    }
    let middle = [0, 1].map(|axis| 0.5 * (frame[0][axis] + frame[1][axis]));
    let reach = (frame[1][0] - frame[0][0]).hypot(frame[1][1] - frame[0][1]).max(f64::MIN_POSITIVE);
    let steps = ((total - width) / (0.5 * height)).floor().clamp(0.0, 400.0) as usize;
    let candidate = |step: usize| {
        let start = (total - width) * (step as f64 + 0.5) / (steps + 1) as f64;
        let [from, to] = [start, start + width].map(|at| along(line.points, lengths, at));
        let chord = (to[0] - from[0]).hypot(to[1] - from[1]);
        if chord < 0.9 * width {
            return None;
        }
        // How far the line departs from the chord, and to which side on average.
        let aside = |at: f64| {
            let point = along(line.points, lengths, at);
            ((to[0] - from[0]) * (point[1] - from[1]) - (to[1] - from[1]) * (point[0] - from[0])) / chord
        };
        let asides: Vec<f64> = (1..8).map(|i| aside(start + width * f64::from(i) / 8.0)).collect();
        let (low, high) = asides.iter().fold((0.0f64, 0.0f64), |(low, high), a| (low.min(*a), high.max(*a)));
        if high - low > 2.0 * BEND * height {
            return None;
        }
        let normal = [-(to[1] - from[1]) / chord, (to[0] - from[0]) / chord];
        let lift = 0.5 * (low + high);
        let at = [0, 1].map(|axis| 0.5 * (from[axis] + to[axis]) + lift * normal[axis]);
        let angle = upright((to[1] - from[1]).atan2(to[0] - from[0]));
        let off = (at[0] - middle[0]).hypot(at[1] - middle[1]) / reach;
        let cost = (high - low) / height + 0.35 * angle.abs() / std::f64::consts::FRAC_PI_2 + 0.5 * off;
        Some((cost, PlacedLabel { line: k, at, angle }))
    };
    (0..=steps).filter_map(candidate).collect()
}

/// The direction of the same line within ±π/2.
fn upright(angle: f64) -> f64 {
    let turned = angle.rem_euclid(std::f64::consts::PI);
    if turned > std::f64::consts::FRAC_PI_2 { turned - std::f64::consts::PI } else { turned }
}

/// A rectangle that is rotated around its centre.
struct Body {
    at: [f64; 2],
    /// Unit vectors along and across.
    axes: [[f64; 2]; 2],
    half: [f64; 2],
}

impl Body {
    fn of(label: &PlacedLabel, [width, height]: [f64; 2], room: f64) -> Self {
        let (sin, cos) = label.angle.sin_cos();
        Self { at: label.at, axes: [[cos, sin], [-sin, cos]], half: [0.5 * width + room, 0.5 * height + room] }
    }

    fn corners(&self) -> [[f64; 2]; 4] {
        [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]
            .map(|signs| [0, 1].map(|k| self.at[k] + signs[0] * self.half[0] * self.axes[0][k] + signs[1] * self.half[1] * self.axes[1][k]))
    }

    fn is_within(&self, [from, to]: [[f64; 2]; 2]) -> bool {
        self.corners().iter().all(|corner| (0..2).all(|k| (from[k]..=to[k]).contains(&corner[k])))
    }

    /// A point along and across, from the centre.
    fn local(&self, point: [f64; 2]) -> [f64; 2] {
        let from = [point[0] - self.at[0], point[1] - self.at[1]];
        self.axes.map(|axis| from[0] * axis[0] + from[1] * axis[1])
    }

    fn distance(&self, point: [f64; 2]) -> f64 {
        let local = self.local(point);
        let [x, y] = [0, 1].map(|k| (local[k].abs() - self.half[k]).max(0.0));
        x.hypot(y)
    }

    /// Whether two rectangles overlap: none of their four axes separates them.
    fn meets(&self, other: &Body) -> bool {
        let (a, b) = (self.corners(), other.corners());
        let span = |corners: &[[f64; 2]; 4], axis: &[f64; 2]| {
            let along = corners.map(|corner| corner[0] * axis[0] + corner[1] * axis[1]);
            along.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)))
        };
        self.axes.iter().chain(&other.axes).all(|axis| {
            let (of_a, of_b) = (span(&a, axis), span(&b, axis));
            of_a.0 <= of_b.1 && of_b.0 <= of_a.1
        })
    }

    /// Whether a line runs through the rectangle.
    fn is_crossed(&self, points: &[[f64; 2]]) -> bool {
        let reach = self.half[0].hypot(self.half[1]);
        points.windows(2).any(|pair| {
            let far = |k: usize| pair[0][k].min(pair[1][k]) > self.at[k] + reach || pair[0][k].max(pair[1][k]) < self.at[k] - reach;
            !(far(0) || far(1)) && {
                let [a, b] = [pair[0], pair[1]].map(|point| self.local(point));
                super::scene::clip_segment(a, b, self.half.map(|h| -h), self.half).is_some()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [[f64; 2]; 2] = [[0.0, 0.0], [200.0, 200.0]];
    const SIZE: [f64; 2] = [20.0, 8.0];

    fn circle(radius: f64) -> Vec<[f64; 2]> {
        (0..=120)
            .map(|k| f64::from(k) / 120.0 * std::f64::consts::TAU)
            .map(|a| [100.0 + radius * a.cos(), 100.0 + radius * a.sin()])
            .collect()
    }

    fn lines(points: &[Vec<[f64; 2]>]) -> Vec<LabelledLine<'_>> {
        points.iter().enumerate().map(|(level, points)| LabelledLine { level: level as f64, points, size: SIZE }).collect()
    }

    #[test]
    fn labels_of_a_bowl_overlap_neither_each_other_nor_other_lines_nor_the_frame() {
        let points: Vec<_> = (1..=9).map(|k| circle(11.0 * f64::from(k))).collect();
        let lines = lines(&points);
        let placed = place_labels(&lines, FRAME, &[]);
        assert!(placed.len() >= 6, "{placed:?}");
        for (k, label) in placed.iter().enumerate() {
            let body = Body::of(label, SIZE, 0.0);
            assert!(body.is_within(FRAME));
            assert!(label.angle.abs() <= std::f64::consts::FRAC_PI_2, "upright");
            assert!(placed[..k].iter().all(|other| !body.meets(&Body::of(other, SIZE, 0.0))));
            assert!((0..lines.len()).all(|line| line == label.line || !body.is_crossed(lines[line].points)));
            // On its own line, along it.
            let [x, y] = [label.at[0] - 100.0, label.at[1] - 100.0];
            let radius = 11.0 * (label.line + 1) as f64;
            assert!((x.hypot(y) - radius).abs() < 0.3 * SIZE[1], "{label:?}");
            assert!((x * label.angle.cos() + y * label.angle.sin()).abs() < 1e-6 * radius + 0.5, "{label:?}");
        }
        assert_eq!(placed, place_labels(&lines, FRAME, &[]), "the same twice");
    }

    #[test]
    fn a_level_line_reads_level_whichever_way_it_runs() {
        let right: Vec<[f64; 2]> = (0..21).map(|k| [10.0 * f64::from(k), 60.0]).collect();
        let left: Vec<[f64; 2]> = right.iter().rev().map(|p| [p[0], 140.0]).collect();
        let points = [right, left];
        let placed = place_labels(&lines(&points), FRAME, &[]);
        assert_eq!(placed.iter().map(|label| label.angle).collect::<Vec<_>>(), [0.0, 0.0]);
    }

    #[test]
    fn what_is_taken_stays_clear_and_short_lines_have_none() {
        let points = [vec![[20.0, 100.0], [180.0, 100.0]], vec![[50.0, 50.0], [70.0, 50.0]]];
        let lines = lines(&points);
        let free = place_labels(&lines, FRAME, &[]);
        assert_eq!(free.len(), 1);
        assert!((free[0].at[0] - 100.0).abs() < 3.0, "in the middle");
        let moved = place_labels(&lines, FRAME, &[([100.0, 100.0], 12.0)]);
        assert!((moved[0].at[0] - 100.0).abs() > 22.0, "{moved:?}");
        assert_eq!(place_labels(&lines, FRAME, &[([100.0, 100.0], 200.0)]), []);
    }

    #[test]
    fn a_level_has_at_most_two_labels() {
        let points: Vec<Vec<[f64; 2]>> = (1..6).map(|k| vec![[10.0, 35.0 * f64::from(k)], [190.0, 35.0 * f64::from(k)]]).collect();
        let lines: Vec<_> = points.iter().map(|points| LabelledLine { level: 3.0, points, size: SIZE }).collect();
        assert_eq!(place_labels(&lines, FRAME, &[]).len(), 2);
    }
}
