//! The selected images as a table: one row each, sorted by any column; only visible rows are laid out.

use std::cmp::Ordering;

use egui::{Align, Color32, Layout, RichText, Role as WidgetRole, Sense, Ui, WidgetInfo};
use egui_extras::{Column as Width, TableBuilder};
use rayon::prelude::*;

use crate::figure::number::significant;
use crate::ui::command::Command;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::state::scatter::{ImageKey, Scatter};
use crate::ui::state::scores;
use crate::ui::style::theme;
use crate::ui::view::Scene;
use flatland_core::session::{ColorBy, Selection};

const ROW: f32 = 24.0;

/// A column of the table.
#[derive(Clone, Debug, Default, PartialEq)]
enum Column {
    #[default]
    Dataset,
    Index,
    Label,
    /// Prediction of this checkpoint.
    Prediction(String),
    /// Score of a checkpoint: checkpoint, score.
    Score(String, String),
}

/// The rows, and the inputs that they were made from.
#[derive(Default)]
pub struct State {
    sort: Column,
    descending: bool,
    made_from: Option<(Selection, u64, Column, bool)>,
    datasets: Vec<String>,
    /// Index in `datasets`, and position.
    rows: Vec<(u32, i64)>,
}

impl State {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The image of a row.
    pub fn image(&self, row: usize) -> Option<ImageKey> {
        let (dataset, position) = self.rows.get(row)?;
        Some((self.datasets.get(*dataset as usize)?.clone(), *position))
    }

    /// Makes the rows again when selection, points or order have changed.
    pub fn refresh(&mut self, scatter: &Scatter) {
        let selection = &scatter.view.selection;
        let same = |made: &(Selection, u64, Column, bool)| {
            made.0 == *selection && made.1 == scatter.revision && made.2 == self.sort && made.3 == self.descending
        };
        if self.made_from.as_ref().is_some_and(same) {
            return;
        }
        self.datasets.clear();
        self.rows.clear();
        for (dataset, position) in selection.iter() {
            if self.datasets.last().is_none_or(|last| last != dataset) {
                self.datasets.push(dataset.to_owned());
            }
            self.rows.push((self.datasets.len() as u32 - 1, position));
        }
        self.sort(scatter);
        self.made_from = Some((selection.clone(), scatter.revision, self.sort.clone(), self.descending));
    }

