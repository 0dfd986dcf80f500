//! What analyses and runs produce, as plain arrays, and their files (`.npz` beside `.json`).
//!
//! Every file is written to a temporary name in the same folder, synced, renamed ([`write_atomic`]).
//! Deliberately absent: tensors, windows, sessions.

mod atomic;
mod barrier;
mod cache;
mod cell_store;
mod conformance;
mod embedding;
mod hessian;
mod input_record;
mod inspection;
mod json;
mod labels;
mod landscape;
mod landscape_band;
mod landscape_difference;
mod landscape_error;
mod landscape_line;
mod landscape_manifest;
mod loss_rows;
mod network_check;
mod non_finite;
mod npz;
mod picture;
mod plane;
mod quantity;
mod score_definition;
mod score_difference;
mod score_numbers;
mod scores;
mod sharpness;
mod sweep_table;
mod tensor_set;
mod tensor_values;
mod tensorboard;
mod unreadable;

use std::path::PathBuf;

pub use atomic::{safe_name, write_atomic};
pub use barrier::LossBarrier;
pub use cache::{cache_folder, cache_root, cell_cache, content_key, state_root};
pub use cell_store::CellStore;
pub use conformance::{Check, CheckGroup, Checks, Conformance, Definition, Machine};
pub use embedding::Embedding;
pub use hessian::{Eigenvalue, HessianSpectrum, LayerCurvature, SpectralDensity, Trace};
pub use input_record::InputRecord;
pub use inspection::{Assumed, Inspection, Loadable, ProgramValue, ProgramValues, TensorInfo};
pub use labels::LabelRecord;
pub use landscape::{Cell, CellStatus, LossSurface, nearest_node};
pub use landscape_band::{BandManifest, LandscapeBand};
pub use landscape_difference::{LossDifference, SAMPLE_LOSSES};
pub use landscape_error::{ErrorKind, capital};
pub use landscape_manifest::LandscapeManifest;
pub use loss_rows::LossRows;
pub use network_check::{CHECKED_IMAGES, Fit, LayerCheck, NetworkCheck};
pub use npz::{Array, Npz, NpzValues};
pub use picture::{Engine, FEWEST_POINTS, Picture, different_points};
pub use plane::{LeftOut, PlanePoint, PlaneRecord};
pub use quantity::{Map, Quantity, Reading};
pub use score_definition::{ScoreDefinitions, score_definition};
pub use score_difference::{Paired, ScoreDifference};
pub use scores::{DatasetScores, Detection, DetectionError, FittedOn, ScoreTable, gather_scores};
pub use sharpness::{LayerSharpness, SecondOrder, SharpnessCurve, SharpnessPoint, Spread, Stuck, Unmoved};
pub use sweep_table::{SweepPointResults, SweepResults};
pub use tensor_set::TensorSet;
pub use tensor_values::TensorValues;
pub use tensorboard::{Scalar, tensorboard_events};
pub use unreadable::{Unreadable, UnreadableImage, unreadable_lines, unreadable_warning};

/// What may go wrong with a result file.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The file could not be read or written.
    #[error("cannot {action}: {source} ({path})")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The cause.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The file is not what it should be.
    #[error("{message} ({path})")]
    Invalid {
        /// What was expected and found.
        message: String,
        /// The file.
        path: PathBuf,
    },
}
