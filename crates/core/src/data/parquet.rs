//! Parquet tables of Hugging Face: a column `image` or `img` of image files (a struct with `bytes`, or bytes alone), and a column of labels.
//!
//! Source: Hugging Face `datasets`, `features/image.py` and `packaged_modules/parquet`. A folder holds the shards of splits,
//! `test-00000-of-00001.parquet`, itself or in one folder, such as `data`. The images of a row group are read when one of them is chosen.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArrayType, DataType};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};

use super::array_labels::classes_of_names;
use super::encoded::{EncodedImages, ImageFile};
use super::labels::found::{Found, Origin};
use super::opened::{Opened, Pixels};
use super::pixels::map;
use super::{DataError, folder, shards};
use crate::numpy::Bytes;
use columns::{Chosen, Columns};

mod columns;

const WHAT: &str = "the Parquet table";

/// Opens the table at `path`, or the shards of a split in the folder `path`. `wanted` is a split (of a folder), a column of labels (of a file), or
/// both: `test/coarse_label`.
pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, DataError> {
    let (files, column) = chosen_files(path, wanted)?;
    let (mut tables, mut labels, mut coarse, mut columns): (Vec<Table>, Vec<Label>, Vec<Label>, Option<Columns>) = Default::default();
    for file in files {
        let table = Table::open(file)?;
        let own = Columns::of(&table.reader, column).map_err(|(expected, found)| table.invalid(expected, found))?;
        let expected = columns.get_or_insert_with(|| own.clone());
        if !expected.agrees_with(&own) {
            return Err(table.invalid(format!("the columns of the shards before it: {}", expected.describe()), own.describe()));
        }
        for (chosen, values) in [(&own.label, &mut labels), (&own.coarse, &mut coarse)] {
            if let Some(chosen) = chosen {
                values.extend(table.labels(chosen)?);
            }
        }
        tables.push(Table { image: own.image, ..table });
    }
    let rows: usize = tables.iter().map(|table| table.rows).sum();
    let Some(columns) = columns.filter(|_| rows > 0) else { return Err(DataError::invalid(WHAT, "at least one row", "none", path)) };
    if columns.label.is_none() {
        labels = vec![Label::None; rows];
    }
    let without = labels.iter().filter(|label| matches!(label, Label::None)).count();
    let mut assumed = columns.assumed();
    if without > 0 && columns.label.is_some() {
        assumed.push(format!("{without} of {rows} images have no label"));
    }
    let (labels, found) = numbered(&labels, &columns.names, path)?;
    let coarse = numbered(&coarse, &[], path)?.0;
    let pixels = Pixels::Encoded(Box::new(Tables { tables }));
    Ok(Opened { coarse, assumed, ..Opened::all("parquet", labels, found, pixels) })
}

/// The classes of a table.
pub(super) fn classes(path: &Path, wanted: Option<&str>) -> Result<Found, DataError> {
    Ok(open(path, wanted)?.found)
}

/// Whether a file begins like a table.
pub(super) fn is_parquet(head: &[u8]) -> bool {
    head.starts_with(b"PAR1")
}

/// The folder of the tables of a dataset: `folder` itself, or the only one in it that holds tables. By the names of files, so that no file of
/// another dataset is read.
pub(super) fn tables_in(folder: &Path) -> Result<Option<PathBuf>, DataError> {
    let holds = |folder: &Path| Ok(files_of(folder)?.into_iter().next().is_some());
    if holds(folder)? {
        return Ok(Some(folder.to_path_buf()));
    }
    let mut found = None;
    for below in folder::entries(WHAT, folder)?.into_iter().filter(|path| path.is_dir()) {
        let other = if holds(&below)? { found.replace(below.clone()) } else { None };
        if let Some(other) = other {
            let found = format!("some in {} and {}", other.display(), below.display());
            return Err(DataError::invalid(WHAT, "tables in one folder (open that folder)", found, folder));
        }
    }
    Ok(found)
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = folder::files(WHAT, folder)?;
    files.retain(|file| file.extension().is_some_and(|end| end == "parquet"));
    files.retain(|file| folder::head(WHAT, file).is_ok_and(|head| is_parquet(&head)));
    Ok(files)
}

