//! [`Source`]: where images come from and which of them are used. [`Dataset`]: the images themselves.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Arrays;
use super::labels::{Classes, Labelling, Reference};

/// Which images of a source are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subset {
    /// All of them, in file order.
    #[default]
    All,
    /// The first `n` in file order.
    First(usize),
    /// `n` drawn without replacement, stratified by class, kept in file order.
    Stratified(usize),
}

/// Where images come from, fully resolved: enough to load the same bytes again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// Name shown to people; also the name of the result folder.
    pub name: String,
    /// File or folder, or `demo:<part>` for the bundled demo set.
    pub path: PathBuf,
    /// `train`, `test`, `val`, ...; `None` lets the format decide.
    pub split: Option<String>,
    /// Overrides sniffing: `cifar_binary`, `cifar_python`, `idx`, `image_folder`, `image_list`, `mat`, `npy`, `npz`, `parquet`,
    /// `web_dataset`.
    pub format: Option<String>,
    /// Which images.
    pub subset: Subset,
    /// Corruption applied to every image after resizing.
    pub corruption: Option<Corruption>,
    /// Seed of the stratified draw and of the corruption.
    pub seed: u64,
    /// What the user states about its classes.
    #[serde(default, skip_serializing_if = "Classes::is_found")]
    pub classes: Classes,
    /// The datasets whose classes define the meaning of its labels; the first suitable one is used. It may be among them, by its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<Reference>,
}

impl Source {
    /// Whether the images are part of the bundled demo set (`demo:<part>`) and not in a file.
    pub fn is_bundled(&self) -> bool {
        self.part().is_some()
    }

    /// The part of the bundled demo set, if it is one.
    pub(super) fn part(&self) -> Option<&str> {
        self.path.to_str()?.strip_prefix("demo:")
    }
}

/// A corruption of Hendrycks & Dietterich 2019 with its constants for 32x32 images.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corruption {
    /// Snake-case name, e.g. `gaussian_noise`.
    pub kind: String,
    /// 1 (weak) to 5 (strong).
    pub severity: u8,
}

/// An image that could not be read, while the rest of its dataset was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Its file.
    pub path: PathBuf,
    /// What failed.
    pub reason: String,
}

/// How a dataset was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The request.
    pub source: Source,
    /// The format found by content.
    pub format: String,
    /// Images in the source before the subset was drawn (unreadable ones included).
    pub available: usize,
    /// Images that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// What the labels follow from.
    #[serde(default)]
    pub labelling: Labelling,
}

/// Images of one size with labels, or float arrays of one shape.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Name shown to people.
    pub name: String,
    /// Pixels, u8 RGB, shape [N, height, width, 3], row-major.
    pub images: Vec<u8>,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// Inputs that are no 8-bit images; then there are no pixels, and height and width are 0.
    pub arrays: Option<Arrays>,
    /// Class of each image, `[N]`; -1 where there is none.
    pub labels: Vec<i64>,
    /// Position of each image in its source, `[N]`.
    pub index: Vec<usize>,
    /// Names of the classes in label order; empty when unknown.
    pub classes: Vec<String>,
    /// Its provenance.
    pub provenance: Provenance,
}

impl Dataset {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Whether every image has a class.
    pub fn is_labelled(&self) -> bool {
        !self.is_empty() && self.labels.iter().all(|&label| label >= 0)
    }

    /// blake3, in hex, over height, width, pixels (or shape and values) and labels: equal for equal inputs wherever they came from.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.height as u64).to_le_bytes()).update(&(self.width as u64).to_le_bytes());
        hasher.update(&self.images);
        if let Some(Arrays { values, shape }) = &self.arrays {
            let sizes = std::iter::once(shape.len()).chain(shape.iter().copied());
            for size in sizes {
                hasher.update(&(size as u64).to_le_bytes());
            }
            for value in values {
                hasher.update(&value.to_le_bytes());
            }
        }
        for label in &self.labels {
            hasher.update(&label.to_le_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Pixels of image `i`, [height, width, 3]; none of float arrays.
    pub fn image(&self, i: usize) -> &[u8] {
        let size = self.height * self.width * 3;
        &self.images[i * size..(i + 1) * size]
    }
}
