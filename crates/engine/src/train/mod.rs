//! Fine-tuning: optimizer steps, the ascent of SAM-type methods, schedules, the loop, and the run directory.
//!
//! [`pace`] times a few steps and saves nothing. [`run`] trains the run of a run directory from its last saved state; it reads requests
//! from that directory and writes its progress there. On a CPU a run that was killed and resumed ends with the same bytes as an
//! uninterrupted one: batches, crops and corruptions are functions of (seed, epoch, image), and weights, the optimizer's averages and the
//! schedule are saved as one file. Not here: printing, objectives.

mod adamw;
mod ascent;
mod batches;
mod clip;
mod conformance;
mod device_queue;
mod dropout;
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
