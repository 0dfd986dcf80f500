//! Fine-tuning: optimizer steps, the ascent of SAM-type methods, schedules, the loop, and the run directory.
//!
//! [`pace`] times a few steps and keeps nothing. [`run`] trains the run of a run directory from wherever it stands, and speaks and listens there only. A run that is killed at any moment and
//! resumed ends, on a CPU, with the same bytes as one that was left alone: batches, crops and corruptions are functions of
//! (seed, epoch, image), and weights, the optimizer's averages and schedule are saved as one file. Deliberately absent: printing, objectives.

mod adamw;
mod ascent;
mod batches;
mod clip;
mod conformance;
mod device_queue;
mod error;
mod evaluation;
mod half;
mod keyed_rng;
mod optimizer;
mod pace;
mod prefetch;
mod run;
mod run_directory;
mod schedule;
mod setup;
mod sgd;
mod step;
mod training_state;
mod warmup;

#[cfg(test)]
mod method_tests;

pub use conformance::conformance;
pub use error::TrainError;
pub use pace::pace;
pub use run::run;
