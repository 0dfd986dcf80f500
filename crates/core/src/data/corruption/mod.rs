//! Corruptions of Hendrycks & Dietterich 2019 with the constants of `hendrycks/robustness:make_cifar_c.py` (32x32 images).
//!
//! One file per family. [`apply`] changes one image in place and depends only on the
//! image, the corruption and the seed. Results are clipped and truncated to u8, as numpy's cast does. The random numbers are
//! ChaCha's, so noises agree with the published files in distribution, not bit for bit.

mod blur;
mod colour;
mod digital;
mod drops;
mod elastic;
mod filter;
mod frost_texture;
mod jpeg;
mod motion;
mod noise;
mod pixels;
mod plasma;
mod spatter;
mod weather;
mod zoom;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Corruption, DataError};
use pixels::Pixels;

type Operation = fn(&mut Pixels, usize, &mut ChaCha8Rng);

/// In the order of the benchmark. An operation takes the severity minus 1.
const TABLE: [(&str, Operation); 19] = [
    ("gaussian_noise", noise::gaussian),
    ("shot_noise", noise::shot),
    ("impulse_noise", noise::impulse),
    ("defocus_blur", |x, level, _| blur::defocus(x, level)),
    ("glass_blur", blur::glass),
    ("motion_blur", blur::motion),
    ("zoom_blur", |x, level, _| blur::zoom(x, level)),
    ("snow", weather::snow),
    ("frost", weather::frost),
    ("fog", weather::fog),
    ("brightness", |x, level, _| colour::brightness(x, level)),
    ("contrast", |x, level, _| colour::contrast(x, level)),
    ("elastic_transform", digital::elastic),
    ("pixelate", |x, level, _| digital::pixelate(x, level)),
    ("jpeg_compression", |x, level, _| digital::jpeg_compression(x, level)),
    ("speckle_noise", noise::speckle),
    ("gaussian_blur", |x, level, _| blur::gaussian(x, level)),
    ("spatter", weather::spatter),
    ("saturate", |x, level, _| colour::saturate(x, level)),
];

/// Names of all corruptions, in the order of the benchmark.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(kind, _)| *kind)
}

/// Whether [`apply`] knows the kind and the severity.
///
/// # Errors
/// When it does not; the message lists what is known.
pub fn check(corruption: &Corruption) -> Result<(), DataError> {
    operation(&corruption.kind, corruption.severity).map(|_| ())
}

fn operation(kind: &str, severity: u8) -> Result<Operation, DataError> {
    let Some((_, operation)) = TABLE.iter().find(|(known, _)| *known == kind) else {
        let known: Vec<_> = kinds().collect();
        return Err(DataError::Corruption(format!("expected one of {}, found `{kind}`", known.join(", "))));
    };
    if !(1..=5).contains(&severity) {
        return Err(DataError::Corruption(format!("expected a severity of 1 to 5 of `{kind}`, found {severity}")));
    }
    Ok(*operation)
}

/// The seed of image `index` of a source: what [`apply`] takes, so that results do not depend on batches or threads.
pub fn image_seed(seed: u64, index: usize) -> u64 {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..].copy_from_slice(&(index as u64).to_le_bytes());
    let mut word = [0; 8];
    word.copy_from_slice(&blake3::hash(&key).as_bytes()[..8]);
    u64::from_le_bytes(word)
}

/// Corrupts `image`, u8 RGB [height, width, 3], in place. `seed` is that of the image ([`image_seed`]); the draws also depend on
/// kind and severity.
///
/// # Errors
/// When kind or severity is unknown or `image` has another length.
pub fn apply(image: &mut [u8], height: usize, width: usize, corruption: &Corruption, seed: u64) -> Result<(), DataError> {
    apply_kind(image, height, width, &corruption.kind, corruption.severity, seed)
}

/// [`apply`] for a borrowed kind.
pub(super) fn apply_kind(image: &mut [u8], height: usize, width: usize, kind: &str, severity: u8, seed: u64) -> Result<(), DataError> {
    let operation = operation(kind, severity)?;
    if image.len() != height * width * 3 {
        let (expected, found) = (height * width * 3, image.len());
        return Err(DataError::Corruption(format!("expected {expected} bytes for an image of {height}x{width}, found {found}")));
    }
    let mut pixels = Pixels::new(image, height, width);
    operation(&mut pixels, usize::from(severity - 1), &mut rng(kind, severity, seed));
    pixels.write(image);
    Ok(())
}

fn rng(kind: &str, severity: u8, seed: u64) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(&[severity]);
    hasher.update(kind.as_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests;
