//! The picked node: all its values, and the losses of its single images.

use egui::{Align, Id, Layout, Rect, RichText, Role as WidgetRole, Stroke, Ui, UiBuilder, WidgetInfo, pos2};

use super::readings;
use crate::figure::number::{fixed, significant, with_error};
use crate::ui::command::Command;
use crate::ui::command::landscape::LandscapeCommand;
use crate::ui::state::number::count;
use crate::ui::state::store::Landscape;
use crate::ui::style::theme;
use crate::ui::style::widget::axes::{Axes, Axis, Scale};
use crate::ui::style::widget::controls::quiet_button;
use crate::ui::style::widget::swatch;
use crate::ui::view::Scene;
use crate::ui::view::landscape::cells::value_at;
use flatland_core::metric::{Histogram, mean_std_error, median};
use flatland_core::result::{CellStatus, LossSurface};
use flatland_core::session::{Extent, PickedCell};

/// Width of the card, points.
pub(super) const WIDTH: f32 = 264.0;
const BINS: usize = 24;
/// Smallest loss on the axis of the histogram.
const FLOOR: f64 = 1e-8;

/// Draws the card into `rect`.
pub(super) fn show(ui: &mut Ui, scene: &mut Scene<'_>, rect: Rect, cell: &PickedCell, dataset: &str, landscapes: &[Option<Landscape>]) {
    ui.painter().vline(rect.left() - 12.0, rect.y_range(), Stroke::new(1.0, theme::of(ui).hairline));
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)));
    let ui = &mut child;
    let place = format!("α {}   β {}", fixed(cell.alpha, 2), fixed(cell.beta, 2));
    let index = scene.session.shown().position(|(_, checkpoint)| checkpoint.name == cell.checkpoint);
    let color = scene.session.color_of(&cell.checkpoint);
    ui.horizontal(|ui| {
        swatch::square(ui, theme::checkpoint(ui, color));
        ui.label(RichText::new(&cell.checkpoint).font(theme::heading()).color(theme::of(ui).strong));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if quiet_button(ui, "×", "Close the picked cell").clicked() {
                scene.commands.push(Command::Landscape(LandscapeCommand::Pick(None)));
            }
        });
    });
    let key = (cell.checkpoint.clone(), dataset.to_owned());
    let measured = scene.store.landscapes.get(&key).map(|found| found.surface.clone());
    let around = measured.as_ref().map_or_else(|| dataset.to_owned(), |surface| surface.around(dataset));
    ui.colored_label(theme::of(ui).weak, format!("{place}   on {around}"));
    ui.add_space(6.0);
    let Some((surface, k)) = measured.as_deref().and_then(|surface| Some((surface, value_at(surface, [cell.alpha, cell.beta])?))) else {
        ui.label("Nothing of this landscape is computed.");
        return;
    };
    facts(ui, surface, k);
    let shown = index.and_then(|index| landscapes.get(index)?.as_ref());
    // Quantities are among the facts above; differences and errors are not.
    if let Some(shown) = shown.filter(|shown| shown.surface.error_shown.is_some() || shown.surface.baseline.is_some()) {
        rows(ui, "shown", readings(&shown.surface, shown.surface.quantity, k).into_iter().take(1));
    }
    if surface.manifest.input.is_some() {
        // In input space the weights are fixed, and there is a single image.
        return;
    }
    ui.add_space(8.0);
    let keep = ui
        .button("Open the model here")
        .on_hover_text("Writes the weights at this node and opens them as a checkpoint beside the others, with all analyses");
    if keep.clicked() {
        scene.commands.push(Command::Landscape(LandscapeCommand::KeepCell { cell: cell.clone(), dataset: dataset.to_owned() }));
    }
    ui.add_space(4.0);
    let open = LandscapeCommand::OpenCell { cell: cell.clone(), dataset: dataset.to_owned() };
    match scene.store.cell_losses.as_ref().filter(|found| found.cell == *cell && found.dataset == dataset).map(|found| &found.losses) {
        Some(Ok(losses)) => histogram(ui, losses),
        found => {
            let can_open = surface.count[k] > 0;
            let button = ui.add_enabled(can_open, egui::Button::new("Losses of its images"));
            if button
                .on_hover_text("How the loss is distributed over the single images")
                .on_disabled_hover_text("Not computed yet")
                .clicked()
            {
                scene.commands.push(Command::Landscape(open));
            }
            if let Some(Err(message)) = found {
                crate::ui::style::widget::controls::error_text(ui, message);
            }
        }
    }
}

