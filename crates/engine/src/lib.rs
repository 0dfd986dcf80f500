//! Flatland's bench: where tensors are worked. Only `flatland-worker` links it; the window never does.
//!
//! | Room | Promises | May import, beside `flatland_core::{data, metric, session, result, job}` |
//! |---|---|---|
//! | [`model`] | networks, checkpoint files, parameter vectors, devices; no training | nothing |
//! | [`method`] | the objectives: one file per method; no files, threads, printing | `model` |
//! | [`train`] | steps, schedules, the loop, a run's checkpoints; no printing | `model`, `method` |
//! | [`analysis`] | landscape, sharpness, embedding, scores: definitions and numerics | `model` |
//! | [`worker`] | reads specs, runs them, reports; no mathematics | all |
//!
//! The desk's `tests/architecture.rs` holds this table.

pub mod analysis;
pub mod method;
pub mod model;
pub mod train;
pub mod worker;
