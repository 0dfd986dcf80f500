//! The sections of all surfaces through the cursor, along α or along β; the axis is the scale of the colours.

use egui::{Color32, Id, Role as WidgetRole, Shape, Stroke, Ui, WidgetInfo};

use super::{Colors, LandscapeTab, Shared};
use crate::figure::Spacing;
use crate::figure::number::fixed;
use crate::ui::style::theme;
use crate::ui::style::widget::axes::{Axes, Axis, Canvas, Scale};
use crate::ui::style::widget::grid::Panel;
use crate::ui::style::widget::header;
use crate::ui::view::landscape::cells::symbol;
use flatland_core::result::{LossSurface, nearest_node};
use flatland_core::session::{CutAxis, Extent, LandscapeView};

/// Key of the sections' view when panels are not linked; no checkpoint has this name.
const SECTIONS: &str = "";

/// A node of a section: its coordinate, its value and the standard error.
type Node = (f64, f64, f64);

/// Draws the sections into `cell`: through the cursor, else through θ.
pub(super) fn show(
    ui: &mut Ui,
    view: &LandscapeView,
    state: &mut LandscapeTab,
    shared: &Shared<'_>,
    colors: &Colors,
    cell: &Panel,
    n: usize,
) {
    // The pointer may be in any panel: the sections of all surfaces are shown.
    let node = shared.cursor.at.as_ref().map(|(_, node)| *node);
    let [along, across] = view.cut.symbols();
    if colors.classes.is_some() {
        return header::plain(
            ui,
            cell.header,
            "No section of classes",
            "classes have no values between them; choose another quantity above",
        );
    }
    let (at, place) = match view.cut {
        CutAxis::Alpha => (node.map_or(0.0, |[_, beta]| beta), node.map(|[alpha, _]| alpha)),
        CutAxis::Beta => (node.map_or(0.0, |[alpha, _]| alpha), node.map(|[_, beta]| beta)),
    };
    let spacing = colors.scale.spacing;
    let range = [colors.scale.low, colors.scale.high].map(|value| spacing.plotted(value));
    let pad = 0.03 * (range[1] - range[0]);
    let palette = theme::of(ui);
    let bands = view.error_bands && view.error.is_none();
    let aside = format!("along {along}, through the pointer{}", if bands { ", ± 1 s.e." } else { "" });
    header::plain(ui, cell.header, &format!("Section at {across} = {}", fixed(at, 2)), &aside);
    // The axis is drawn inside of the cell, so that its frame is as high as the others.
    let rect = cell.plot.with_min_x(cell.plot.left() + if cell.first { 0.0 } else { 38.0 });
    let ends = if view.cut == CutAxis::Alpha { shared.alpha } else { shared.beta };
    let x = Axis { label: along, range: ends, scale: Scale::Linear, labelled: true };
    let y = Axis {
        label: symbol(shared.surfaces.first().map(|(_, surface)| *surface)),
        range: [range[0] - pad, range[1] + pad],
        scale: if spacing == Spacing::Log { Scale::Log10 } else { Scale::Linear },
        labelled: true,
    };
    let axes = Axes::new(Id::unique(("section", n)), x, y, palette.hairline);
    let mut planes = state.extents.of(shared.links.axes, SECTIONS);
    let shown = if view.cut == CutAxis::Alpha { planes.x } else { planes.y };
    let mut plane = Extent { x: shown, y: state.section };
    let (canvas, ()) = axes.show(ui, rect, &mut plane, |ui, canvas| {
        if let Some(place) = place {
            canvas.painter.vline(canvas.at(place, 0.0).x, canvas.rect().y_range(), Stroke::new(1.0, palette.weak));
        }
        let runs = |surface| cut(surface, view.cut, at, spacing);
        if bands {
            for (i, surface) in &shared.surfaces {
                runs(surface).iter().for_each(|run| band(canvas, run, spacing, theme::checkpoint(ui, *i).gamma_multiply(0.2)));
            }
        }
        for (i, surface) in &shared.surfaces {
            for run in runs(surface) {
                let points = run.iter().map(|(x, value, _)| canvas.at(*x, spacing.plotted(*value))).collect();
                canvas.painter.add(Shape::line(points, Stroke::new(1.75, theme::checkpoint(ui, *i))));
            }
        }
    });
    let summary_text = format!("Sections along {along} at {across} = {}{}", fixed(at, 2), if bands { ", with error bands" } else { "" });
    canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, &summary_text));
    match view.cut {
        CutAxis::Alpha => planes.x = plane.x,
        CutAxis::Beta => planes.y = plane.x,
    }
    state.section = plane.y;
    state.extents.set(shared.links.axes, SECTIONS, planes);
}

/// Contiguous runs of known nodes that can be drawn on the axis, along the grid line nearest to `at`.
fn cut(surface: &LossSurface, axis: CutAxis, at: f64, spacing: Spacing) -> Vec<Vec<Node>> {
    let (along, across) = match axis {
        CutAxis::Alpha => (&surface.alpha, &surface.beta),
        CutAxis::Beta => (&surface.beta, &surface.alpha),
    };
    let Some(fixed) = nearest_node(across, at) else { return Vec::new() };
    let mut runs = vec![Vec::new()];
    for (i, place) in along.iter().enumerate() {
        let k = match axis {
            CutAxis::Alpha => i * surface.beta.len() + fixed,
            CutAxis::Beta => fixed * surface.beta.len() + i,
        };
        match surface.known_loss(k).filter(|(value, _)| spacing.plotted(*value).is_finite()) {
            Some((value, error)) => runs.last_mut().into_iter().for_each(|run| run.push((*place, value, error))),
            None => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}

/// Draws ± 1 standard error around a run; values below the axis are clipped to its end.
fn band(canvas: &Canvas, run: &[Node], spacing: Spacing, color: Color32) {
    let floor = canvas.transform.bounds().min()[1];
    let plotted = |value: f64| Some(spacing.plotted(value)).filter(|v| v.is_finite()).unwrap_or(floor);
    let edges = run.iter().map(|(x, value, error)| {
        let half = if error.is_finite() { *error } else { 0.0 };
        [*x, plotted(value - half), plotted(value + half)]
    });
    canvas.band(edges, color);
}

#[cfg(test)]
mod tests {
    use super::*;
    use flatland_core::result::LandscapeManifest;

    #[test]
    fn sections_follow_the_axis_and_break_where_nothing_is_known() {
        let mut surface = LossSurface::pending(vec![0.0, 1.0, 2.0, 3.0, 4.0], vec![-1.0, 1.0], LandscapeManifest::default());
        for k in 0..10 {
            (surface.loss[k], surface.loss_std_error[k], surface.count[k]) = (k as f64, 0.5, u32::from(k != 4));
        }
        let along_alpha = cut(&surface, CutAxis::Alpha, -0.7, Spacing::Linear);
        assert_eq!(along_alpha, [vec![(0.0, 0.0, 0.5), (1.0, 2.0, 0.5)], vec![(3.0, 6.0, 0.5), (4.0, 8.0, 0.5)]]);
        assert_eq!(cut(&surface, CutAxis::Beta, 3.2, Spacing::Linear), [vec![(-1.0, 6.0, 0.5), (1.0, 7.0, 0.5)]]);
        assert_eq!(cut(&surface, CutAxis::Alpha, -1.0, Spacing::Log), [vec![(3.0, 6.0, 0.5), (4.0, 8.0, 0.5)]], "no logarithm of 0");
    }
}
