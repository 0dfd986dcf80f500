//! [`Prefetch`]: a thread prepares the pixels of the next steps while the current step computes.
//!
//! The content of a batch is a function of its [`StepPosition`] alone.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use flatland_core::data::{Augmentation, DataError, Dataset, Environment};
use flatland_core::job::RunConfig;

use super::TrainError;
use super::batches::{Orders, augmented, pixels, place_in_environments};
use crate::model::InputBatch;

/// Most batches that are held ready; each takes the memory of its pixels.
const AHEAD: usize = 3;

/// Position of a step in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepPosition {
    /// Epochs done.
    pub epoch: usize,
    /// Steps done in this epoch.
    pub step_in_epoch: usize,
    /// Steps done over the whole run.
    pub step: usize,
}

/// Data and settings that the batches of a run are made from.
#[derive(Clone)]
pub struct BatchSource {
    /// The run.
    pub run: RunConfig,
    /// ID images.
    pub train: Arc<Dataset>,
    /// Outliers, where the method needs them.
    pub outliers: Option<Arc<Dataset>>,
    /// Augmentation of the ID images in the first pass.
    pub first: Option<Augmentation>,
    /// Environments of the ID images, where the method needs them.
    pub environments: Option<Vec<Environment>>,
}

/// The inputs of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchPixels {
    /// ID images after crop and flip, or float arrays.
    pub id: InputBatch,
    /// The same, corrupted for the first pass.
    pub first_id: Option<InputBatch>,
    /// Classes of the ID images.
    pub labels: Vec<i64>,
    /// Environments of the ID images, by number.
    pub environments: Option<Vec<i64>>,
    /// Outliers.
    pub outliers: Option<InputBatch>,
    /// Images in the batch, outliers included.
    pub images: usize,
}

impl BatchSource {
    /// Steps of a whole epoch.
    pub fn steps_per_epoch(&self) -> usize {
        self.run.steps_per_epoch(self.train.len())
    }

    /// Number of batches of the step at `place`: as many as are accumulated, fewer in the last step of an epoch.
    pub fn parts(&self, place: StepPosition) -> usize {
        let batches = self.run.batches(self.train.len(), self.run.batch);
        let accumulate = self.run.accumulate.max(1);
        batches.saturating_sub(place.step_in_epoch * accumulate).min(accumulate)
    }

    /// Batch `part` of the step at `place`.
    ///
    /// # Errors
    /// When the augmentation is unknown.
    pub fn batch(&self, place: StepPosition, part: usize, orders: &mut Orders) -> Result<BatchPixels, DataError> {
        let Self { run, train, .. } = self;
        let batch = place.step_in_epoch * run.accumulate.max(1) + part;
        let positions = orders.id(run, place.epoch, batch, train.len());
        let (mut id, mut first_id, mut environments) = (InputBatch::of(train, &positions), None, None);
        if let InputBatch::Images(images, size) = &mut id {
            *images = pixels(train, &positions, run.transform, run.seed, place.epoch);
            if let Some(all) = &self.environments {
                environments = Some(place_in_environments(images, train, &positions, all, run.seed, place.epoch)?);
            }
            if let Some(first) = &self.first {
                first_id = Some(InputBatch::Images(augmented(images, train, &positions, first, run.seed, place.epoch)?, *size));
            }
        }
        let mut images = positions.len();
        let outliers = self.outliers.as_ref().map(|outliers| {
            let before = place.epoch * run.batches(train.len(), run.batch);
            let chosen = orders.outliers(run, before + batch, outliers.len());
            images += chosen.len();
            // Outliers are not augmented (OpenOOD applies the test transform).
            InputBatch::of(outliers, &chosen)
        });
        let labels = positions.iter().map(|&position| train.labels[position]).collect();
        Ok(BatchPixels { id, first_id, labels, environments, outliers, images })
    }
}

/// The batches from one position on, in order.
pub struct Prefetch {
    batches: Receiver<Result<BatchPixels, DataError>>,
}

impl Prefetch {
    /// Starts preparing the batches of the steps from `from` up to step `steps`.
    pub fn start(source: BatchSource, from: StepPosition, steps: usize) -> Self {
        let (sender, batches) = sync_channel(AHEAD);
        std::thread::spawn(move || {
            let mut orders = Orders::default();
            let mut place = from;
            while place.step < steps {
                if place.step_in_epoch == source.steps_per_epoch() {
                    place = StepPosition { epoch: place.epoch + 1, step_in_epoch: 0, ..place };
                }
                for part in 0..source.parts(place) {
                    // No receiver is left when the run has ended.
                    if sender.send(source.batch(place, part, &mut orders)).is_err() {
                        return;
                    }
                }
                place = StepPosition { step_in_epoch: place.step_in_epoch + 1, step: place.step + 1, ..place };
            }
        });
        Self { batches }
    }

