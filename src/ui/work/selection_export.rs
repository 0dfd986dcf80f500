//! The selection as a table: a row per image, with predictions and scores of every checkpoint.

use std::path::{Path, PathBuf};

use crate::figure::{Cell, Data};
use crate::ui::state::scatter::Scatter;
use flatland_core::result::write_atomic;
use flatland_core::session::ColorBy;

/// Columns `dataset`, `index`, `role`, `label`, then per checkpoint its prediction and its scores; unknown values are empty.
pub fn table(scatter: &Scatter) -> Data {
    let mut data = Data::new(&["dataset", "index", "role", "label"]);
    for (name, entry) in &scatter.clouds {
        data.column(format!("prediction of {name}"));
        entry.cloud.scores.keys().for_each(|score| data.column(format!("{score} of {name}")));
    }
    let category = |category: Option<String>| category.map_or(Cell::Empty, Cell::Text);
    for (dataset, position) in scatter.view.selection.iter() {
        let rows: Vec<Option<u32>> = scatter.clouds.values().map(|entry| entry.cloud.row(dataset, position)).collect();
        let known = scatter.clouds.values().zip(&rows).find_map(|(entry, row)| Some((&entry.cloud, (*row)?)));
        let say = |by: &ColorBy| category(known.and_then(|(cloud, row)| cloud.category(row, by)));
        let mut line = vec![dataset.into(), position.into(), say(&ColorBy::Role), say(&ColorBy::Label)];
        for (entry, row) in scatter.clouds.values().zip(&rows) {
            line.push(category(row.and_then(|row| entry.cloud.category(row, &ColorBy::Prediction))));
            let value = |values: &Vec<f64>| row.map(|row| values[row as usize]).filter(|value| !value.is_nan());
            line.extend(entry.cloud.scores.values().map(|values| value(values).into()));
        }
        data.push(line);
    }
    data
}

/// Writes the table as CSV.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, table: &Data) -> Result<PathBuf, String> {
    write_atomic(path, table.csv().as_bytes()).map_err(|error| error.to_string())?;
    Ok(path.to_owned())
}
