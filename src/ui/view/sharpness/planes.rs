//! The loss along α over several random planes: mean and standard deviation over planes, one curve per checkpoint. Shown in the
//! sharpness tab when the session has more than one plane.

use egui::{Color32, Id, Role as WidgetRole, Shape, Stroke, Ui, WidgetInfo};

use super::Scene;
use crate::figure::number::{fixed, with_error};
use crate::figure::{LandscapeCutFigure, Panel, Spacing as ColorSpacing};
use crate::ui::style::theme;
use crate::ui::style::widget::axes::{Axes, Axis, Canvas, Scale};
use crate::ui::style::widget::grid::{Spacing, layout};
use crate::ui::style::widget::header;
use crate::ui::style::widget::reading::{empty, reading};
use flatland_core::result::{LandscapeBand, nearest_node};
use flatland_core::session::Extent;

const SPACE: Spacing = Spacing { left: 62.0, right: 8.0, header: 44.0, footer: 50.0, below: 0.0, gap: 16.0 };

/// The bands on the chosen dataset: colour and name of the checkpoint, and its band.
pub fn bands<'a>(scene: &Scene<'a>) -> Vec<(usize, &'a str, &'a LandscapeBand)> {
    let on = scene.dataset.unwrap_or_default();
    let of = |name: &str| scene.store.bands.get(&(name.to_owned(), on.to_owned()));
    scene.session.shown().filter_map(|(color, entry)| Some((color, entry.name.as_str(), &**of(&entry.name)?))).collect()
}

/// Draws the plot.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, extent: &mut Extent) {
    let bands = bands(scene);
    if bands.is_empty() {
        return empty(ui, "The planes are being computed: their mean and spread appear when all of a checkpoint are there.");
    }
    let panels: Vec<Panel<LandscapeBand>> = bands.iter().map(|&(color, name, result)| Panel { name, color, result }).collect();
    let figure = LandscapeCutFigure::of_bands(&panels);
    let ((left, right), (low, high, spacing)) = (figure.across(), figure.up());
    let up = if spacing == ColorSpacing::Log { Scale::Log10 } else { Scale::Linear };
    let area = ui.available_rect_before_wrap();
    let Some(place) = layout(area, 1, None, 560.0, SPACE).pop() else { return };
    let planes = bands.first().map_or(0, |(.., band)| band.manifest.seeds.len());
    let title = format!("Loss along α over {planes} random planes");
    header::plain(ui, place.header, &title, "mean and one standard deviation over planes: how reliable a single random plane is");
    let x = Axis { label: "α", range: [left, right], scale: Scale::Linear, labelled: true };
    let y = Axis { label: "L", range: [low, high].map(|value| height(value, up)), scale: up, labelled: true };
    let axes = Axes::new(Id::unique("band over planes"), x, y, theme::of(ui).hairline);
    let (canvas, ()) = axes.show(ui, place.plot, extent, |ui, canvas| {
        for (color, _, band) in &bands {
            draw(canvas, band, up, theme::checkpoint(ui, *color));
        }
    });
    let names: Vec<&str> = bands.iter().map(|(_, name, _)| *name).collect();
    canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, format!("{title} of {}", names.join(", "))));
    if let Some(pointer) = canvas.pointer() {
        let near = |band: &LandscapeBand| band.cut().get(nearest_node(&band.alpha, pointer.x)?).copied();
        let rows: Vec<_> = bands
            .iter()
            .filter_map(|(color, name, band)| {
                let (_, mean, std) = near(band)?;
                Some((Some(theme::checkpoint(ui, *color)), (*name).to_owned(), with_error(mean, std)))
            })
            .collect();
        let alpha = bands.first().and_then(|(.., band)| near(band)).map_or(pointer.x, |(alpha, ..)| alpha);
        reading(ui, canvas.response.id, &format!("α {}", fixed(alpha, 2)), &rows);
    }
}

fn height(value: f64, up: Scale) -> f64 {
    if up == Scale::Log10 { value.log10() } else { value }
}

/// Draws band and line; values that the axis cannot show are gaps.
fn draw(canvas: &Canvas, band: &LandscapeBand, up: Scale, color: Color32) {
    let shown = |value: f64| value.is_finite() && (up == Scale::Linear || value > 0.0);
    let cut = band.cut();
    for run in cut.split(|(_, mean, _)| !shown(*mean)).filter(|run| run.len() > 1) {
        let edges = run.iter().map(|(alpha, mean, std)| {
            let half = if std.is_finite() { *std } else { 0.0 };
            let low = if up == Scale::Linear { mean - half } else { (mean - half).max(mean * 1e-3) };
            [*alpha, height(low, up), height(mean + half, up)]
        });
        canvas.band(edges, color.gamma_multiply(0.18));
        let line = run.iter().map(|(alpha, mean, _)| canvas.at(*alpha, height(*mean, up))).collect();
        canvas.painter.add(Shape::line(line, Stroke::new(2.0, color)));
    }
}
