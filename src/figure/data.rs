//! [`Data`]: the numbers behind a figure, a row each, at full precision; as CSV (RFC 4180) or as `.npz` with an array per column. CSV is
//! written here because the only rule that is needed, quoting, takes one line.

use super::FigureError;
use flatland_core::result::{Npz, NpzValues};

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A name.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number; may be NaN or infinite.
    Real(f64),
    /// No value.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.into())
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        i64::try_from(number).map_or(Cell::Empty, Cell::Whole)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Cell::Whole(number)
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        // A zero has no sign.
        Cell::Real(number + 0.0)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Empty, Into::into)
    }
}

impl Cell {
    fn csv(&self) -> String {
        match self {
            Cell::Text(text) => field(text),
            Cell::Whole(number) => number.to_string(),
            Cell::Real(number) => number.to_string(),
            Cell::Empty => String::new(),
        }
    }
}

/// Rows under named columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Data {
    /// No rows yet.
    pub fn new(columns: &[&str]) -> Self {
        Self { columns: columns.iter().map(|&name| name.into()).collect(), rows: Vec::new() }
    }

    /// Adds a column at the right, before any row.
    pub fn column(&mut self, name: String) {
        self.columns.push(name);
    }

    /// Adds a row with a value for each column.
    pub fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }

    /// With a header; missing values are empty.
    pub fn csv(&self) -> String {
        let mut csv = String::new();
        push_row(&mut csv, &self.columns.iter().map(|name| field(name)).collect::<Vec<_>>());
        for row in &self.rows {
            push_row(&mut csv, &row.iter().map(Cell::csv).collect::<Vec<_>>());
        }
        csv
    }

    /// An array per column, `[rows]`: text, i64, or f64 with NaN for missing values.
    ///
    /// # Errors
    /// When the archive cannot be made.
    pub fn npz(&self) -> Result<Vec<u8>, FigureError> {
        let mut npz = Npz::default();
        for (k, name) in self.columns.iter().enumerate() {
            npz.push(name.as_str(), &[self.rows.len()], self.values(k));
        }
        npz.to_bytes().map_err(|error| FigureError::Draw(error.to_string()))
    }

    fn values(&self, column: usize) -> NpzValues {
        let cells = || self.rows.iter().map(|row| &row[column]);
        if cells().any(|cell| matches!(cell, Cell::Text(_))) {
            let text = |cell: &Cell| if let Cell::Text(text) = cell { text.clone() } else { cell.csv() };
            return NpzValues::Text(cells().map(text).collect());
        }
        let whole: Option<Vec<i64>> = cells().map(|cell| if let Cell::Whole(number) = cell { Some(*number) } else { None }).collect();
        whole.filter(|numbers| !numbers.is_empty()).map_or_else(
            || {
                let real = |cell: &Cell| match cell {
                    Cell::Whole(number) => *number as f64,
                    Cell::Real(number) => *number,
                    Cell::Text(_) | Cell::Empty => f64::NAN,
                };
                NpzValues::F64(cells().map(real).collect())
            },
            NpzValues::I64,
        )
    }
}

/// Quotes a field that needs it.
pub(super) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
}

/// A row with its line end.
pub(super) fn push_row(csv: &mut String, row: &[String]) {
    csv.push_str(&row.join(","));
    csv.push('\n');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn csv_and_npz_hold_the_same_numbers() {
        let mut data = Data::new(&["name", "n", "x", "maybe"]);
        data.push(vec!["a, \"b\"".into(), 3_usize.into(), 0.1.into(), Cell::Empty]);
        data.push(vec!["c".into(), (-1_i64).into(), f64::NAN.into(), 2_usize.into()]);
        assert_eq!(Cell::from(-0.0).csv(), "0");
        assert_eq!(data.csv(), "name,n,x,maybe\n\"a, \"\"b\"\"\",3,0.1,\nc,-1,NaN,2\n");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.npz");
        let bytes = data.npz().unwrap();
        assert_eq!(bytes, data.npz().unwrap());
        std::fs::write(&path, bytes).unwrap();
        let npz = Npz::load(&path).unwrap();
        assert_eq!(npz.get("name").unwrap().values, NpzValues::Text(vec!["a, \"b\"".into(), "c".into()]));
        assert_eq!(npz.get("n").unwrap().values, NpzValues::I64(vec![3, -1]));
        assert!(npz.f64("x").unwrap()[1].is_nan() && npz.f64("x").unwrap()[0] == 0.1);
        assert!(npz.f64("maybe").unwrap()[0].is_nan() && npz.f64("maybe").unwrap()[1] == 2.0);
    }
}
