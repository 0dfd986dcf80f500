//! What Flatland's window, command line and worker share. No window and no tensors: neither egui nor tch is linked.
//!
//! | Room | Promises | May import |
//! |---|---|---|
//! | `numpy` | the reader and writer of `.npy` and `.npz` files | nothing |
//! | [`data`] | images and labels from every on-disk format | `numpy` |
//! | [`metric`] | pure functions on slices: AUROC, AUPR, FPR@95, histograms | nothing |
//! | [`session`] | what the user has open, as plain serde data | nothing |
//! | [`result`] | what analyses and runs produce, and their files | `numpy`, `metric` |
//! | [`job`] | specs, events, the worker's protocol and supervision; the only room with processes and threads | `data`, `session`, `result` |
//!
//! `tests/architecture/` of the package `flatland` holds this table.

pub mod data;
pub mod job;
pub mod metric;
mod numpy;
pub mod result;
pub mod session;
#[doc(hidden)]
pub mod testing;
