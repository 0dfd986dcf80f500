//! The selection as a CSV table: a row per image, and what every checkpoint says of it.

use std::path::{Path, PathBuf};

use super::Scatter;
use crate::result::write_atomic;
use crate::session::ColorBy;

/// `dataset,index,role,label`, then per checkpoint its prediction and its scores; empty where nothing is known.
pub fn table(scatter: &Scatter) -> String {
    let mut text = "dataset,index,role,label".to_owned();
    for (name, entry) in &scatter.clouds {
        text += &format!(",{}", field(&format!("prediction of {name}")));
        for score in entry.cloud.scores.keys() {
            text += &format!(",{}", field(&format!("{score} of {name}")));
        }
    }
    text.push('\n');
    for (dataset, position) in scatter.view.selection.iter() {
        let rows: Vec<Option<u32>> = scatter.clouds.values().map(|entry| entry.cloud.row(dataset, position)).collect();
        let known = scatter.clouds.values().zip(&rows).find_map(|(entry, row)| Some((&entry.cloud, (*row)?)));
        let say = |by: &ColorBy| known.and_then(|(cloud, row)| cloud.category(row, by)).unwrap_or_default();
        text += &format!("{},{position},{},{}", field(dataset), say(&ColorBy::Role), say(&ColorBy::Label));
        for (entry, row) in scatter.clouds.values().zip(&rows) {
            text.push(',');
            text += &row.and_then(|row| entry.cloud.category(row, &ColorBy::Prediction)).unwrap_or_default();
            for values in entry.cloud.scores.values() {
                text.push(',');
                text += &row.map(|row| values[row as usize]).filter(|v| !v.is_nan()).map_or(String::new(), |v| v.to_string());
            }
        }
        text.push('\n');
    }
    text
}

/// Writes the table.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, table: &str) -> Result<PathBuf, String> {
    write_atomic(path, table.as_bytes()).map_err(|error| error.to_string())?;
    Ok(path.to_owned())
}

/// A field of a CSV line, in quotes where it needs them.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
}
