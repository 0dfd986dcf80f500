//! Reads the pixels of an opened source: the subset is drawn first, and only its images are read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::decode::decode;
use super::decode::decoded::Sized;
use super::encoded::ImageFile;
use super::labels::Labelling;
use super::labels::assign::assign;
use super::opened::{Opened, Pixels};
use super::pixels::PixelArray;
use super::subset::choose;
use super::{DataError, Dataset, Preparation, Provenance, Source, Unreadable, encoded};

impl Opened {
    /// Draws the subset and reads its pixels, brought to a size as `preparation` says; labels are those of a network of `classes`
    /// classes, if given.
    pub(super) fn read(mut self, source: &Source, preparation: Preparation, classes: Option<usize>) -> Result<Dataset, DataError> {
        let labelling = assign(&mut self, source, classes)?;
        let chosen = choose(&self.labels, source.subset, source.seed);
        self.read_chosen(&chosen, labelling, source, preparation)
    }

    /// Reads the pixels of the images at these indices of `labels`, which follow from `labelling`.
    pub(super) fn read_chosen(
        mut self,
        chosen: &[usize],
        labelling: Labelling,
        source: &Source,
        preparation: Preparation,
    ) -> Result<Dataset, DataError> {
        let mut labels: Vec<i64> = chosen.iter().map(|&i| self.labels[i]).collect();
        let mut index: Vec<usize> = chosen.iter().map(|&i| self.index[i]).collect();
        let mut arrays = None;
        let ([height, width], images) = match &self.pixels {
            Pixels::Array(array) => {
                let stored = [array.height, array.width];
                let size = preparation.size(stored, &source.path)?;
                (size, array.gather(chosen, |image| preparation.apply(image, stored)))
            }
            Pixels::Packed(packed) => {
                let stored = [packed.height, packed.width];
                let size = preparation.size(stored, &source.path)?;
                let array = packed.unpack(chosen)?;
                (size, array.gather(&(0..chosen.len()).collect::<Vec<_>>(), |image| preparation.apply(image, stored)))
            }
            Pixels::Files(_) | Pixels::Encoded(_) => {
                let (decoded, failed) = self.read_files(chosen, preparation)?;
                if decoded.is_empty() {
                    return Err(none_readable(&source.path, self.available, self.unreadable.iter().chain(failed.values())));
                }
                let size = one_size(&decoded, &source.path)?;
                let kept = |position: &usize| !failed.contains_key(position);
                labels = (0..chosen.len()).filter(kept).map(|k| labels[k]).collect();
                index = (0..chosen.len()).filter(kept).map(|k| index[k]).collect();
                self.unreadable.extend(failed.into_values());
                (size, decoded.into_iter().flat_map(|(_, image)| image).collect())
            }
            Pixels::Inputs(stored) => {
                as_they_are(source, preparation)?;
                arrays = Some(stored.gather(chosen, &source.path)?);
                ([0, 0], Vec::new())
            }
        };
        let (format, available, unreadable) = (self.format.into(), self.available, self.unreadable);
        let classes = self.found.names.into_iter().map(|name| self.shown.get(&name).cloned().unwrap_or(name)).collect();
        let provenance = Provenance { source: source.clone(), format, available, unreadable, labelling };
        Ok(Dataset { name: source.name.clone(), images, height, width, arrays, labels, index, classes, provenance })
    }

