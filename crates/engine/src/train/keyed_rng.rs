//! Random numbers as functions of (seed, purpose, epoch, index), so that a resumed run repeats them.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Purpose of random numbers.
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    /// Order of the ID images in an epoch.
    Order,
    /// Order of the outliers in a pass over them.
    OutlierOrder,
    /// Crop and flip of an image in an epoch.
    Transform,
}

/// The generator of (seed, stream, epoch, index): the four words are ChaCha's key.
pub fn keyed_rng(seed: u64, stream: Stream, epoch: usize, index: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, stream as u64, epoch as u64, index as u64]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}
