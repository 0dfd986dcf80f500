//! Flatland's desk: everything a person touches. It never links libtorch.
//!
//! Two buildings, one door between them. This crate is the desk; `flatland-engine` is the bench, where
//! tensors are worked. The door is the protocol of the worker process: a [`job::JobSpec`] goes in,
//! [`job::JobEvent`]s come out, large arrays travel by file.
//!
//! One way for every result: gesture or flag → command → edit of the [`session`] or [`job::JobSpec`] → worker →
//! [`job::JobEvent`]s → [`result`] → views, figures and command line, which all draw from the same
//! (session, results) pair.
//!
//! | Room | Promises | May import |
//! |---|---|---|
//! | [`data`] | images and labels from every on-disk format; no tensors, no window | nothing |
//! | [`metric`] | pure functions on slices: AUROC, AUPR, FPR@95, histograms | nothing |
//! | [`session`] | what the user has open, as plain serde data | nothing |
//! | [`result`] | what analyses and runs produce, and their files | `metric` |
//! | [`job`] | specs, events, the worker's protocol and supervision; the only room with processes and threads | `data`, `session`, `result` |
//! | [`figure`] | SVG and PNG figures, CSV tables | `session`, `result`, `metric` |
//! | [`ui`] | the window | all above |
//! | [`cli`] | one file per subcommand | all but `ui` |
//!
//! `tests/architecture.rs` holds this table.

pub mod cli;
pub mod data;
pub mod figure;
pub mod job;
pub mod metric;
pub mod result;
pub mod session;
pub mod ui;