/// The tables that `wanted` chooses, and a column of labels.
fn chosen_files<'a>(path: &Path, wanted: Option<&'a str>) -> Result<(Vec<PathBuf>, Option<&'a str>), DataError> {
    if !path.is_dir() {
        return Ok((vec![path.to_path_buf()], wanted));
    }
    let (split, column) = match wanted.and_then(|wanted| wanted.split_once('/')) {
        Some((split, column)) => (Some(split), Some(column)),
        None => (wanted, None),
    };
    let folder = tables_in(path)?.ok_or_else(|| DataError::invalid(WHAT, "files `.parquet`", "none", path))?;
    Ok((shards::of_split(WHAT, &folder, files_of(&folder)?, split)?, column))
}

/// A label of a row.
#[derive(Clone, Debug)]
enum Label {
    None,
    Number(i64),
    Name(String),
}

/// Labels as numbers, -1 for none, and their classes: those with `names`, or else the labels that are names themselves.
fn numbered(labels: &[Label], names: &[String], path: &Path) -> Result<(Vec<i64>, Found), DataError> {
    let own: Vec<String> =
        labels.iter().filter_map(|label| if let Label::Name(name) = label { Some(name.clone()) } else { None }).collect();
    let found = if own.is_empty() { Found { names: names.to_vec(), from: Origin::File } } else { classes_of_names(&own) };
    let number = |label: &Label| match label {
        Label::None => Ok(-1),
        Label::Number(label) if *label >= -1 => Ok(*label),
        Label::Number(label) => Err(DataError::invalid(WHAT, "labels from 0 on (-1 = none)", label.to_string(), path)),
        Label::Name(name) => Ok(found.names.binary_search(name).map_or(-1, |label| label as i64)),
    };
    Ok((labels.iter().map(number).collect::<Result<_, _>>()?, found))
}

/// The bytes of a mapped file.
struct Mapped(Bytes);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A file.
struct Table {
    path: PathBuf,
    reader: SerializedFileReader<bytes::Bytes>,
    rows: usize,
    /// The column of images.
    image: usize,
}

impl Table {
    fn open(path: PathBuf) -> Result<Self, DataError> {
        let bytes = bytes::Bytes::from_owner(Mapped(map(WHAT, &path)?));
        let length = bytes.len();
        let reader = whole(&path, || SerializedFileReader::new(bytes))?;
        let groups = reader.metadata().row_groups();
        let rows = groups.iter().try_fold(0usize, |rows, group| rows.checked_add(usize::try_from(group.num_rows()).ok()?));
        // The labels are held in memory: a small file must not state any number of them.
        let rows = rows.filter(|rows| *rows <= length);
        let expected = || format!("at most a row a byte, {length}");
        let rows = rows.ok_or_else(|| DataError::invalid(WHAT, expected(), "more", &path))?;
        Ok(Self { reader, rows, path, image: 0 })
    }

    fn invalid(&self, expected: impl Into<String>, found: impl Into<String>) -> DataError {
        DataError::invalid(WHAT, expected, found, &self.path)
    }

    /// The values of a column of labels.
    fn labels(&self, column: &Chosen) -> Result<Vec<Label>, DataError> {
        let mut labels = Vec::new();
        for group in 0..self.reader.num_row_groups() {
            let of_group = whole(&self.path, || {
                let group = self.reader.get_row_group(group)?;
                let rows = group.metadata().num_rows() as usize;
                Ok(match group.get_column_reader(column.place)? {
                    ColumnReader::Int32ColumnReader(mut reader) => each(&mut reader, rows, column.nullable)?
                        .into_iter()
                        .map(|value| value.map_or(Label::None, |n| Label::Number(n.into())))
                        .collect(),
                    ColumnReader::Int64ColumnReader(mut reader) => each(&mut reader, rows, column.nullable)?
                        .into_iter()
                        .map(|value| value.map_or(Label::None, Label::Number))
                        .collect(),
                    ColumnReader::ByteArrayColumnReader(mut reader) => {
                        let text = |value: ::parquet::data_type::ByteArray| Label::Name(String::from_utf8_lossy(value.data()).into_owned());
                        each(&mut reader, rows, column.nullable)?.into_iter().map(|value| value.map_or(Label::None, text)).collect()
                    }
                    ColumnReader::BoolColumnReader(_)
                    | ColumnReader::Int96ColumnReader(_)
                    | ColumnReader::FloatColumnReader(_)
                    | ColumnReader::DoubleColumnReader(_)
                    | ColumnReader::FixedLenByteArrayColumnReader(_) => Vec::new(),
                })
            })?;
            labels.extend(of_group);
        }
        if labels.len() != self.rows {
            return Err(self.invalid(format!("{} values of `{}`", self.rows, column.name), labels.len().to_string()));
        }
        Ok(labels)
    }

