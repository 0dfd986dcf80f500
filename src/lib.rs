//! Flatland's window, command line and figures: everything a person touches. It never links libtorch.
//!
//! The workspace has three crates. `flatland-core` is what both sides share, `flatland-engine` computes on tensors in worker processes, and
//! this one shows and asks. The worker's protocol joins them: a [`flatland_core::job::JobSpec`] goes in,
//! [`flatland_core::job::JobEvent`]s come out, large arrays travel by file.
//!
//! Every result flows one way: gesture or flag → command → edit of the [`flatland_core::session`] or [`flatland_core::job::JobSpec`] → worker
//! → [`flatland_core::job::JobEvent`]s → [`flatland_core::result`] → views, figures and command line, which all draw from the same
//! (session, results) pair.
//!
//! | Room | Promises | May import, beside `flatland_core` |
//! |---|---|---|
//! | [`figure`] | SVG, PDF and PNG figures, CSV and LaTeX tables | nothing |
//! | [`ui`] | the window | `figure` |
//! | [`cli`] | one file per subcommand | `figure` |
//!
//! `tests/architecture/` holds this table.

pub mod cli;
pub mod figure;
pub mod ui;
