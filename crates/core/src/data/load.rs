//! [`load`]: reads the images of a source.

use rayon::prelude::*;

use super::opened::Opened;
use super::sniff::{self, Format};
use super::{
    DataError, Dataset, Preparation, Source, cifar_binary, cifar_python, corruption, demo, idx, image_folder, image_list, mat, npy, npz,
    parquet, web_dataset,
};

/// Reads the images of `source`, brought to a size as `preparation` says. `Some([height, width])` is [`Preparation::To`], `None` their
/// own size.
///
/// Without a split, folders give `test`, else `val`, else `train`.
///
/// ```
/// use flatland_core::data::{Source, Subset, load};
///
/// // Ten digits of the bundled demo set; `path` may also be a file or folder of any supported format.
/// let source = Source { name: "digits".into(), path: "demo:test".into(), subset: Subset::First(10), ..Source::default() };
/// let dataset = load(&source, Some([28, 28]))?;
/// assert_eq!((dataset.len(), dataset.height, dataset.width), (10, 28, 28));
/// assert_eq!(dataset.image(0).len(), 28 * 28 * 3);
/// # Ok::<(), flatland_core::data::DataError>(())
/// ```
///
/// # Errors
/// When nothing exists at the path, its format is not supported, the data is cut off or malformed, the split is missing,
/// no image is readable, the corruption is not known, images keep their own sizes and these differ, or the steps of `preparation` do
/// not give its size.
pub fn load(source: &Source, preparation: impl Into<Preparation>) -> Result<Dataset, DataError> {
    read(source, preparation.into(), None)
}

/// The same for a network of `classes` classes: labels are the network's, by the classes stated in `source` and those of its references.
///
/// # Errors
/// As [`load`], and when the classes of the images cannot be mapped to the network's with certainty or a label is not one of the network's.
pub fn load_for(source: &Source, preparation: impl Into<Preparation>, classes: usize) -> Result<Dataset, DataError> {
    read(source, preparation.into(), Some(classes))
}

fn read(source: &Source, preparation: Preparation, classes: Option<usize>) -> Result<Dataset, DataError> {
    preparation.check(&source.path)?;
    let mut dataset = open(source)?.read(source, preparation, classes)?;
    corrupt(&mut dataset, source)?;
    Ok(dataset)
}

/// Applies the corruption of `source` to its images, if it has one.
pub(super) fn corrupt(dataset: &mut Dataset, source: &Source) -> Result<(), DataError> {
    // Float arrays with a corruption are refused where they are read.
    let (Some(corruption), None) = (&source.corruption, &dataset.arrays) else { return Ok(()) };
    let (height, width) = (dataset.height, dataset.width);
    let images = dataset.images.par_chunks_exact_mut(height * width * 3).zip(&dataset.index);
    images.try_for_each(|(image, &index)| corruption::apply(image, height, width, corruption, corruption::image_seed(source.seed, index)))
}

/// What a reader finds at the path of `source`.
pub(super) fn open(source: &Source) -> Result<Opened, DataError> {
    if let Some(part) = source.part() {
        return Ok(Opened::dataset("demo", demo::load(part, source)?));
    }
    let (path, split) = (source.path.as_path(), source.split.as_deref());
    match sniff::sniff(source)? {
        Format::CifarBinary => cifar_binary::open(path, split),
        Format::CifarPython => cifar_python::open(path, split),
        Format::Idx => idx::open(path, split),
        Format::ImageFolder => image_folder::open(path, split),
        Format::ImageList => image_list::open(path),
        Format::Mat => mat::open(path, split),
        Format::Npy => npy::open(path, split),
        Format::Npz => npz::open(path, split),
        Format::Parquet => parquet::open(path, split),
        Format::WebDataset => web_dataset::open(path, split),
    }
}