    /// The row group of a row, and its place there.
    fn group_of(&self, row: usize) -> (usize, usize) {
        let mut within = row;
        for (number, group) in self.reader.metadata().row_groups().iter().enumerate() {
            let rows = group.num_rows() as usize;
            if within < rows {
                return (number, within);
            }
            within -= rows;
        }
        (self.reader.num_row_groups(), within)
    }
}

/// The next `count` values of a column, `None` for null.
fn each<T: DataType>(reader: &mut ColumnReaderImpl<T>, count: usize, nullable: bool) -> Result<Vec<Option<T::T>>, ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let (read, _, _) = reader.read_records(count, Some(&mut levels), None, &mut values)?;
    if read != count {
        return Err(ParquetError::EOF(format!("expected {count} values, found {read}")));
    }
    if !nullable {
        return Ok(values.into_iter().map(Some).collect());
    }
    // A column that is no part of another has level 1 where there is a value.
    let mut values = values.into_iter();
    Ok(levels.iter().map(|level| if *level == 1 { values.next() } else { None }).collect())
}

/// What the crate finds, where it neither fails nor panics.
fn whole<T>(path: &Path, read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, DataError> {
    let damaged = |why: String| DataError::invalid(WHAT, "a whole Parquet file", format!("one cut short or damaged: {why}"), path);
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if error.to_string().contains("Disabled feature at compile time") => {
            let expected = "columns packed by snappy, gzip or zstd, or not packed";
            Err(DataError::invalid(WHAT, expected, format!("another way ({error}): write it again with `compression=\"zstd\"`"), path))
        }
        Ok(Err(error)) => Err(damaged(error.to_string())),
        Err(_) => Err(damaged("its pages contradict each other".into())),
    }
}

/// The images in the tables.
struct Tables {
    tables: Vec<Table>,
}

impl Tables {
    /// The table of an image, and the row there.
    fn place(&self, image: usize) -> (&Table, usize) {
        let mut begin = 0;
        let holds = |table: &&Table| {
            let is_there = image < begin + table.rows;
            if !is_there {
                begin += table.rows;
            }
            is_there
        };
        let table = self.tables.iter().find(holds).unwrap_or(&self.tables[0]);
        (table, image - begin)
    }
}

impl EncodedImages for Tables {
    fn name(&self, image: usize) -> PathBuf {
        let (table, row) = self.place(image);
        table.path.join(format!("row {row}"))
    }

    fn files(&self, chosen: &[usize]) -> Result<Vec<ImageFile<'_>>, DataError> {
        let mut ascending: BTreeMap<usize, ImageFile<'_>> = chosen.iter().map(|&image| (image, Err(String::new()))).collect();
        let mut open: Option<(&Path, usize, usize, ColumnReaderImpl<ByteArrayType>)> = None;
        for (&image, file) in &mut ascending {
            let (table, row) = self.place(image);
            let (group, row) = table.group_of(row);
            let is_open = open.as_ref().is_some_and(|(path, known, ..)| *path == table.path && *known == group);
            if !is_open {
                let reader = whole(&table.path, || table.reader.get_row_group(group)?.get_column_reader(table.image))?;
                let ColumnReader::ByteArrayColumnReader(reader) = reader else {
                    return Err(table.invalid("bytes as images", "other values"));
                };
                open = Some((&table.path, group, 0, reader));
            }
            let Some((path, _, next, reader)) = &mut open else { continue };
            let values = whole(path, || {
                let skipped = reader.skip_records(row - *next)?;
                if skipped != row - *next {
                    return Err(ParquetError::EOF(format!("expected a row {row}, found {}", *next + skipped)));
                }
                let (mut values, mut levels) = (Vec::new(), Vec::new());
                reader.read_records(1, Some(&mut levels), None, &mut values)?;
                Ok(values)
            })?;
            *next = row + 1;
            *file = match values.into_iter().next() {
                Some(bytes) => Ok(Cow::Owned(bytes.data().to_vec())),
                None => Err("expected the bytes of an image, found none (a table of paths alone: its images are other files)".into()),
            };
        }
        Ok(chosen.iter().map(|image| ascending.get(image).cloned().unwrap_or_else(|| Err(String::new()))).collect())
    }
}

#[cfg(test)]
mod tests;
