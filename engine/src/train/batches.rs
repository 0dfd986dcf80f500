//! Which images a step sees, and their pixels after crop, flip and corruption: functions of (seed, epoch, position).

use flatland::data::{Augmentation, DataError, Dataset, augmentation, environment};
use flatland::job::Transform;
use rand::seq::SliceRandom;

use super::keyed_rng::{Stream, keyed_rng};

/// Order of `n` ID images in an epoch.
pub fn order(seed: u64, epoch: usize, n: usize, shuffle: bool) -> Vec<usize> {
    permutation(seed, Stream::Order, epoch, n, shuffle)
}

/// Positions of the outliers of step `step` (counted over the whole run): the data is passed over in batches, the last one smaller,
/// and reordered at each pass.
pub fn outlier_positions(seed: u64, step: usize, n: usize, batch: usize, shuffle: bool) -> Vec<usize> {
    let batches = n.div_ceil(batch);
    let start = step % batches * batch;
    permutation(seed, Stream::OutlierOrder, step / batches, n, shuffle)[start..(start + batch).min(n)].to_vec()
}

fn permutation(seed: u64, stream: Stream, pass: usize, n: usize, shuffle: bool) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..n).collect();
    if shuffle {
        positions.shuffle(&mut keyed_rng(seed, stream, pass, 0));
    }
    positions
}

/// Pixels of the images at `positions`, u8 RGB [N, height, width, 3], transformed as in `epoch`.
pub fn pixels(dataset: &Dataset, positions: &[usize], transform: Transform, seed: u64, epoch: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(positions.len() * dataset.height * dataset.width * 3);
    for &position in positions {
        let start = pixels.len();
        pixels.extend_from_slice(dataset.image(position));
        let image = &mut pixels[start..];
        let mut rng = keyed_rng(seed, Stream::Transform, epoch, position);
        if transform == Transform::CropFlip {
            augmentation::random_flip(image, dataset.width, &mut rng);
        }
        if transform != Transform::None {
            augmentation::random_crop(image, dataset.height, dataset.width, &mut rng);
        }
    }
    pixels
}

/// `pixels` of the images at `positions`, augmented with draws of their own for each epoch.
///
/// # Errors
/// When the augmentation is unknown.
pub fn augmented(
    pixels: &[u8],
    dataset: &Dataset,
    positions: &[usize],
    augmentation: &Augmentation,
    seed: u64,
    epoch: usize,
) -> Result<Vec<u8>, DataError> {
    let mut pixels = pixels.to_vec();
    augmentation.apply_all(&mut pixels, dataset.height, dataset.width, |image| environment::epoch_seed(seed, epoch, positions[image]))?;
    Ok(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_shows_every_image_once_in_an_order_of_its_own() {
        let (first, second) = (order(1, 0, 50, true), order(1, 1, 50, true));
        assert_ne!(first, second);
        assert_eq!(first, order(1, 0, 50, true));
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn without_shuffling_batches_go_in_file_order() {
        assert_eq!(order(1, 3, 4, false), [0, 1, 2, 3]);
        assert_eq!(outlier_positions(0, 1, 5, 2, false), [2, 3]);
    }

    #[test]
    fn outliers_start_again_when_they_are_used_up() {
        let lens: Vec<usize> = (0..4).map(|step| outlier_positions(0, step, 5, 2, true).len()).collect();
        assert_eq!(lens, [2, 2, 1, 2]);
        let mut pass: Vec<usize> = (3..6).flat_map(|step| outlier_positions(0, step, 5, 2, true)).collect();
        pass.sort_unstable();
        assert_eq!(pass, [0, 1, 2, 3, 4]);
        assert_eq!(outlier_positions(0, 7, 3, 8, false), [0, 1, 2], "fewer than a batch");
    }
}
