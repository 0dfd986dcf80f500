//! The tensors tab: every tensor of the checkpoints, with its norm and the histogram of its values, side by side.

mod figure;
mod rows;

use egui::{Align, Color32, Layout, Rect, RichText, Role as WidgetRole, ScrollArea, Sense, Ui, Vec2, WidgetInfo, vec2};
use egui_extras::{Column, TableBuilder};

use super::{Drafts, Scene, TabInfo, TabView};
use crate::figure::number::significant;
use crate::ui::state::number::count;
use crate::ui::style::theme;
use crate::ui::style::widget::reading::{empty, reading};
use crate::ui::style::widget::swatch;
use crate::ui::work::export::Export;
use flatland_core::result::TensorValues;
use rows::{Row, rows, shape};

const ROW: f32 = 24.0;
const HEADER: f32 = 30.0;
/// Width of a histogram.
const HISTOGRAM: f32 = 84.0;
/// Width of the columns before those of the checkpoints, with the space between them.
const NAMES: f32 = 400.0;

/// The tab; it remembers nothing.
pub struct TensorsTab;

impl TabView for TensorsTab {
    fn info(&self) -> TabInfo {
        TabInfo {
            key: "tensors",
            title: "Tensors",
            analysis: None,
            links: &[],
            empty_sentence: Some("Open a checkpoint to see the norms and histograms of its tensors."),
            has_controls: false,
        }
    }

    fn draw(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, _: &mut Drafts<'_>) {
        let rows = rows(scene);
        if rows.is_empty() {
            return empty(ui, "The files are being read. What cannot be read says why in its row at the left.");
        }
        ScrollArea::horizontal().auto_shrink([false, false]).show(ui, |ui| table(ui, scene, &rows));
    }

    fn figure(&self, scene: &Scene<'_>) -> Option<Export> {
        figure::of(scene)
    }
}

fn table(ui: &mut Ui, scene: &Scene<'_>, rows: &[Row<'_>]) {
    let palette = theme::of(ui);
    let shown: Vec<_> = scene.session.shown().map(|(color, entry)| (theme::checkpoint(ui, color), entry.name.as_str())).collect();
    // All checkpoints side by side as long as their histograms and norms fit.
    let width = ((ui.available_width() - NAMES) / shown.len().max(1) as f32).clamp(HISTOGRAM + 62.0, HISTOGRAM + 86.0);
    let mut table =
        TableBuilder::new(ui).striped(false).resizable(true).sense(Sense::hover()).cell_layout(Layout::left_to_right(Align::Center));
    table = table.column(Column::initial(230.0).at_least(90.0).clip(true)).column(Column::initial(110.0).at_least(60.0).clip(true));
    for _ in &shown {
        table = table.column(Column::initial(width).at_least(HISTOGRAM + 60.0).clip(true));
    }
    let weak = |text: &str| RichText::new(text).font(theme::small()).color(palette.weak);
    let header = table.header(HEADER, |mut header| {
        header.col(|ui| drop(ui.label(weak("Tensor"))));
        header.col(|ui| drop(ui.label(weak("Shape"))));
        for (color, name) in &shown {
            header.col(|ui| {
                swatch::square(ui, *color);
                ui.label(RichText::new(*name).color(palette.strong));
                ui.label(weak("‖w‖"));
            });
        }
    });
    header.body(|body| {
        body.rows(ROW, rows.len(), |mut line| {
            let row = &rows[line.index()];
            line.col(|ui| drop(ui.label(row.name)));
            line.col(|ui| drop(ui.label(RichText::new(row.first_shape()).color(palette.weak))));
            for ((color, checkpoint), tensor) in shown.iter().zip(&row.tensors) {
                line.col(|ui| match tensor {
                    None => drop(ui.label(RichText::new("–").color(palette.weak))),
                    Some(tensor) => match &tensor.values {
                        None => drop(ui.label(RichText::new(format!("no floats, {}", tensor.dtype)).color(palette.weak))),
                        Some(values) => {
                            cell(ui, *color, values, &Subject { checkpoint, tensor: &tensor.name, shape: shape(&tensor.shape) });
                        }
                    },
                });
            }
        });
    });
}

/// What a cell is of.
struct Subject<'a> {
    checkpoint: &'a str,
    tensor: &'a str,
    shape: String,
}

/// The histogram and the norm; everything else beside the pointer.
fn cell(ui: &mut Ui, color: Color32, values: &TensorValues, of: &Subject<'_>) {
    let palette = theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(HISTOGRAM, ROW - 6.0), Sense::hover());
    histogram(ui, rect, color, values);
    let text = significant(values.norm, 4);
    let strong = if values.non_finite > 0 { palette.error } else { palette.text };
    let label = ui.label(RichText::new(&text).color(strong));
    let summary = format!(
        "Values of {} of {}: norm {text}, {} to {}",
        of.tensor,
        of.checkpoint,
        significant(values.min, 4),
        significant(values.max, 4)
    );
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, &summary));
    if response.hovered() || label.hovered() {
        reading(ui, response.id.with("values"), &format!("{} of {}, {}", of.tensor, of.checkpoint, of.shape), &facts(values));
    }
}

/// A bar per bin, as high as the fullest one allows; a line where 0 is.
fn histogram(ui: &Ui, rect: Rect, color: Color32, values: &TensorValues) {
    let highest = values.histogram.iter().copied().max().unwrap_or(0).max(1) as f32;
    let width = rect.width() / values.histogram.len().max(1) as f32;
    for (k, n) in values.histogram.iter().enumerate().filter(|(_, n)| **n > 0) {
        // A bin with one value of a million is seen too.
        let height = (rect.height() * *n as f32 / highest).max(1.0);
        let left = rect.left() + k as f32 * width;
        let bar = Rect::from_min_size(egui::pos2(left, rect.bottom() - height), vec2((width - 0.5).max(0.5), height));
        ui.painter().rect_filled(bar, 0.0, color);
    }
    if values.min < 0.0 && values.max > 0.0 {
        let x = rect.left() + rect.width() * (-values.min / (values.max - values.min)) as f32;
        ui.painter().vline(x, rect.y_range(), egui::Stroke::new(1.0, theme::of(ui).hairline));
    }
}

fn facts(values: &TensorValues) -> Vec<(Option<Color32>, String, String)> {
    let row = |name: &str, value: String| (None, name.to_owned(), value);
    let mut facts = vec![
        row("‖w‖", significant(values.norm, 6)),
        row("mean", significant(values.mean, 4)),
        row("standard deviation", significant(values.std, 4)),
        row("smallest", significant(values.min, 4)),
        row("largest", significant(values.max, 4)),
    ];
    if values.zeros > 0 {
        facts.push(row("zeros", count(values.zeros)));
    }
    if values.non_finite > 0 {
        facts.push(row("NaN or infinite, left out", count(values.non_finite)));
    }
    facts
}
