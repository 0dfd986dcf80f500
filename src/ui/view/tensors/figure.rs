//! The norms of the tensors as a figure: a table with a column per checkpoint.

use super::rows::{Row, rows, shape};
use crate::figure::number::significant;
use crate::figure::{CaptionedFigure, ComparisonFigure, ComparisonRow};
use crate::ui::view::Scene;
use crate::ui::view::found::entries;
use crate::ui::work::export::Export;

/// What the tab shows; `None` while no file has been read.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let checkpoints = entries(scene).map(|(name, color)| (name.to_owned(), color)).collect();
    let rows: Vec<ComparisonRow> = rows(scene).iter().map(row).collect();
    Export::new(&scene.session.figure, ComparisonFigure { checkpoints, rows }, |figure| CaptionedFigure::comparison(figure.clone()))
}

fn row(row: &Row<'_>) -> ComparisonRow {
    let norm = |values: &flatland_core::result::TensorValues| significant(values.norm, 4);
    let values = row.tensors.iter().map(|tensor| tensor.and_then(|tensor| tensor.values.as_ref()).map(norm)).collect();
    let of = row.tensors.iter().flatten().next().map_or(String::new(), |tensor| shape(&tensor.shape));
    ComparisonRow { group: "Norm ‖w‖".into(), label: format!("{}  {of}", row.name), values }
}
