//! The labels of ImageNet's validation images in one flat folder, `ILSVRC2012_val_00000001.JPEG` and so on.
//!
//! The development kit has `ILSVRC2012_validation_ground_truth.txt`, a number a line. These numbers are in an order of their own, which only
//! `meta.mat` beside it explains: without it the labels are not known. Kaggle's copy has `LOC_val_solution.csv` with WordNet ids.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{WHAT, name};
use crate::data::DataError;
use crate::data::mat::variable::variables;
use crate::data::pixels::map;

/// How the name of each image begins.
const IMAGE: &str = "ILSVRC2012_val_";
const NUMBERS: &str = "ILSVRC2012_validation_ground_truth.txt";
const META: &str = "meta.mat";
const TABLE: &str = "LOC_val_solution.csv";
/// Where the files are, from the folder of the images or one of the three above it.
const PLACES: [&str; 4] = ["", "data", "ILSVRC2012_devkit_t12/data", "devkit/data"];

/// The classes of validation images.
pub(super) enum Truth {
    /// The WordNet id of each image by its number, 1 to 50,000.
    Ids(HashMap<usize, String>),
    /// Why they are not known.
    Unknown(String),
}

/// The number of a validation image.
pub(super) fn number(file: &Path) -> Option<usize> {
    let digits = file.file_stem()?.to_str()?.strip_prefix(IMAGE)?.get(..8)?;
    digits.parse().ok()
}

/// The classes of the validation images in `folder`; `None` where nothing states them.
///
/// # Errors
/// When a file that states them cannot be read.
pub(super) fn truth(folder: &Path) -> Result<Option<Truth>, DataError> {
    if let Some(table) = find(folder, TABLE) {
        return of_table(&table).map(|ids| Some(Truth::Ids(ids)));
    }
    let Some(numbers) = find(folder, NUMBERS) else { return Ok(None) };
    let meta = numbers.with_file_name(META);
    if !meta.is_file() {
        let why = format!(
            "the numbers in {} have a meaning only with `{META}` of the development kit beside it, which is not there",
            numbers.display()
        );
        return Ok(Some(Truth::Unknown(why)));
    }
    of_devkit(&numbers, &meta).map(|ids| Some(Truth::Ids(ids)))
}

/// The files that state the classes of the images in `folder`, where they exist.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let numbers = find(folder, NUMBERS);
    let meta = numbers.as_ref().map(|numbers| numbers.with_file_name(META)).filter(|meta| meta.is_file());
    find(folder, TABLE).into_iter().chain(numbers).chain(meta).collect()
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let places = folder.ancestors().take(4).flat_map(|folder| PLACES.map(|place| folder.join(place).join(name)));
    places.into_iter().find(|file| file.is_file())
}

fn of_devkit(numbers: &Path, meta: &Path) -> Result<HashMap<usize, String>, DataError> {
    let bytes = map(WHAT, meta)?;
    let in_meta = |(expected, found)| DataError::invalid(WHAT, expected, found, meta);
    let variables = variables(&bytes).map_err(in_meta)?;
    let synsets = variables.iter().find(|variable| variable.name == "synsets").ok_or_else(|| {
        let found: Vec<&str> = variables.iter().map(|variable| variable.name.as_str()).collect();
        in_meta(("the variable `synsets`".into(), found.join(", ")))
    })?;
    let ids: HashMap<i64, String> = synsets.table(&bytes, "ILSVRC2012_ID", "WNID").map_err(in_meta)?.into_iter().collect();
    let text = std::fs::read_to_string(numbers).map_err(DataError::io(WHAT, numbers))?;
    let mut classes = HashMap::new();
    for (line, number) in text.lines().enumerate() {
        let id = number.trim().parse().ok().and_then(|number: i64| ids.get(&number)).ok_or_else(|| {
            let expected = format!("a number of one of the {} classes in {}", ids.len(), meta.display());
            DataError::invalid(WHAT, expected, format!("`{}` in line {}", number.trim(), line + 1), numbers)
        })?;
        classes.insert(line + 1, id.clone());
    }
    Ok(classes)
}

/// `ILSVRC2012_val_00048981,n03995372 85 1 499 272` a line, after a line with the names of the columns.
fn of_table(table: &Path) -> Result<HashMap<usize, String>, DataError> {
    let text = std::fs::read_to_string(table).map_err(DataError::io(WHAT, table))?;
    let mut classes = HashMap::new();
    for (line, row) in text.lines().enumerate().skip(1).filter(|(_, row)| !row.trim().is_empty()) {
        let cells = row.split_once(',').and_then(|(image, boxes)| Some((number(Path::new(image))?, boxes.split(' ').next()?)));
        let (image, id) = cells.ok_or_else(|| {
            let found = format!("`{}` in line {}", row.chars().take(60).collect::<String>(), line + 1);
            DataError::invalid(WHAT, "`ILSVRC2012_val_00000001,n01440764 ...`", found, table)
        })?;
        classes.insert(image, id.trim().to_owned());
    }
    Ok(classes)
}

/// The id of an image among `ids`.
///
/// # Errors
/// When it is a validation image without one.
pub(super) fn id_of<'a>(file: &Path, ids: &'a HashMap<usize, String>) -> Result<Option<&'a String>, DataError> {
    let Some(number) = number(file) else { return Ok(None) };
    let missing = || DataError::invalid(WHAT, format!("a class for {}", name(file)), format!("classes of {} images", ids.len()), file);
    ids.get(&number).map(Some).ok_or_else(missing)
}
