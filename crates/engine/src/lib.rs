//! Everything of Flatland that computes on tensors. Only the binary `flatland-worker` links it; the window never does.
//!
//! | Module | Contents | May import, besides `flatland_core::{data, metric, session, result, job}` |
//! |---|---|---|
//! | [`model`] | networks, checkpoint files, parameter vectors, devices; no training | nothing |
//! | [`method`] | the objectives: one file per method; no files, threads, printing | `model` |
//! | [`train`] | steps, schedules, the loop, a run's checkpoints; no printing | `model`, `method` |
//! | [`analysis`] | landscape, sharpness, embedding, scores: definitions and numerics | `model` |
//! | [`worker`] | reads job specifications, runs them, reports; no mathematics | all |
//!
//! `tests/architecture/` of the root package checks this table.

pub mod analysis;
pub mod method;
pub mod model;
pub mod train;
pub mod worker;
