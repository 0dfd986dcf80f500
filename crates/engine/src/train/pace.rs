//! [`pace`]: estimates the speed of a run from a few of its steps; nothing is saved.

use std::time::{Duration, Instant};

use flatland_core::job::{self, Pace, Reporter, RunConfig};

use super::TrainError;
use super::evaluation::{BATCH, evaluate};
use super::prefetch::{Prefetch, StepPosition};
use super::run::Training;
use super::step::StepError;
use crate::model::device;

/// Most steps, including the first, which is not counted.
const STEPS: usize = 6;
/// After this time no further step begins, except the first two.
const PATIENCE: Duration = Duration::from_secs(8);
/// Batches that are evaluated.
const BATCHES: usize = 2;

/// Times the first steps of `run` on `asked`, and the evaluation of its first batches. Writes no file. It does not wait in the device's
/// queue, so a run in progress there makes it slower.
///
/// # Errors
/// As the run itself: when settings are invalid, data or weights cannot be loaded, or its loss is not finite.
pub fn pace(run: RunConfig, asked: job::Device, reporter: &mut dyn Reporter) -> Result<Pace, TrainError> {
    let (mut training, _) = Training::assemble(run, device(asked), false)?;
    let steps = training.steps.min(STEPS);
    let batches = Prefetch::start(training.source.clone(), StepPosition { epoch: 0, step_in_epoch: 0, step: 0 }, steps);
    let (begun, mut seconds) = (Instant::now(), Vec::new());
    while seconds.len() < steps && (seconds.len() < 2 || begun.elapsed() < PATIENCE) {
        if reporter.cancelled() {
            return Err(TrainError::Cancelled);
        }
        let started = Instant::now();
        let ((inputs, _), lr) = (training.inputs(&batches)?, training.lr(training.state.step));
        training.trainee.step(training.method.as_mut(), &inputs, training.run.batch_norm, lr).map_err(|error| match error {
            StepError::Model(error) => TrainError::Model(error),
            StepError::NotFinite { what, found } => {
                TrainError::Config(format!("step {} of a trial diverged: the {what} is {found}", training.state.step))
            }
        })?;
        training.state.step += 1;
        training.state.step_in_epoch += 1;
        if training.state.step_in_epoch == training.steps_per_epoch {
            (training.state.epoch, training.state.step_in_epoch) = (training.state.epoch + 1, 0);
        }
        seconds.push(started.elapsed().as_secs_f64());
    }
    if seconds.len() > 1 {
        // The first step also allocates memory and selects kernels.
        seconds.remove(0);
    }
    seconds.sort_by(f64::total_cmp);
    Ok(Pace {
        architecture: training.trainee.network.architecture.clone(),
        images: training.source.train.len(),
        step_secs: seconds.get(seconds.len() / 2).copied().unwrap_or_default(),
        timed: seconds.len(),
        evaluation_secs: evaluation(&training)?,
    })
}

/// Seconds of one evaluation, from those of its first batches.
fn evaluation(training: &Training) -> Result<f64, TrainError> {
    let batches: usize = training.watched.iter().map(|(_, samples)| samples.len().div_ceil(BATCH as usize)).sum();
    let (started, mut begun) = (Instant::now(), 0);
    let mut tick = || {
        if begun == BATCHES {
            return Err(TrainError::Cancelled);
        }
        begun += 1;
        Ok(())
    };
    match evaluate(&training.trainee.network, training.method.as_ref(), &training.watched, &mut tick) {
        Ok(_) | Err(TrainError::Cancelled) => {}
        Err(error) => return Err(error),
    }
    Ok(if begun == 0 { 0.0 } else { started.elapsed().as_secs_f64() * batches as f64 / begun as f64 })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use flatland_core::job::{Device, JobEvent};

    use super::*;

    struct Silent {
        cancelled: bool,
    }

    impl Reporter for Silent {
        fn report(&mut self, _: JobEvent) {}

        fn cancelled(&self) -> bool {
            self.cancelled
        }
    }

    fn demo(more: &str) -> RunConfig {
        let dataset = |role: &str, part: &str, limit: usize| {
            format!("[[dataset]]\nname = \"{part}\"\nrole = \"{role}\"\npath = \"demo:{part}\"\nlimit = {limit}\n")
        };
        let text = format!(
            "version = 1\narchitecture = \"resnet8\"\nclasses = 7\nepochs = 2\nbatch = 16\noutlier_batch = 16\n[method]\nname = \"oe\"\n{more}{}{}{}",
            dataset("train", "train", 100),
            dataset("outliers", "outliers", 50),
            dataset("id", "test", 300),
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn a_few_steps_are_timed_and_the_images_counted() {
        let begun = Instant::now();
        let pace = pace(demo(""), Device::Cpu, &mut Silent { cancelled: false }).unwrap();
        assert_eq!((pace.architecture.as_str(), pace.images, pace.timed), ("resnet8", 100, STEPS - 1));
        assert!(pace.step_secs > 0.0 && pace.step_secs * 3.0 < begun.elapsed().as_secs_f64(), "{pace:?}");
        assert!(pace.evaluation_secs > 0.0);
    }

    #[test]
    fn what_no_run_could_do_is_said_and_a_trial_can_be_cancelled() {
        let error = pace(demo("lambda = -1.0\n"), Device::Cpu, &mut Silent { cancelled: false }).unwrap_err();
        assert!(error.to_string().contains("lambda"), "{error}");
        assert!(matches!(pace(demo(""), Device::Cpu, &mut Silent { cancelled: true }), Err(TrainError::Cancelled)));
    }
}
