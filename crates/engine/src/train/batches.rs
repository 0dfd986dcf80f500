//! The images of each step and their pixels after crop, flip and corruption, as functions of (seed, epoch, position).

use flatland_core::data::{Augmentation, DataError, Dataset, Environment, augmentation, environment};
use flatland_core::job::{RunConfig, Transform};
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::keyed_rng::{Stream, keyed_rng};

/// The orders of images in the current epoch and pass, cached.
#[derive(Debug, Default)]
pub struct Orders {
    id: Option<(usize, Vec<usize>)>,
    outliers: Option<(usize, Vec<usize>)>,
}

impl Orders {
    /// Positions of the ID images of step `step_in_epoch` of `epoch`, out of `n`: every image at most once an epoch, the last batch smaller.
    pub fn id(&mut self, run: &RunConfig, epoch: usize, step_in_epoch: usize, n: usize) -> Vec<usize> {
        let order = kept(&mut self.id, epoch, || permutation(run, Stream::Order, epoch, n));
        chunk(order, step_in_epoch, run.batch)
    }

    /// Positions of the outliers of step `step` (counted over the whole run), out of `n`: the data is passed over in batches, the last
    /// one smaller or left out ([`RunConfig::batches`]), and reordered at each pass.
    pub fn outliers(&mut self, run: &RunConfig, step: usize, n: usize) -> Vec<usize> {
        let batches = run.batches(n, run.outlier_batch);
        let pass = step / batches;
        let order = kept(&mut self.outliers, pass, || permutation(run, Stream::OutlierOrder, pass, n));
        chunk(order, step % batches, run.outlier_batch)
    }
}

fn kept(kept: &mut Option<(usize, Vec<usize>)>, pass: usize, make: impl FnOnce() -> Vec<usize>) -> &[usize] {
    if kept.as_ref().is_none_or(|(of, _)| *of != pass) {
        *kept = Some((pass, make()));
    }
    kept.as_ref().map_or(&[], |(_, order)| order)
}

fn chunk(order: &[usize], index: usize, size: usize) -> Vec<usize> {
    order.chunks(size).nth(index).unwrap_or_default().to_vec()
}

fn permutation(run: &RunConfig, stream: Stream, pass: usize, n: usize) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..n).collect();
    if run.shuffle {
        positions.shuffle(&mut keyed_rng(run.seed, stream, pass, 0));
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

/// `pixels` of the images at `positions`, augmented with other draws in each epoch.
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

/// Puts the images at `positions` into `environments` in turn, so that a batch is split evenly over them; gives each image's.
///
/// # Errors
/// When a corruption fails.
pub fn place_in_environments(
    pixels: &mut [u8],
    dataset: &Dataset,
    positions: &[usize],
    environments: &[Environment],
    seed: u64,
    epoch: usize,
) -> Result<Vec<i64>, DataError> {
    let (height, width) = (dataset.height, dataset.width);
    pixels.par_chunks_exact_mut(height * width * 3).zip(positions).enumerate().try_for_each(|(image, (pixels, &position))| {
        environments[image % environments.len()].apply(pixels, height, width, environment::epoch_seed(seed, epoch, position))
    })?;
    Ok((0..positions.len()).map(|image| (image % environments.len()) as i64).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn run(shuffle: bool, batch: usize, outlier_batch: usize) -> RunConfig {
        let text = format!(
            "version = 1\nseed = 1\nshuffle = {shuffle}\nbatch = {batch}\noutlier_batch = {outlier_batch}\n[method]\nname = \"erm\"\n"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn an_epoch_shows_every_image_once_in_an_order_of_its_own() {
        let order = |epoch| Orders::default().id(&run(true, 50, 1), epoch, 0, 50);
        assert_ne!(order(0), order(1));
        assert_eq!(order(0), order(0));
        let mut sorted = order(0);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn without_shuffling_batches_go_in_file_order() {
        let mut orders = Orders::default();
        assert_eq!(orders.id(&run(false, 2, 2), 3, 1, 5), [2, 3]);
        assert_eq!(orders.id(&run(false, 2, 2), 3, 2, 5), [4]);
        assert_eq!(orders.outliers(&run(false, 2, 2), 1, 5), [2, 3]);
    }

    #[test]
    fn outliers_start_again_when_they_are_used_up() {
        let (run, mut orders) = (run(true, 2, 2), Orders::default());
        let lens: Vec<usize> = (0..4).map(|step| orders.outliers(&run, step, 5).len()).collect();
        assert_eq!(lens, [2, 2, 1, 2]);
        let mut pass: Vec<usize> = (3..6).flat_map(|step| orders.outliers(&run, step, 5)).collect();
        pass.sort_unstable();
        assert_eq!(pass, [0, 1, 2, 3, 4]);
        assert_eq!(Orders::default().outliers(&self::run(false, 2, 8), 7, 3), [0, 1, 2], "fewer than a batch");
        let lens: Vec<usize> = (0..4).map(|step| Orders::default().outliers(&self::run(true, 2, 8), step, 17).len()).collect();
        assert_eq!(lens, [8, 8, 8, 8], "one image alone is no batch");
    }
}
