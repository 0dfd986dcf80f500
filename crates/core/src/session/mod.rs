//! What the user has open: checkpoints, datasets with roles, settings of the analyses. Plain serde data, `*.toml`.
//!
//! Relative paths are relative to the session file; [`Session::load`] makes them absolute. Deliberately absent:
//! results (they are recomputed or found in the cache), windows, threads.

mod assumption;
mod checkpoint;
mod classes;
mod compare_view;
mod dataset;
mod direction;
mod extent;
mod figure;
mod file;
mod filter_choice;
mod hessian;
mod input_plane;
mod input_transform;
mod landscape;
mod landscape_view;
mod likely_role;
mod loss;
mod network_choice;
mod normalization;
mod plane;
mod role;
mod scatter_view;
mod score_info;
mod score_settings;
mod selection;
mod settings;
mod sharpness;
mod sharpness_view;
mod tab;
mod trajectory;
mod view;

use serde::{Deserialize, Serialize};

pub use assumption::{Assumption, Assumptions};
pub use checkpoint::{COLORS, CheckpointEntry};
pub use classes::{ClassEntry, ClassRule, ClassesEntry};
pub use compare_view::CompareView;
pub use dataset::{CorruptionEntry, DatasetEntry, FIRST_LOOK};
pub use direction::{DirectionRule, DirectionSettings, Law, OneDimensional, Orthogonalization, Preset, Scaling};
pub use extent::{Extent, Extents};
pub use figure::{FigureFormat, FigurePreset, FigureSettings, Theme};
pub use file::SessionError;
pub use filter_choice::{Filter, FilterChoice};
pub use hessian::{DensityQuality, HessianSettings};
pub use input_plane::{InputAxes, InputPlane, InputTarget};
pub use input_transform::{InputFilter, InputPreset, InputResize, InputSteps, InputTransform};
pub use landscape::{BatchNormPolicy, Curvature, LandscapeSettings, Stop};
pub use landscape_view::{Camera, ColorSettings, Colormap, CutAxis, ErrorShown, LandscapeForm, LandscapeView, PickedCell, Spacing};
pub use loss::{LossKind, LossSettings};
pub(crate) use network_choice::stated_choice;
pub use network_choice::{NetworkChoice, architecture_label, is_program, program_file, resolved, split_weights};
pub use normalization::{Normalization, NormalizationPreset};
pub use plane::{Axes, AxisFile, AxisPart, Statistics};
pub use role::Role;
pub use scatter_view::{Category, ColorBy, Pane, ScatterView, Tool};
pub use score_info::{SCORES, ScoreInfo, ScoreParameter, score_info};
pub use score_settings::{ScoreParameters, ScoreSettings, are_default_scores, default_scores};
pub use selection::{Range, SelectMode, Selection};
pub use settings::EmbeddingSettings;
pub use sharpness::{Adaptive, Estimator, Norm, Restart, SharpnessSettings};
pub use sharpness_view::SharpnessView;
pub use tab::Tab;
pub use trajectory::Trajectory;
pub use view::{Link, Links, ViewSettings};

/// Everything the user has open.
///
/// ```
/// use flatland_core::session::{Role, Session};
///
/// let session: Session = toml::from_str(
///     r#"
///     version = 1
///     [[checkpoint]]
///     name = "OE"
///     path = "oe.safetensors"
///     [[dataset]]
///     name = "digits"
///     role = "id"
///     path = "demo:test"
///     [landscape]
///     grid = [21, 21]
///     "#,
/// )?;
/// assert_eq!((session.checkpoints[0].name.as_str(), session.datasets[0].role), ("OE", Role::Id));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Version of the format: 1.
    pub version: u32,
    /// Seed of everything random.
    #[serde(default)]
    pub seed: u64,
    /// Open checkpoints, in the order of their panels.
    #[serde(default, rename = "checkpoint")]
    pub checkpoints: Vec<CheckpointEntry>,
    /// Open datasets.
    #[serde(default, rename = "dataset")]
    pub datasets: Vec<DatasetEntry>,
    /// Settings of the landscape.
    #[serde(default)]
    pub landscape: LandscapeSettings,
    /// Settings of the sharpness search.
    #[serde(default)]
    pub sharpness: SharpnessSettings,
    /// Settings of the Hessian; without them, `figures` leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hessian: Option<HessianSettings>,
    /// Settings of the embedding.
    #[serde(default)]
    pub embedding: EmbeddingSettings,
    /// Settings of the scores.
    #[serde(default)]
    pub scores: ScoreSettings,
    /// Settings of the figures.
    #[serde(default)]
    pub figure: FigureSettings,
    /// What is shown and how.
    #[serde(default, skip_serializing_if = "ViewSettings::is_default")]
    pub view: ViewSettings,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            version: 1,
            seed: 0,
            checkpoints: Vec::new(),
            datasets: Vec::new(),
            landscape: LandscapeSettings::default(),
            sharpness: SharpnessSettings::default(),
            hessian: None,
            embedding: EmbeddingSettings::default(),
            scores: ScoreSettings::default(),
            figure: FigureSettings::default(),
            view: ViewSettings::default(),
        }
    }
}

impl Session {
    /// The checkpoint that is subtracted in differences of landscapes: the named one, else the first of several.
    pub fn landscape_baseline(&self) -> Option<&str> {
        let first = || self.checkpoints.first().map(|checkpoint| checkpoint.name.as_str());
        if self.checkpoints.len() < 2 { None } else { self.landscape.baseline.as_deref().or_else(first) }
    }

    /// Whether `other` has the same checkpoints, datasets and settings: everything but the view.
    pub fn same_but_view(&self, other: &Self) -> bool {
        // Compared field by field: a selection in a view may be long, and this is called in every frame.
        let Self { version, seed, checkpoints, datasets, landscape, sharpness, hessian, embedding, scores, figure, view: _ } = self;
        (version, seed, checkpoints, datasets) == (&other.version, &other.seed, &other.checkpoints, &other.datasets)
            && (landscape, sharpness, hessian) == (&other.landscape, &other.sharpness, &other.hessian)
            && (embedding, scores, figure) == (&other.embedding, &other.scores, &other.figure)
    }
}
