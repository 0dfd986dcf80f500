//! The one colour bar of a row of landscapes.

use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::{Align2, Color32, Rect, Shape, Stroke, StrokeKind, Ui, pos2};

use super::ticks;
use crate::figure::Spacing;
use crate::ui::theme;

/// What the bar says.
#[derive(Clone, Copy, Debug)]
pub struct ColorBar<'a> {
    /// Name of the quantity.
    pub label: &'a str,
    /// How values are spaced; the numbers below are [`Spacing::plotted`].
    pub spacing: Spacing,
    /// The lowest and highest value.
    pub range: [f64; 2],
    /// The contour levels.
    pub levels: &'a [f64],
    /// The value under the cursor.
    pub cursor: Option<f64>,
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
    let [low, high] = bar.range;
    let place = |value: f64| rect.bottom() - rect.height() * (((value - low) / (high - low)).clamp(0.0, 1.0)) as f32;
    for level in bar.levels.iter().filter(|level| (low..=high).contains(*level)) {
        painter.hline(rect.x_range(), place(*level), Stroke::new(1.0, Color32::from_white_alpha(90)));
    }
    painter.rect_stroke(rect, 0.0, Stroke::new(1.0, palette.hairline), StrokeKind::Outside);
    let count = ((rect.height() / 42.0).floor() as usize).max(2);
    let ticks = match bar.spacing {
        Spacing::Linear | Spacing::Symmetric => ticks::linear(low, high, count),
        Spacing::Log => ticks::log10(low, high, count),
    };
    for tick in ticks {
        let length = if tick.label.is_empty() { 2.0 } else { 4.0 };
        let y = place(tick.at);
        painter.hline((rect.right() + 1.0)..=(rect.right() + 1.0 + length), y, Stroke::new(1.0, palette.weak));
        painter.text(pos2(rect.right() + 8.0, y), Align2::LEFT_CENTER, &tick.label, theme::small(), palette.weak);
    }
    painter.text(pos2(rect.left(), rect.top() - 8.0), Align2::LEFT_BOTTOM, bar.label, theme::body(), palette.text);
    if let Some(cursor) = bar.cursor.filter(|cursor| cursor.is_finite()) {
        let y = place(cursor);
        painter.hline((rect.left() - 5.0)..=(rect.right() + 1.0), y, Stroke::new(2.0, palette.strong));
    }
}
