//! [`LandscapeCurve`]: a landscape of one dimension as a curve. Figures and the window draw the same ones.

use super::barrier::barrier_label;
use super::scale::{Spacing, cell_edges};
use super::{ClassColors, Panel};
use flatland_core::result::{CellStatus, LandscapeBand, LossSurface, nearest_node};

/// Ratio of the largest to the smallest value from which the axis is logarithmic.
const LOG_FROM: f64 = 30.0;
/// Pieces of the straight line between the ends, which is bent on a log axis.
const PIECES: usize = 32;

/// A node of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveNode {
    /// Its α.
    pub alpha: f64,
    /// Its value; NaN where nothing is known, which is a gap.
    pub value: f64,
    /// Half the width of its band; 0 without a band.
    pub half: f64,
    /// Whether it is estimated, not computed.
    pub estimated: bool,
}

/// A checkpoint or an image that lies at a curve, with its own value.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveMark {
    /// Its name.
    pub label: String,
    /// Its α.
    pub alpha: f64,
    /// Its own loss.
    pub value: f64,
}

/// The barrier of a line between two checkpoints, as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct BarrierMark {
    /// The t of the barrier.
    pub t: f64,
    /// From the straight line between the ends up to the loss, both at t.
    pub from_to: [f64; 2],
    /// The straight line, (t, value).
    pub straight: Vec<[f64; 2]>,
    /// Its height with the error.
    pub label: String,
}

/// A curve along α.
#[derive(Clone, Debug, PartialEq)]
pub struct LandscapeCurve {
    /// Name of the checkpoint.
    pub name: String,
    /// Its place in the session, which determines its colour.
    pub color: usize,
    /// By α.
    pub nodes: Vec<CurveNode>,
    /// Other checkpoints or images at their own losses.
    pub marks: Vec<CurveMark>,
    /// Names of what lies at 0 and 1 of a line between two checkpoints.
    pub ends: Option<[String; 2]>,
    /// The barrier of such a line, where there is one.
    pub barrier: Option<BarrierMark>,
    /// Ranges of α where the value is computed and not finite.
    pub non_finite: Vec<[f64; 2]>,
}

/// Whether surfaces are drawn as curves: all have one dimension, and their values are amounts.
pub fn are_curves<'a>(surfaces: impl IntoIterator<Item = &'a LossSurface>) -> bool {
    let mut surfaces = surfaces.into_iter().peekable();
    surfaces.peek().is_some() && surfaces.all(|surface| surface.is_line() && ClassColors::of([surface]).is_none())
}

impl LandscapeCurve {
    /// A surface at the β nearest to 0; with `bands` of ± 1 standard error.
    pub fn of_surface(panel: &Panel<LossSurface>, bands: bool) -> Self {
        let surface = panel.result;
        let columns = surface.beta.len();
        let j = nearest_node(&surface.beta, 0.0).unwrap_or(0);
        let node = |(i, alpha): (usize, &f64)| {
            let k = i * columns + j;
            let (value, error) = surface.known_loss(k).unwrap_or((f64::NAN, f64::NAN));
            let half = if bands && error.is_finite() { error } else { 0.0 };
            CurveNode { alpha: *alpha, value, half, estimated: surface.status(k) == CellStatus::Estimated }
        };
        let edges = cell_edges(&surface.alpha);
        let broken = (0..surface.alpha.len()).filter(|i| surface.status(i * columns + j) == CellStatus::NonFinite);
        let plain = surface.quantity.is_none() && surface.baseline.is_none() && surface.error_shown.is_none();
        Self {
            name: panel.name.into(),
            color: panel.color,
            nodes: surface.alpha.iter().enumerate().map(node).collect(),
            marks: if plain { marks(surface) } else { Vec::new() },
            ends: surface.ends(),
            barrier: if plain { barrier_mark(surface) } else { None },
            non_finite: broken.map(|i| [edges[i], edges[i + 1]]).collect(),
        }
    }

