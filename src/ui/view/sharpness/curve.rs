//! One curve of S(ρ) over log ρ: band, line, points, and the second-order overlay dashed.

use egui::{Color32, Pos2, Shape, Stroke};

use crate::ui::style::widget::axes::{Canvas, Scale};
use flatland_core::result::{SharpnessCurve, SharpnessPoint};

/// Number of points of the overlay between two radii.
const BETWEEN: usize = 8;

/// Draws the curve of a checkpoint in the panel of another one; `unit` is the divisor of ρ, `up` the vertical scale.
pub fn draw_faint(canvas: &Canvas, curve: &SharpnessCurve, unit: f64, up: Scale, color: Color32) {
    canvas.painter.add(Shape::line(points(canvas, curve, unit, up), Stroke::new(1.0, color)));
}

/// Draws the curve with its band: one standard error of a bound, one standard deviation over the draws of an average.
pub fn draw(canvas: &Canvas, curve: &SharpnessCurve, unit: f64, up: Scale, color: Color32, ground: Color32) {
    let edges = drawable(curve, up).map(|point| {
        let half = half_band(point);
        let low = point.sharpness - half;
        let low = if up == Scale::Linear { low } else { low.max(point.sharpness * 1e-2) };
        [(point.rho / unit).log10(), height(low, up), height(point.sharpness + half, up)]
    });
    canvas.band(edges, color.gamma_multiply(0.18));
    canvas.painter.extend(Shape::dashed_line(&overlay(canvas, curve, unit, up), Stroke::new(1.2, color), 6.0, 4.0));
    let line = points(canvas, curve, unit, up);
    for at in &line {
        canvas.painter.circle_filled(*at, 3.5, color);
        canvas.painter.circle_stroke(*at, 3.5, Stroke::new(1.0, ground));
    }
    canvas.painter.add(Shape::line(line, Stroke::new(2.0, color)));
}

/// A linear range that contains averages, their bands and 0.
pub fn signed_range(curves: &[(usize, &SharpnessCurve)]) -> [f64; 2] {
    let points = curves.iter().flat_map(|(_, curve)| drawable(curve, Scale::Linear));
    let ends = points.flat_map(|point| [point.sharpness - half_band(point), point.sharpness + half_band(point)]);
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
    let pad = (0.05 * (high - low)).max(1e-12);
    [low - pad, high + pad]
}

fn half_band(point: &SharpnessPoint) -> f64 {
    let half = point.spread.map_or(point.std_error, |spread| spread.sd);
    if half.is_finite() { half } else { 0.0 }
}

fn height(value: f64, up: Scale) -> f64 {
    if up == Scale::Linear { value } else { value.log10() }
}

/// The points that can be drawn on the axes.
fn drawable(curve: &SharpnessCurve, up: Scale) -> impl Iterator<Item = &SharpnessPoint> {
    let shown =
        move |point: &&SharpnessPoint| point.rho > 0.0 && point.sharpness.is_finite() && (up == Scale::Linear || point.sharpness > 0.0);
    curve.points.iter().filter(shown)
}

fn points(canvas: &Canvas, curve: &SharpnessCurve, unit: f64, up: Scale) -> Vec<Pos2> {
    drawable(curve, up).map(|point| canvas.at((point.rho / unit).log10(), height(point.sharpness, up))).collect()
}

/// Draws ρ‖∇L‖ + ρ²λ₁/2 from the smallest to the largest radius.
fn overlay(canvas: &Canvas, curve: &SharpnessCurve, unit: f64, up: Scale) -> Vec<Pos2> {
    let Some(overlay) = curve.second_order else { return Vec::new() };
    let radii: Vec<f64> = curve.points.iter().map(|point| point.rho).filter(|rho| *rho > 0.0).collect();
    let between = |pair: &[f64]| -> Vec<f64> {
        let (from, to) = (pair[0], pair[1]);
        (0..=BETWEEN).map(|k| from * (to / from).powf(k as f64 / BETWEEN as f64)).collect()
    };
    let along = radii.windows(2).flat_map(between).filter(|rho| overlay.at(*rho) > 0.0);
    along.map(|rho| canvas.at((rho / unit).log10(), height(overlay.at(rho), up))).collect()
}
