//! [`Augmentation`]: what a training run does to u8 images, by name: any corruption, AugMix, or crop and flip.
//!
//! Every result depends on the image, the augmentation and the image's seed only, never on batches or threads.

mod augmix;
mod crop_flip;
mod severity;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{DataError, corruption};
pub use crop_flip::{random_crop, random_flip};
pub use severity::Severity;

/// A transformation of an image, as in `augmentation = { kind = "brightness", severity = 1 }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// One of [`Augmentation::kinds`].
    pub kind: String,
    /// How strong; absent = 1. Crops and flips have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

/// The geometric kinds, which have no severity.
#[derive(Clone, Copy)]
enum Geometric {
    RandomCrop,
    CropFlip,
    Flip,
}

/// * `random_crop`: [`random_crop`]. torchvision's `RandomCrop(32)` without padding returns a 32x32 image as it is, so the paper's
///   "RandomCrop" can only mean the usual padding of 4, which is used here.
/// * `crop_flip`: [`random_flip`], then [`random_crop`].
/// * `flip`: [`random_flip`].
const GEOMETRIC: [(&str, Geometric); 3] =
    [("random_crop", Geometric::RandomCrop), ("crop_flip", Geometric::CropFlip), ("flip", Geometric::Flip)];

const AUGMIX: &str = "augmix";

impl Augmentation {
    /// `kind` at severity 1 (or without one, for crops and flips).
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), severity: None }
    }

    /// Names of all augmentations: the corruptions in the order of the benchmark, then the others.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        corruption::kinds().chain([AUGMIX]).chain(GEOMETRIC.iter().map(|(kind, _)| *kind))
    }

    /// Whether [`Augmentation::apply`] knows the kind and the severity.
    ///
    /// # Errors
    /// When it does not, or when a crop or flip is given a severity; the message says what was expected and found.
    pub fn check(&self) -> Result<(), DataError> {
        if self.geometric().is_some() {
            return match self.severity {
                None => Ok(()),
                Some(found) => Err(DataError::Augmentation(format!("expected `{}` without a severity, found {found}", self.kind))),
            };
        }
        if !Self::kinds().any(|kind| kind == self.kind) {
            let known: Vec<_> = Self::kinds().collect();
            return Err(DataError::Augmentation(format!("expected one of {}, found `{}`", known.join(", "), self.kind)));
        }
        match self.severity {
            Some(Severity::Fixed(found)) if !(1..=5).contains(&found) => {
                Err(DataError::Augmentation(format!("expected a severity of 1 to 5 or \"uniform\" of `{}`, found {found}", self.kind)))
            }
            _ => Ok(()),
        }
    }

    /// Augments `image`, u8 RGB [height, width, 3], in place. `seed` is that of the image in its epoch
    /// ([`corruption::image_seed`]).
    ///
    /// # Errors
    /// As [`Augmentation::check`], and when `image` has another length.
    pub fn apply(&self, image: &mut [u8], height: usize, width: usize, seed: u64) -> Result<(), DataError> {
        self.check()?;
        check_size(image.len(), height, width)?;
        if let Some(geometric) = self.geometric() {
            let mut rng = keyed(seed, &self.kind);
            match geometric {
                Geometric::RandomCrop => random_crop(image, height, width, &mut rng),
                Geometric::CropFlip => {
                    random_flip(image, width, &mut rng);
                    random_crop(image, height, width, &mut rng);
                }
                Geometric::Flip => random_flip(image, width, &mut rng),
            }
            return Ok(());
        }
        let severity = self.severity_of(seed);
        if self.kind == AUGMIX {
            augmix::augmix(image, height, width, severity, &mut keyed(seed, AUGMIX));
            return Ok(());
        }
        corruption::apply_kind(image, height, width, &self.kind, severity, seed)
    }

    /// [`Augmentation::apply`] to each of `images`, u8 RGB [N, height, width, 3], in parallel; `seed_of` gives the seed of the
    /// i-th.
    ///
    /// # Errors
    /// As [`Augmentation::check`], and when `images` is not a whole number of images.
    pub fn apply_all(
        &self,
        images: &mut [u8],
        height: usize,
        width: usize,
        seed_of: impl Fn(usize) -> u64 + Sync,
    ) -> Result<(), DataError> {
        let size = height * width * 3;
        if size == 0 || !images.len().is_multiple_of(size) {
            return Err(DataError::Augmentation(format!("expected images of {height}x{width}, found {} bytes", images.len())));
        }
        images.par_chunks_exact_mut(size).enumerate().try_for_each(|(i, image)| self.apply(image, height, width, seed_of(i)))
    }

    fn geometric(&self) -> Option<Geometric> {
        GEOMETRIC.iter().find(|(kind, _)| *kind == self.kind).map(|(_, geometric)| *geometric)
    }

    fn severity_of(&self, seed: u64) -> u8 {
        match self.severity {
            None => 1,
            Some(Severity::Fixed(severity)) => severity,
            Some(Severity::Uniform) => keyed(seed, "severity").random_range(1..=5),
        }
    }
}

fn check_size(bytes: usize, height: usize, width: usize) -> Result<(), DataError> {
    if bytes == height * width * 3 && bytes > 0 {
        return Ok(());
    }
    Err(DataError::Augmentation(format!("expected {} bytes for an image of {height}x{width}, found {bytes}", height * width * 3)))
}

/// The draws of `purpose` for the image with this seed.
pub(super) fn keyed(seed: u64, purpose: &str) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(purpose.as_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests;
