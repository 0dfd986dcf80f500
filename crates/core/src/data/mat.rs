//! SVHN's `.mat`: `X` of u8 [height, width, 3, N] and `y` of N labels, the first axis fastest. In a folder `train_32x32.mat`, `test_32x32.mat`,
//! `extra_32x32.mat`.
//!
//! Source: <http://ufldl.stanford.edu/housenumbers/>. There 10 is the label of the digit 0, which is assumed of 32x32 images whose labels are
//! all 1 to 10.

use std::path::{Path, PathBuf};

use super::opened::{Opened, Pixels};
use super::pixels::{Block, Layout, PixelArray, map};
use super::{DataError, folder, split};
use crate::numpy::Bytes;
use variable::{Class, Unlike, Variable};

pub(super) mod table;
pub(super) mod variable;

const WHAT: &str = "MATLAB images";

/// Opens the images at `path`, or those of split `wanted` in the folder `path`.
pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, DataError> {
    let file = if path.is_dir() { of_folder(path, wanted)? } else { path.to_path_buf() };
    let bytes = map(WHAT, &file)?;
    let invalid = |(expected, found): Unlike| DataError::invalid(WHAT, expected, found, &file);
    let variables = variable::variables(&bytes).map_err(invalid)?;
    let images = variables.iter().find(|variable| variable.name == "X").ok_or_else(|| invalid(without_images(&variables)))?.clone();
    let (height, width, count) = shape(&images).map_err(invalid)?;
    let (labels, assumed) = match variables.iter().find(|variable| variable.name == "y") {
        Some(labels) => labels_of(labels, &bytes, &images).map_err(invalid)?,
        None => (vec![-1; count], None),
    };
    let pixels = Pixels::Packed(PackedArray { path: file, bytes, images, height, width });
    Ok(Opened { assumed: assumed.into_iter().collect(), ..Opened::all("mat", labels, Default::default(), pixels) })
}

/// Whether the file has images; a file of this kind may also hold a network.
pub(super) fn holds_images(path: &Path) -> bool {
    let variables = map(WHAT, path).ok().and_then(|bytes| variable::variables(&bytes).ok());
    variables.is_none_or(|variables| variables.iter().any(|variable| variable.name == "X"))
}

/// Whether a file begins like one of MATLAB.
pub(super) fn is_mat(head: &[u8]) -> bool {
    head.starts_with(b"MATLAB")
}

fn of_folder(folder: &Path, wanted: Option<&str>) -> Result<PathBuf, DataError> {
    let mut files = folder::files(WHAT, folder)?;
    files.retain(|file| folder::head(WHAT, file).is_ok_and(|head| is_mat(&head)));
    let stem = |file: &PathBuf| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let of_split = |split: &str| {
        let is = |file: &&PathBuf| stem(file).strip_prefix(split).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
        files.iter().filter(is).cloned().collect()
    };
    Ok(split::pick(WHAT, folder, wanted, &["test", "train", "extra"], of_split)?.swap_remove(0))
}

fn without_images(variables: &[Variable]) -> Unlike {
    let found: Vec<String> = variables.iter().map(Variable::describe).collect();
    let found = if found.is_empty() { "no variables".into() } else { found.join(", ") };
    ("the variable `X` with images [height, width, 3, N], and `y` with their labels".into(), found)
}

/// Height, width and number of the images.
fn shape(images: &Variable) -> Result<(usize, usize, usize), Unlike> {
    let (height, width, count) = match *images.shape.as_slice() {
        // MATLAB leaves out a last size of 1.
        [height, width, 3] => (height, width, 1),
        [height, width, 3, count] => (height, width, count),
        _ => (0, 0, 0),
    };
    if height == 0 || width == 0 || count == 0 || images.class != Class::U8 {
        return Err(("`X` of uint8 [height, width, 3, N]".into(), images.describe()));
    }
    if !images.may_hold_bytes() {
        return Err((format!("the values of {}", images.describe()), "a file that is too small for them".into()));
    }
    Ok((height, width, count))
}

/// The labels of `images`, and what is assumed of them.
fn labels_of(labels: &Variable, file: &[u8], images: &Variable) -> Result<(Vec<i64>, Option<String>), Unlike> {
    let (_, _, count) = shape(images)?;
    let expected = || format!("`y` with {count} labels for {}", images.describe());
    match *labels.shape.as_slice() {
        [n, 1] | [1, n] if n == count => {}
        _ => return Err((expected(), labels.describe())),
    }
    let values = labels.numbers(file)?;
    if let Some(value) = values.iter().find(|value| value.fract() != 0.0 || !(-1.0..9e15).contains(*value)) {
        return Err((format!("{}, whole numbers", expected()), format!("{value} among them")));
    }
    let mut labels: Vec<i64> = values.into_iter().map(|value| value as i64).collect();
    let is_svhn = images.shape.starts_with(&[32, 32, 3]) && labels.iter().all(|label| (1..=10).contains(label)) && labels.contains(&10);
    if is_svhn {
        for label in labels.iter_mut().filter(|label| **label == 10) {
            *label = 0;
        }
    }
    Ok((labels, is_svhn.then(|| "10 in `y` is taken for the digit 0, as in SVHN".into())))
}

/// The images of a file, of which only the chosen ones are unpacked.
pub(super) struct PackedArray {
    path: PathBuf,
    bytes: Bytes,
    images: Variable,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl PackedArray {
    /// These images, in this order.
    ///
    /// # Errors
    /// When the file is damaged, or ends before the last of them.
    pub(super) fn unpack(&self, chosen: &[usize]) -> Result<PixelArray, DataError> {
        let size = self.height * self.width * 3;
        let mut parts = chosen.to_vec();
        parts.sort_unstable();
        parts.dedup();
        let invalid = |(expected, found): Unlike| DataError::invalid(WHAT, expected, found, &self.path);
        let ascending = self.images.parts(&self.bytes, size, &parts).map_err(invalid)?;
        let bytes = if parts == chosen {
            ascending
        } else {
            let image = |part: &usize| parts.binary_search(part).ok().and_then(|place| ascending.chunks_exact(size).nth(place));
            chosen.iter().filter_map(image).flatten().copied().collect()
        };
        let block = Block { bytes: Bytes::Owned(bytes), start: 0, stride: size, count: chosen.len() };
        Ok(PixelArray { blocks: vec![block], height: self.height, width: self.width, layout: Layout::Columns })
    }
}

#[cfg(test)]
pub(super) mod tests;