    /// Sorts the rows, which are in the order of dataset and position; rows without a value come last in both directions.
    fn sort(&mut self, scatter: &Scatter) {
        let descending = self.descending;
        if self.sort == Column::Dataset {
            if descending {
                self.rows.par_sort_by_key(|(dataset, position)| (std::cmp::Reverse(*dataset), *position));
            }
            return;
        }
        let datasets = &self.datasets;
        let key = |(dataset, position): &(u32, i64)| number(scatter, &self.sort, &datasets[*dataset as usize], *position);
        let mut keyed: Vec<(Option<f64>, (u32, i64))> = self.rows.par_iter().map(|row| (key(row), *row)).collect();
        keyed.par_sort_by(|(a, _), (b, _)| match (a, b) {
            (Some(a), Some(b)) if descending => b.total_cmp(a),
            (Some(a), Some(b)) => a.total_cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
        self.rows = keyed.into_iter().map(|(_, row)| row).collect();
    }
}

/// The number by which a column is sorted.
fn number(scatter: &Scatter, column: &Column, dataset: &str, position: i64) -> Option<f64> {
    let of = |checkpoint: &str| {
        let cloud = scatter.cloud(checkpoint)?;
        Some((cloud, cloud.row(dataset, position)?))
    };
    let class = |class: i64| (class >= 0).then_some(class as f64);
    match column {
        Column::Dataset => None,
        Column::Index => Some(position as f64),
        Column::Label => {
            let (cloud, row) = scatter.clouds.keys().find_map(|name| of(name))?;
            class(*cloud.embedding.as_ref()?.label.get(row as usize)?)
        }
        Column::Prediction(checkpoint) => {
            let (cloud, row) = of(checkpoint)?;
            class(*cloud.embedding.as_ref()?.prediction.get(row as usize)?)
        }
        Column::Score(checkpoint, score) => {
            let (cloud, row) = of(checkpoint)?;
            cloud.scores.get(score).and_then(|values| values.get(row as usize)).copied().filter(|value| !value.is_nan())
        }
    }
}

/// The class in a column of classes: its name where it is known, else its number.
fn class(scatter: &Scatter, column: &Column, key: &ImageKey) -> String {
    let row = |checkpoint: &str| {
        let cloud = scatter.cloud(checkpoint)?;
        Some((cloud, cloud.row(&key.0, key.1)?))
    };
    let shown = match column {
        // The first checkpoint that names it.
        Column::Label => {
            let all: Vec<String> = scatter
                .clouds
                .keys()
                .filter_map(|name| row(name))
                .filter_map(|(cloud, row)| cloud.shown_category(row, &ColorBy::Label))
                .collect();
            all.iter().find(|shown| shown.parse::<i64>().is_err()).or(all.first()).cloned()
        }
        Column::Prediction(checkpoint) => row(checkpoint).and_then(|(cloud, row)| cloud.shown_category(row, &ColorBy::Prediction)),
        Column::Dataset | Column::Index | Column::Score(..) => None,
    };
    shown.filter(|shown| shown != "none").unwrap_or_else(|| "–".into())
}

/// The columns: for every checkpoint its prediction, and the score that gives the colours, else its first score.
fn columns(scatter: &Scatter) -> Vec<Column> {
    let mut columns = vec![Column::Dataset, Column::Index, Column::Label];
    for (checkpoint, entry) in &scatter.clouds {
        let scores = &entry.cloud.scores;
        columns.push(Column::Prediction(checkpoint.clone()));
        let chosen = scatter.view.color_by.score().into_iter().chain(["energy"]).find(|name| scores.contains_key(*name));
        let score = chosen.or_else(|| scores.keys().next().map(String::as_str));
        columns.extend(score.map(|score| Column::Score(checkpoint.clone(), score.to_owned())));
    }
    columns
}

fn title(column: &Column) -> String {
    match column {
        Column::Dataset => "Dataset".into(),
        Column::Index => "Index".into(),
        Column::Label => "Label".into(),
        Column::Prediction(checkpoint) => format!("{checkpoint} predicts"),
        Column::Score(checkpoint, score) => format!("{} of {checkpoint}", scores::label(score)),
    }
}

/// Draws the table.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut State, scatter: &mut Scatter) {
    let columns = columns(scatter);
    let mut sort = None;
    let mut clicked = None;
    let mut hovered = None;
    egui::ScrollArea::horizontal().id_salt("columns").show(ui, |ui| {
        let mut table = TableBuilder::new(ui)
            .id_salt("selected images")
            .sense(Sense::click())
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(Width::initial(150.0).at_least(60.0).clip(true).resizable(true));
        for column in &columns[1..] {
            let width = if matches!(column, Column::Index | Column::Label) { 64.0 } else { 104.0 };
            table = table.column(Width::initial(width).at_least(40.0).clip(true).resizable(true));
        }
        table
            .header(ROW, |mut header| {
                for column in &columns {
                    header.col(|ui| {
                        if head(ui, column, &state.sort == column, state.descending) {
                            sort = Some(column.clone());
                        }
                    });
                }
            })
            .body(|body| {
                body.rows(ROW, state.len(), |mut row| {
                    let Some(key) = state.image(row.index()) else { return };
                    row.set_selected(scatter.pinned.as_ref().is_some_and(|(_, pinned)| *pinned == key));
                    let mut chosen = false;
                    for column in &columns {
                        row.col(|ui| chosen |= cell(ui, scatter, column, &key));
                    }
                    let response = row.response();
                    if response.hovered() {
                        hovered = Some(key.clone());
                    }
                    if response.clicked() || chosen {
                        clicked = Some(key);
                    }
                });
            });
    });
    if let Some(key) = hovered {
        scatter.set_cursor(key);
    }
    if let Some(column) = sort {
        state.descending = state.sort == column && !state.descending;
        state.sort = column;
        ui.ctx().request_repaint();
    }
    if let Some(key) = clicked {
        pin(scene, scatter, key);
    }
}

/// Pins the card of an image, for the checkpoint of the last card, else for the first that has the image.
pub fn pin(scene: &mut Scene<'_>, scatter: &Scatter, key: ImageKey) {
    let has = |name: &&String| scatter.cloud(name).is_some_and(|cloud| cloud.row(&key.0, key.1).is_some());
    let last = scatter.pinned.as_ref().map(|(checkpoint, _)| checkpoint);
    let names = last.into_iter().chain(scatter.clouds.keys());
    if let Some(name) = names.filter(has).map(String::clone).next() {
        scene.commands.push(Command::Scatter(ScatterCommand::Pin(Some((name, key)))));
    }
}

/// The header of a column; a click sorts by it, another click reverses the order.
fn head(ui: &mut Ui, column: &Column, sorted: bool, descending: bool) -> bool {
    let palette = theme::of(ui);
    let text = title(column);
    let arrow = if !sorted {
        ""
    } else if descending {
        " ▾"
    } else {
        " ▴"
    };
    let color = if sorted { palette.strong } else { palette.weak };
    let button =
        egui::Button::new(RichText::new(format!("{text}{arrow}")).font(theme::small()).color(color)).frame_when_inactive(false).truncate();
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, format!("Sort by {text}")));
    response.on_hover_text(format!("Sort by {text}")).clicked()
}

/// Draws a cell; returns whether its image was clicked.
fn cell(ui: &mut Ui, scatter: &Scatter, column: &Column, key: &ImageKey) -> bool {
    let palette = theme::of(ui);
    let quiet = |ui: &mut Ui, text: String, color: Color32| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(8.0);
            ui.add(egui::Label::new(RichText::new(text).color(color)).selectable(false));
        });
    };
    let value = || number(scatter, column, &key.0, key.1);
    match column {
        Column::Dataset => {
            let role = scatter.role_of(key);
            ui.add_space(4.0);
            crate::ui::style::widget::swatch::disc(ui, role.map_or(palette.weak, |role| theme::role(ui, role)));
            let name = egui::Button::new(RichText::new(&key.0).color(palette.text)).frame_when_inactive(false).truncate();
            let response = ui.add(name);
            response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, format!("Row of {} {}", key.0, key.1)));
            return response.clicked();
        }
        Column::Index => quiet(ui, key.1.to_string(), palette.text),
        Column::Label => quiet(ui, class(scatter, column, key), palette.text),
        Column::Prediction(checkpoint) => {
            let right = scatter.cloud(checkpoint).and_then(|cloud| cloud.is_right(cloud.row(&key.0, key.1)?));
            let color = if right == Some(false) { palette.error } else { palette.text };
            quiet(ui, class(scatter, column, key), color);
        }
        Column::Score(..) => quiet(ui, value().map_or("–".into(), |v| significant(v, 4)), palette.text),
    }
    false
}