fn facts(ui: &mut Ui, surface: &LossSurface, k: usize) {
    let status = match surface.status(k) {
        CellStatus::Exact => "computed on all images",
        CellStatus::Estimated => "estimated, not computed",
        CellStatus::Pending => "not computed",
        CellStatus::NonFinite => "computed, not finite",
    };
    let status = (None, "Status".to_owned(), status.to_owned());
    rows(ui, "facts", readings(surface, None, k).into_iter().chain([status]));
}

fn rows(ui: &mut Ui, id: &str, rows: impl Iterator<Item = (Option<egui::Color32>, String, String)>) {
    for (row, (_, name, value)) in rows.enumerate() {
        ui.push_id((id, row), |ui| {
            ui.horizontal(|ui| {
                ui.colored_label(theme::of(ui).weak, name);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.colored_label(theme::of(ui).strong, value));
            });
        });
    }
}

/// Draws a histogram of the losses of the single images on a log axis.
fn histogram(ui: &mut Ui, losses: &[f32]) {
    let finite: Vec<f64> = losses.iter().map(|loss| f64::from(*loss)).filter(|loss| loss.is_finite()).collect();
    let logs: Vec<f64> = finite.iter().map(|loss| loss.max(FLOOR).log10()).collect();
    let palette = theme::of(ui);
    let Some(bins) = Histogram::shared(&[&logs], BINS) else {
        ui.label("No image has a finite loss here.");
        return;
    };
    ui.label(RichText::new("Losses of the single images").color(palette.text));
    let most = bins.counts.iter().flatten().copied().max().unwrap_or(0) as f64;
    let (low, high) = (bins.edges[0], bins.edges[BINS]);
    let area = ui.available_rect_before_wrap();
    let rect = Rect::from_min_max(pos2(area.left() + 44.0, area.top() + 4.0), pos2(area.right() - 6.0, area.top() + 134.0));
    let x = Axis { label: "loss", range: [low, high], scale: Scale::Log10, labelled: true };
    let y = Axis { label: "images", range: [0.0, 1.05 * most], scale: Scale::Linear, labelled: true };
    let axes = Axes { wheel: false, ..Axes::new(Id::unique("losses of the picked cell"), x, y, palette.hairline) };
    let mean = mean_std_error(&finite).map_or(f64::NAN, |(mean, _)| mean);
    let (canvas, ()) = axes.show(ui, rect, &mut Extent::default(), |ui, canvas| {
        for (bin, images) in bins.counts.iter().flatten().enumerate() {
            let (from, to) = (canvas.at(bins.edges[bin], 0.0), canvas.at(bins.edges[bin + 1], *images as f64));
            canvas.painter.rect_filled(
                Rect::from_two_pos(from, to).shrink2(egui::vec2(0.5, 0.0)),
                0.0,
                theme::of(ui).accent.gamma_multiply(0.7),
            );
        }
        if mean > 0.0 && mean.is_finite() {
            canvas.painter.vline(canvas.at(mean.log10(), 0.0).x, canvas.rect().y_range(), Stroke::new(1.5, theme::of(ui).strong));
        }
    });
    let loss_summary = loss_summary(&finite, losses.len() - finite.len());
    canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, format!("Losses of {loss_summary}")));
    ui.add_space(rect.bottom() - area.top() + 42.0);
    ui.add(egui::Label::new(RichText::new(loss_summary).color(palette.weak)).wrap());
}

/// Statistics of the losses of single images as text; losses that are not finite are only counted.
fn loss_summary(finite: &[f64], broken: usize) -> String {
    let (mean, error) = mean_std_error(finite).unwrap_or((f64::NAN, f64::NAN));
    let images = count((finite.len() + broken) as u64);
    let middle = median(finite).map_or_else(String::new, |median| significant(median, 2));
    let loss_summary = format!("{images} images: mean {} (line), median {middle}", with_error(mean, error));
    if broken > 0 { format!("{loss_summary}, without {} whose loss is not finite", count(broken as u64)) } else { loss_summary }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_of_single_images_have_a_mean_with_its_error_a_median_and_a_count_of_what_is_not_finite() {
        let losses = [1.0, 2.0, 4.0, 5.0];
        assert_eq!(loss_summary(&losses, 0), "4 images: mean 3.0 ± 0.9 (line), median 3.0");
        assert_eq!(loss_summary(&losses[..3], 2), "5 images: mean 2.3 ± 0.9 (line), median 2.0, without 2 whose loss is not finite");
        assert_eq!(loss_summary(&losses[..1], 0), "1 images: mean 1.000 (line), median 1.0");
    }
}
