//! The one colour bar of a row of landscapes.

use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::{Align2, Color32, Rect, Shape, Stroke, StrokeKind, Ui, pos2};

use super::ticks;
use crate::figure::{ColorScale, Spacing};
use crate::ui::theme;

/// What the bar says.
#[derive(Clone, Copy, Debug)]
pub struct ColorBar<'a> {
    /// Name of the quantity.
    pub label: &'a str,
    /// The values along it.
    pub scale: ColorScale,
    /// The contour levels.
    pub levels: &'a [f64],
}

/// Draws the bar into `rect`; ticks and label stand at its right.
pub fn show(ui: &Ui, rect: Rect, bar: &ColorBar<'_>, color: impl Fn(f64) -> Color32) {
    const STEPS: u32 = 128;
    let (painter, palette) = (ui.painter(), theme::of(ui));
    let mut mesh = Mesh::default();
    for k in 0..=STEPS {
        let t = f64::from(k) / f64::from(STEPS);
        let y = rect.bottom() - rect.height() * t as f32;
        for x in [rect.left(), rect.right()] {
            mesh.vertices.push(Vertex { pos: pos2(x, y), uv: WHITE_UV, color: color(t) });
        }
        if k > 0 {
            let i = 2 * k;
            mesh.add_triangle(i - 2, i - 1, i);
            mesh.add_triangle(i - 1, i, i + 1);
        }
    }
    painter.add(Shape::mesh(mesh));
    let place = |value: f64| rect.bottom() - rect.height() * bar.scale.position(value).unwrap_or(0.0) as f32;
    for level in bar.levels {
        painter.hline(rect.x_range(), place(*level), Stroke::new(1.0, Color32::from_white_alpha(90)));
    }
    painter.rect_stroke(rect, 0.0, Stroke::new(1.0, palette.hairline), StrokeKind::Outside);
    let count = ((rect.height() / 42.0).floor() as usize).max(2);
    let [low, high] = [bar.scale.low, bar.scale.high].map(|value| bar.scale.spacing.plotted(value));
    // (value, label)
    let ticks: Vec<(f64, String)> = match bar.scale.spacing {
        Spacing::Linear => ticks::linear(low, high, count).into_iter().map(|tick| (tick.at, tick.label)).collect(),
        Spacing::Log => ticks::log10(low, high, count).into_iter().map(|tick| (10f64.powf(tick.at), tick.label)).collect(),
        Spacing::Symmetric => bar.scale.ticks(count).into_iter().map(|tick| (tick.value, tick.label)).collect(),
    };
    for (value, label) in ticks {
        let length = if label.is_empty() { 2.0 } else { 4.0 };
        let y = place(value);
        painter.hline((rect.right() + 1.0)..=(rect.right() + 1.0 + length), y, Stroke::new(1.0, palette.weak));
        painter.text(pos2(rect.right() + 8.0, y), Align2::LEFT_CENTER, &label, theme::small(), palette.weak);
    }
    painter.text(pos2(rect.left(), rect.top() - 8.0), Align2::LEFT_BOTTOM, bar.label, theme::body(), palette.text);
}