    /// The next batch.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn next(&self) -> Result<BatchPixels, TrainError> {
        let gone = |_| TrainError::Config("the thread that makes batches died (a bug in Flatland)".into());
        Ok(self.batches.recv().map_err(gone)??)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn batches_that_were_made_ahead_are_those_made_on_the_spot_from_any_step_on() {
        let text =
            "version = 1\nseed = 5\nbatch = 16\noutlier_batch = 8\ntransform = \"crop_flip\"\nepochs = 3\n[method]\nname = \"erm\"\n";
        let run: RunConfig = toml::from_str(text).unwrap();
        let load = |part: &str, limit| {
            let entry = format!("name = \"x\"\nrole = \"train\"\npath = \"demo:{part}\"\nlimit = {limit}\n");
            Arc::new(flatland_core::data::load(&flatland_core::job::source(&toml::from_str(&entry).unwrap(), &[], 0, None), None).unwrap())
        };
        let (train, outliers) = (load("train", 40), load("outliers", 20));
        let source = || BatchSource {
            run: run.clone(),
            train: train.clone(),
            outliers: Some(outliers.clone()),
            first: Some(Augmentation { kind: "gaussian_noise".into(), severity: Some(flatland_core::data::Severity::Uniform) }),
            environments: Some(flatland_core::data::environment::environments(&["weather"]).unwrap()),
        };
        // Three batches an epoch, the last one of 8 images.
        let places: Vec<StepPosition> = (0..9).map(|step| StepPosition { epoch: step / 3, step_in_epoch: step % 3, step }).collect();
        let on_the_spot: Vec<BatchPixels> = places.iter().map(|&place| source().batch(place, 0, &mut Orders::default()).unwrap()).collect();
        assert_eq!(on_the_spot.iter().map(|batch| batch.labels.len()).collect::<Vec<_>>(), [16, 16, 8, 16, 16, 8, 16, 16, 8]);
        assert_ne!(on_the_spot[0], on_the_spot[3], "epochs differ");
        for from in [0, 2, 4] {
            let ahead = Prefetch::start(source(), places[from], 9);
            for expected in &on_the_spot[from..] {
                assert_eq!(&ahead.next().unwrap(), expected);
            }
            assert!(ahead.next().is_err(), "the run is over");
        }
        // As after an epoch whose end was saved but not its turn.
        let end = StepPosition { epoch: 0, step_in_epoch: 3, step: 3 };
        assert_eq!(Prefetch::start(source(), end, 9).next().unwrap(), on_the_spot[3]);
    }

    #[test]
    fn accumulated_batches_are_those_of_the_steps_one_by_one() {
        let text = "version = 1\nseed = 5\nbatch = 16\noutlier_batch = 8\nepochs = 2\ndrop_last_below = 0.0\n[method]\nname = \"oe\"\n";
        let load = |part: &str, limit| {
            let entry = format!("name = \"x\"\nrole = \"train\"\npath = \"demo:{part}\"\nlimit = {limit}\n");
            Arc::new(flatland_core::data::load(&flatland_core::job::source(&toml::from_str(&entry).unwrap(), &[], 0, None), None).unwrap())
        };
        let (train, outliers) = (load("train", 70), load("outliers", 20));
        let source = |accumulate: usize| BatchSource {
            run: RunConfig { accumulate, ..toml::from_str(text).unwrap() },
            train: train.clone(),
            outliers: Some(outliers.clone()),
            first: None,
            environments: None,
        };
        let start = StepPosition { epoch: 0, step_in_epoch: 0, step: 0 };
        // Five batches an epoch: two steps of two and one of one.
        let one_by_one = Prefetch::start(source(1), start, 10);
        let together = source(2);
        assert_eq!(
            (together.steps_per_epoch(), [0, 1, 2].map(|k| together.parts(StepPosition { step_in_epoch: k, ..start }))),
            (3, [2, 2, 1])
        );
        let accumulated = Prefetch::start(together, start, 6);
        let expected: Vec<BatchPixels> = (0..10).map(|_| one_by_one.next().unwrap()).collect();
        expected.iter().for_each(|expected| assert_eq!(&accumulated.next().unwrap(), expected));
        assert!(accumulated.next().is_err(), "the run is over");
        // From the second step of the second epoch on.
        let later = Prefetch::start(source(2), StepPosition { epoch: 1, step_in_epoch: 1, step: 4 }, 6);
        expected[7..].iter().for_each(|expected| assert_eq!(&later.next().unwrap(), expected));
    }
}