    /// The readable images of `chosen` in order, and the others by their position in `chosen`.
    fn read_files(&self, chosen: &[usize], preparation: Preparation) -> Result<(Vec<Sized>, BTreeMap<usize, Unreadable>), DataError> {
        let mut results = Vec::with_capacity(chosen.len());
        match &self.pixels {
            Pixels::Files(files) => {
                let read = |&i: &usize| prepared(decode(&files[i]), files[i].clone(), preparation);
                results = chosen.par_iter().map(read).collect::<Result<_, DataError>>()?;
            }
            Pixels::Encoded(images) => {
                for batch in chosen.chunks(encoded::BATCH) {
                    let files = images.files(batch)?;
                    let read = |(&i, file): (&usize, ImageFile<'_>)| prepared(encoded::decode(file), images.name(i), preparation);
                    let read: Vec<_> = batch.par_iter().zip(files).map(read).collect::<Result<_, DataError>>()?;
                    results.extend(read);
                }
            }
            Pixels::Array(_) | Pixels::Packed(_) | Pixels::Inputs(_) => {}
        }
        Ok(sorted(results))
    }

    /// These images of `labels` at their own sizes; of each, why it cannot be read.
    pub(super) fn images(&self, chosen: &[usize]) -> Vec<Result<Sized, String>> {
        let of_array = |array: &PixelArray, i: usize| ([array.height, array.width], array.gather(&[i], |image| image));
        match &self.pixels {
            Pixels::Array(array) => chosen.iter().map(|&i| Ok(of_array(array, i))).collect(),
            Pixels::Packed(packed) => match packed.unpack(chosen) {
                Ok(array) => (0..chosen.len()).map(|k| Ok(of_array(&array, k))).collect(),
                Err(error) => chosen.iter().map(|_| Err(error.to_string())).collect(),
            },
            Pixels::Files(files) => chosen.iter().map(|&i| decode(&files[i])).collect(),
            Pixels::Encoded(images) => match images.files(chosen) {
                Ok(files) => files.into_iter().map(encoded::decode).collect(),
                Err(error) => chosen.iter().map(|_| Err(error.to_string())).collect(),
            },
            Pixels::Inputs(stored) => {
                chosen.iter().map(|_| Err(format!("a float array of shape {:?} is no picture", stored.shape))).collect()
            }
        }
    }
}

/// An image brought to its size, or that it cannot be read.
///
/// # Errors
/// When it does not get the size that `preparation` has to give.
fn prepared(decoded: Result<Sized, String>, path: PathBuf, preparation: Preparation) -> Result<Result<Sized, Unreadable>, DataError> {
    let (stored, image) = match decoded {
        Ok(decoded) => decoded,
        Err(reason) => return Ok(Err(Unreadable { path, reason })),
    };
    let size = preparation.size(stored, &path)?;
    Ok(Ok((size, preparation.apply(image, stored))))
}

/// The readable images in order, and the others by their position.
fn sorted(results: Vec<Result<Sized, Unreadable>>) -> (Vec<Sized>, BTreeMap<usize, Unreadable>) {
    let mut images = Vec::with_capacity(results.len());
    let mut failed = BTreeMap::new();
    for (position, result) in results.into_iter().enumerate() {
        match result {
            Ok(image) => images.push(image),
            Err(unreadable) => drop(failed.insert(position, unreadable)),
        }
    }
    (images, failed)
}

/// # Errors
/// When something is asked for that is defined for images alone.
fn as_they_are(source: &Source, preparation: Preparation) -> Result<(), DataError> {
    let refuse = |expected: &str, found: String| Err(DataError::invalid("inputs", expected, found, &source.path));
    match (preparation, &source.corruption) {
        (Preparation::By(..), _) => refuse("no `input`: float arrays are used as they are", "steps that resize or crop images".into()),
        (Preparation::None | Preparation::To(_), Some(corruption)) => {
            refuse("no corruption: corruptions are defined for 8-bit images", format!("`{}` of float arrays", corruption.kind))
        }
        (Preparation::None | Preparation::To(_), None) => Ok(()),
    }
}

fn one_size(images: &[Sized], path: &Path) -> Result<[usize; 2], DataError> {
    let first = images.first().map_or([0, 0], |image| image.0);
    match images.iter().find(|image| image.0 != first) {
        None => Ok(first),
        Some(([height, width], _)) => Err(DataError::invalid(
            "images at their own size",
            "images of one size, or a size to bring them to",
            format!("{}x{} and {height}x{width}", first[0], first[1]),
            path,
        )),
    }
}

fn none_readable<'a>(path: &Path, available: usize, mut unreadable: impl Iterator<Item = &'a Unreadable>) -> DataError {
    let first = unreadable.next().map_or(String::new(), |u| format!("; the first: {}: {}", u.path.display(), u.reason));
    DataError::invalid("images", "at least one readable image", format!("none among {available}{first}"), path)
}
