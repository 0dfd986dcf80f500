//! [`Opened`]: a source whose labels were read, with the location of its pixels. No pixel is read yet.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::arrays::StoredArrays;
use super::encoded::EncodedImages;
use super::labels::found::{Found, Origin};
use super::mat::PackedArray;
use super::pixels::{Block, Layout, PixelArray};
use super::{Dataset, Unreadable};
use crate::numpy::Bytes;

/// The location of the pixels.
pub(super) enum Pixels {
    /// In arrays.
    Array(PixelArray),
    /// In an array that is compressed.
    Packed(PackedArray),
    /// In one file per image.
    Files(Vec<PathBuf>),
    /// In image files within other files.
    Encoded(Box<dyn EncodedImages>),
    /// There are none: the inputs are float arrays.
    Inputs(StoredArrays),
}

/// A source whose labels are known and whose pixels are not read yet.
pub(super) struct Opened {
    /// The format found, as in [`Source::format`].
    pub(super) format: &'static str,
    /// Class of each image that may be readable, -1 where there is none.
    pub(super) labels: Vec<i64>,
    /// Superclass of each image, if there are superclasses (CIFAR-100).
    pub(super) coarse: Vec<i64>,
    /// Position of each of these images in the source.
    pub(super) index: Vec<usize>,
    /// The classes, in the order of these labels.
    pub(super) found: Found,
    /// Name that is shown for a class, by its name in `found`; the others are shown as they are.
    pub(super) shown: BTreeMap<String, String>,
    /// What the reader assumed of the labels, a sentence each.
    pub(super) assumed: Vec<String>,
    /// Number of images of the source.
    pub(super) available: usize,
    /// Images known not to be readable.
    pub(super) unreadable: Vec<Unreadable>,
    /// The pixels of the images of `labels`.
    pub(super) pixels: Pixels,
}

impl Opened {
    /// All images of an array.
    pub(super) fn array(format: &'static str, labels: Vec<i64>, classes: Vec<String>, pixels: PixelArray) -> Self {
        Self::all(format, labels, Found { names: classes, from: Origin::File }, Pixels::Array(pixels))
    }

    /// All images or inputs that `labels` are of.
    pub(super) fn all(format: &'static str, labels: Vec<i64>, found: Found, pixels: Pixels) -> Self {
        let available = labels.len();
        Self {
            format,
            labels,
            coarse: vec![],
            index: (0..available).collect(),
            found,
            shown: BTreeMap::new(),
            assumed: vec![],
            available,
            unreadable: vec![],
            pixels,
        }
    }

    /// A dataset in memory.
    pub(super) fn dataset(format: &'static str, dataset: Dataset) -> Self {
        let (height, width, count) = (dataset.height, dataset.width, dataset.len());
        let block = Block { bytes: Bytes::Owned(dataset.images), start: 0, stride: height * width * 3, count };
        let pixels = PixelArray { blocks: vec![block], height, width, layout: Layout::Interleaved };
        Self { index: dataset.index, ..Self::array(format, dataset.labels, dataset.classes, pixels) }
    }
}
