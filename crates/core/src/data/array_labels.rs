//! Converts an array to labels: whole numbers, one-hot rows or names.

use std::collections::BTreeSet;
use std::path::Path;

use super::DataError;
use super::labels::found::{Found, Origin};
use crate::numpy::{Element, RawArray};

/// Labels, and the names of their classes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Labels {
    /// Class of each image; -1 = none.
    pub(super) labels: Vec<i64>,
    /// The classes; empty if the labels are numbers.
    pub(super) found: Found,
}

impl Labels {
    /// For images without labels.
    pub(super) fn none(count: usize) -> Self {
        Self::numbers(vec![-1; count])
    }

    fn numbers(labels: Vec<i64>) -> Self {
        Self { labels, found: Found::default() }
    }
}

/// The labels of `count` images: shape [N] or [N, 1] of whole numbers from -1 (none) on, whatever their type, or of names; or [N, C] with one
/// 1 a row. Names are numbered in sorted order; they are mapped to the network's classes elsewhere.
///
/// # Errors
/// When their number is neither that of the images nor, if `five_times`, a fifth of it (CIFAR-10-C: severities one after the other), or
/// they are no labels.
pub(super) fn labels_for(count: usize, five_times: bool, array: &RawArray, path: &Path) -> Result<Labels, DataError> {
    let unlike = |expected: &str, found: String| {
        Err(DataError::invalid(
            "labels",
            format!("{count} labels{expected}"),
            format!("shape {:?} of {}{found}", array.shape, array.dtype),
            path,
        ))
    };
    let rows = array.shape.first().copied().unwrap_or(0);
    let repeats = five_times && rows.checked_mul(5) == Some(count);
    if array.shape.is_empty() || array.shape.len() > 2 || rows == 0 || (rows != count && !repeats) {
        return unlike("", String::new());
    }
    let mut found = match (array.shape.get(1).copied().unwrap_or(1), array.texts()) {
        (1, Some(names)) => of_names(&names),
        (1, None) => match whole(array) {
            Ok(labels) => Labels::numbers(labels),
            Err(value) => return unlike(", whole numbers from 0 on (-1 = none)", format!(" with {value} among them")),
        },
        (classes, None) => match one_hot(array, classes) {
            Ok(labels) => Labels::numbers(labels),
            Err(row) => return unlike(", or one-hot rows: one 1, else 0", format!(" whose row {row} is not so")),
        },
        (_, Some(_)) => return unlike("", String::new()),
    };
    if repeats {
        found.labels = found.labels.repeat(5);
    }
    Ok(found)
}

/// The labels, or the first value that is no label.
fn whole(array: &RawArray) -> Result<Vec<i64>, String> {
    if let Some(Element::Bool | Element::Unsigned(_) | Element::Signed(_)) = array.element() {
        return array.integers().map(|label| if label >= -1 { Ok(label) } else { Err(label.to_string()) }).collect();
    }
    // Beyond 2^53 not every whole number is a float.
    let is_label = |value: &f64| value.fract() == 0.0 && (-1.0..9e15).contains(value);
    array.floats().map(|value| if is_label(&value) { Ok(value as i64) } else { Err(value.to_string()) }).collect()
}

/// The column of the 1 in each row, or the first row that is not one-hot.
fn one_hot(array: &RawArray, classes: usize) -> Result<Vec<i64>, usize> {
    let values: Vec<f64> = array.floats().collect();
    let column = |(row, values): (usize, &[f64])| {
        let mut ones = (0..values.len()).filter(|&column| values[column] != 0.0);
        match (ones.next(), ones.next()) {
            (Some(column), None) if values[column] == 1.0 => Ok(column as i64),
            _ => Err(row),
        }
    };
    values.chunks_exact(classes.max(1)).enumerate().map(column).collect()
}

/// The classes with these names, treated like folders.
pub(super) fn classes_of_names(names: &[String]) -> Found {
    let sorted: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    Found { names: sorted.into_iter().map(str::to_owned).collect(), from: Origin::Folders { empty: Vec::new(), wnids: None } }
}

fn of_names(names: &[String]) -> Labels {
    let found = classes_of_names(names);
    let number = |name: &String| found.names.binary_search(name).map_or(-1, |label| label as i64);
    Labels { labels: names.iter().map(number).collect(), found }
}