    /// A mean over planes with ± 1 standard deviation.
    pub fn of_band(panel: &Panel<LandscapeBand>) -> Self {
        let node = |(alpha, value, std): (f64, f64, f64)| {
            let half = if std.is_finite() { std } else { 0.0 };
            CurveNode { alpha, value, half, estimated: false }
        };
        Self {
            name: panel.name.into(),
            color: panel.color,
            nodes: panel.result.cut().into_iter().map(node).collect(),
            marks: Vec::new(),
            ends: None,
            barrier: None,
            non_finite: Vec::new(),
        }
    }

    /// Runs of neighbouring nodes that an axis of this spacing can show.
    pub fn runs(&self, spacing: Spacing) -> impl Iterator<Item = &[CurveNode]> {
        self.nodes.split(move |node| !spacing.plotted(node.value).is_finite()).filter(|run| !run.is_empty())
    }

    /// First and last α of curves.
    pub fn across(curves: &[Self]) -> (f64, f64) {
        let alphas = curves.iter().flat_map(|curve| curve.nodes.iter().map(|node| node.alpha));
        let (low, high) = alphas.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        if low < high { (low, high) } else { (-1.0, 1.0) }
    }

    /// The smallest and the largest value on the shared axis of curves, with their bands and marks, and its spacing.
    pub fn up(curves: &[Self]) -> (f64, f64, Spacing) {
        let (left, right) = Self::across(curves);
        let marks = curves.iter().flat_map(|curve| &curve.marks).filter(|mark| (left..=right).contains(&mark.alpha)).map(|mark| mark.value);
        let values = curves.iter().flat_map(|curve| curve.nodes.iter().map(|node| node.value)).chain(marks);
        let (low, high) = range(values);
        if low > high {
            return (0.0, 1.0, Spacing::Linear);
        }
        // The label of a barrier is above the curve.
        let is_labelled = curves.iter().any(|curve| curve.barrier.is_some());
        if low > 0.0 && high / low >= LOG_FROM {
            return (low / 1.2, high * if is_labelled { 1.6 } else { 1.2 }, Spacing::Log);
        }
        let banded = curves.iter().flat_map(|curve| curve.nodes.iter().flat_map(|node| [node.value - node.half, node.value + node.half]));
        let (low, high) = range(banded.chain([low, high]));
        let pad = if high > low { 0.06 * (high - low) } else { 0.05 * low.abs().max(1e-9) };
        (low - pad, high + if is_labelled { 2.0 * pad } else { pad }, Spacing::Linear)
    }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// The checkpoints of the plane at their own losses. The end of a line, which is named at the axis, is left out where the line ends in exactly
/// this checkpoint.
fn marks(surface: &LossSurface) -> Vec<CurveMark> {
    let ends = surface.ends().filter(|_| surface.manifest.batch_norm == "interpolated");
    let is_end = |name: &String| ends.as_ref().is_some_and(|ends| ends.contains(name));
    let points = surface.manifest.plane.iter().flat_map(|plane| plane.points.iter().chain(&plane.trajectory));
    let mark = |point: &flatland_core::result::PlanePoint| {
        Some(CurveMark { label: point.label(), alpha: point.alpha, value: point.loss.filter(|_| !is_end(&point.name))? })
    };
    points.filter_map(mark).collect()
}

fn barrier_mark(surface: &LossSurface) -> Option<BarrierMark> {
    let barrier = surface.barrier.as_ref()?.as_ref().ok()?;
    let label = barrier_label(barrier)?;
    let loss = |t: f64| nearest_node(&surface.alpha, t).map(|i| surface.loss[i]);
    let (from, to, at) = (loss(0.0)?, loss(1.0)?, loss(barrier.t)?);
    let straight = (0..=PIECES).map(|k| k as f64 / PIECES as f64).map(|t| [t, (1.0 - t) * from + t * to]).collect();
    Some(BarrierMark { t: barrier.t, from_to: [at - barrier.rise, at], straight, label })
}
