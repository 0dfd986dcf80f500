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
mod scatter_view;
mod selection;
mod settings;
mod sharpness;
mod sharpness_view;
mod tab;
mod trajectory;
mod view;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use assumption::{Assumption, Assumptions};
pub use checkpoint::{COLORS, CheckpointEntry};
pub use classes::{ClassEntry, ClassRule, ClassesEntry};
pub use compare_view::CompareView;
pub use dataset::FIRST_LOOK;
pub use direction::{DirectionRule, DirectionSettings, Law, OneDimensional, Orthogonalization, Preset, Scaling};
pub use extent::{Extent, Extents};
pub use figure::{FigureFormat, FigurePreset, FigureSettings, Theme};
pub use hessian::{DensityQuality, HessianSettings};
pub use input_plane::{InputAxes, InputPlane, InputTarget};
pub use input_transform::{InputFilter, InputPreset, InputResize, InputSteps, InputTransform};
pub use landscape::{BatchNormPolicy, Curvature, LandscapeSettings, Stop};
pub use landscape_view::{Camera, ColorSettings, Colormap, CutAxis, ErrorShown, LandscapeForm, LandscapeView, PickedCell, Spacing};
pub use loss::{LossKind, LossSettings};
pub use network_choice::{NetworkChoice, split_weights};
pub use normalization::{Normalization, NormalizationPreset};
pub use plane::{Axes, AxisFile, AxisPart, Statistics};
pub use scatter_view::{Category, ColorBy, Pane, ScatterView, Tool};
pub use selection::{Range, SelectMode, Selection};
pub use settings::{EmbeddingSettings, ScoreSettings};
pub use sharpness::{Adaptive, Estimator, Norm, Restart, SharpnessSettings};
pub use sharpness_view::SharpnessView;
pub use tab::Tab;
pub use trajectory::Trajectory;
pub use view::{Link, Links, ViewSettings};

/// What may go wrong with a session file.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The file could not be read or written.
    #[error("cannot {action} the session: {source} ({path})")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The cause.
        source: std::io::Error,
        /// The session file.
        path: PathBuf,
    },
    /// The file is not a session.
    #[error("not a Flatland session: {message} ({path})")]
    Invalid {
        /// What was expected and found.
        message: String,
        /// The session file.
        path: PathBuf,
    },
}

/// The role of a dataset relative to the ID data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// ID training images.
    Train,
    /// In-distribution test images.
    Id,
    /// Covariate shift: the ID classes in other images.
    Cs,
    /// Near semantic shift: other, similar classes.
    Near,
    /// Far semantic shift.
    Far,
    /// Auxiliary outliers for training.
    Outliers,
}

impl Role {
    /// All roles in the order in which they are shown.
    pub const ALL: [Role; 6] = [Role::Train, Role::Id, Role::Cs, Role::Near, Role::Far, Role::Outliers];

    /// Whether its images belong to the network's classes, so that they have a loss.
    pub fn has_classes(self) -> bool {
        matches!(self, Role::Train | Role::Id | Role::Cs)
    }

    /// As written in files: `id`, `cs`, ...
    pub fn key(self) -> &'static str {
        match self {
            Role::Train => "train",
            Role::Id => "id",
            Role::Cs => "cs",
            Role::Near => "near",
            Role::Far => "far",
            Role::Outliers => "outliers",
        }
    }

    /// The role that is written as `key`.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }

    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            Role::Train => "ID train",
            Role::Id => "ID",
            Role::Cs => "CS",
            Role::Near => "near SS",
            Role::Far => "far SS",
            Role::Outliers => "outliers",
        }
    }
}

/// A corruption in a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorruptionEntry {
    /// Snake-case name, e.g. `gaussian_noise`.
    pub kind: String,
    /// 1 (weak) to 5 (strong).
    pub severity: u8,
}

/// A dataset that is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetEntry {
    /// Unique name within the session.
    pub name: String,
    /// What it is to the ID data.
    pub role: Role,
    /// File or folder, or `demo:<part>` for a part of the bundled demo set.
    pub path: PathBuf,
    /// Overrides sniffing by content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// `train`, `test`, `val`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Size of a class-stratified subset drawn with the session's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Takes the first images in file order instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<usize>,
    /// Applied to every image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corruption: Option<CorruptionEntry>,
    /// What was inferred and not confirmed yet.
    #[serde(default, skip_serializing_if = "Assumptions::is_empty")]
    pub assumed: Assumptions,
    /// The class of the network that each of its classes is, where names do not determine it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassesEntry>,
}

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

    /// Reads a session and makes its paths absolute, relative to `path`'s folder. `demo:` paths stay as they are.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, has another version, unknown fields or names used twice.
    pub fn load(path: &Path) -> Result<Self, SessionError> {
        let text = std::fs::read_to_string(path).map_err(|source| SessionError::Io { action: "read", source, path: path.into() })?;
        let invalid = |message: String| SessionError::Invalid { message, path: path.into() };
        let mut session: Session = toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        session.check().map_err(invalid)?;
        session.assume_what_is_missing(&text);
        // The folder of a bare file name is the empty path, which cannot be made absolute.
        let file = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let folder = file.parent().unwrap_or(Path::new(""));
        for checkpoint in &mut session.checkpoints {
            checkpoint.path = folder.join(&checkpoint.path);
        }
        for dataset in &mut session.datasets {
            if !dataset.is_bundled() {
                dataset.path = folder.join(&dataset.path);
            }
        }
        for path in session.landscape.plane.paths_mut().into_iter().chain(&mut session.figure.sweeps).chain(&mut session.view.runs) {
            *path = folder.join(&*path);
        }
        Ok(session)
    }

    /// Checks version and names; the message says what was expected and found.
    ///
    /// # Errors
    /// When they are not.
    pub fn check(&self) -> Result<(), String> {
        if self.version != 1 {
            return Err(format!("expected version = 1, found version = {}", self.version));
        }
        let mut names = std::collections::BTreeSet::new();
        for checkpoint in &self.checkpoints {
            if !names.insert(&checkpoint.name) {
                return Err(format!("expected unique checkpoint names, found `{}` twice", checkpoint.name));
            }
        }
        self.landscape.check()?;
        self.scores.check()?;
        self.figure.check()?;
        self.view.landscape.check()?;
        self.figure.check_names(self.checkpoints.iter().map(|checkpoint| checkpoint.name.as_str()))?;
        names.clear();
        for dataset in &self.datasets {
            if !names.insert(&dataset.name) {
                return Err(format!("expected unique dataset names, found `{}` twice", dataset.name));
            }
            if dataset.limit.is_some() && dataset.first.is_some() {
                return Err(format!("expected `limit` or `first` for the dataset `{}`, found both", dataset.name));
            }
        }
        Ok(())
    }

    /// Whether `other` has the same checkpoints, datasets and settings: everything but the view.
    pub fn same_but_view(&self, other: &Self) -> bool {
        // Compared field by field: a selection in a view may be long, and this is called in every frame.
        let Self { version, seed, checkpoints, datasets, landscape, sharpness, hessian, embedding, scores, figure, view: _ } = self;
        (version, seed, checkpoints, datasets) == (&other.version, &other.seed, &other.checkpoints, &other.datasets)
            && (landscape, sharpness, hessian) == (&other.landscape, &other.sharpness, &other.hessian)
            && (embedding, scores, figure) == (&other.embedding, &other.scores, &other.figure)
    }

    /// The session as TOML for a file in `folder`: paths below it become relative to it.
    ///
    /// # Errors
    /// When a path is not Unicode.
    pub fn to_toml(&self, folder: &Path) -> Result<String, toml::ser::Error> {
        let mut session = self.clone();
        let checkpoints = session.checkpoints.iter_mut().map(|entry| &mut entry.path);
        let axes = session.landscape.plane.paths_mut().into_iter();
        let sweeps = session.figure.sweeps.iter_mut().chain(&mut session.view.runs);
        for path in checkpoints.chain(session.datasets.iter_mut().map(|entry| &mut entry.path)).chain(axes).chain(sweeps) {
            if let Ok(relative) = path.strip_prefix(folder) {
                *path = relative.to_owned();
            }
        }
        toml::to_string(&session)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TEXT: &str = r#"
        version = 1
        seed = 3
        [[checkpoint]]
        name = "OE"
        path = "nets/oe.safetensors"
        normalization = { mean = [0.5, 0.5, 0.5], std = [0.2, 0.2, 0.2] }
        [[dataset]]
        name = "test"
        role = "id"
        path = "demo:test"
        limit = 100
        [[dataset]]
        name = "fog"
        role = "cs"
        path = "/elsewhere/test"
        corruption = { kind = "fog", severity = 3 }
    "#;

    #[test]
    fn a_saved_session_reads_back_the_same_wherever_its_folder_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        std::fs::write(&path, TEXT).unwrap();
        let session = Session::load(&path).unwrap();
        assert_eq!(session.checkpoints[0].path, folder.path().join("nets/oe.safetensors"));
        assert_eq!(session.datasets[0].path, Path::new("demo:test"));
        assert_eq!(session.datasets[1].path, Path::new("/elsewhere/test"));
        let text = session.to_toml(folder.path()).unwrap();
        assert!(text.contains("path = \"nets/oe.safetensors\""), "{text}");
        std::fs::write(&path, text).unwrap();
        assert_eq!(Session::load(&path).unwrap(), session);
    }

    #[test]
    fn paths_of_a_plane_are_relative_to_the_session_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        let plane = "kind = \"files\"\ndelta = \"r/epsilon_0.05.npz\"\neta = { file = \"v.npz\", key = \"1\", length = 2.0 }";
        let text = format!("version = 1\n[landscape]\nextent = [-2.0, 2.0]\n[landscape.plane]\n{plane}\n[view]\nruns = \"my/runs\"\n");
        std::fs::write(&path, text).unwrap();
        let session = Session::load(&path).unwrap();
        let paths: Vec<_> = session.landscape.plane.inputs().into_iter().map(|(_, path)| path.to_owned()).collect();
        assert_eq!(paths, [folder.path().join("r/epsilon_0.05.npz"), folder.path().join("v.npz")]);
        let text = session.to_toml(folder.path()).unwrap();
        assert!(text.contains("\"r/epsilon_0.05.npz\"") && text.contains("runs = \"my/runs\""), "{text}");
        std::fs::write(&path, text).unwrap();
        assert_eq!(Session::load(&path).unwrap(), session);
    }

    #[test]
    fn checkpoints_of_a_trajectory_lie_beside_the_session() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        for (said, expected) in [
            ("checkpoints = \"snapshots\"\nonly = \"epoch_*\"", vec!["snapshots"]),
            ("checkpoints = [\"b/last.pt\", \"a.pt\"]", vec!["b/last.pt", "a.pt"]),
            ("run = \"runs/mine\"", vec!["runs/mine"]),
        ] {
            std::fs::write(&path, format!("version = 1\n[landscape.plane]\nkind = \"trajectory\"\n{said}\n")).unwrap();
            let session = Session::load(&path).unwrap();
            let paths: Vec<_> = session.landscape.plane.inputs().into_iter().map(|(_, path)| path.to_owned()).collect();
            assert_eq!(paths, expected.into_iter().map(|path| folder.path().join(path)).collect::<Vec<_>>());
            let text = session.to_toml(folder.path()).unwrap();
            assert!(!text.contains(folder.path().to_str().unwrap()), "{text}");
            std::fs::write(&path, text).unwrap();
            assert_eq!(Session::load(&path).unwrap(), session);
        }
    }

    #[test]
    fn errors_name_the_file_and_what_was_expected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        for (text, expected) in [
            ("version = 2", "expected version = 1, found version = 2"),
            ("version = 1\n[landscape]\ngrit = [1, 1]", "grit"),
            ("version = 1\n[landscape]\ngrid = [10000000000, 1]", "found a grid of 10000000000 × 1"),
            ("version = 1\n[landscape]\ngrid = [18446744073709551, 18446744073709551]", "expected at most 1048576 cells"),
            ("version = 1\n[scores]\nbins = 10000000000", "expected at most 10000 `bins` in [scores], found 10000000000"),
            ("version = 1\n[landscape]\nplanes = 100000", "found planes = 100000"),
            ("version = 1\n[landscape.directions]\northogonol = true", "orthogonol"),
            ("version = 1\n[landscape.plane]\nkind = \"random\"\nrun = \"x\"", "run"),
            ("version = 1\n[[checkpoint]]\nname = \"a\"\npath = \"x\"\n[[checkpoint]]\nname = \"a\"\npath = \"y\"", "found `a` twice"),
            ("version = 1\n[figure]\ndpi = 1", "`dpi` of [figure] between 30 and 2400"),
            ("version = 1\n[figure]\ncompared = [\"OE\"]", "found `OE`"),
            ("version = 1\n[[dataset]]\nname = \"a\"\nrole = \"id\"\npath = \"x\"\nlimit = 1\nfirst = 1", "found both"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Session::load(&path).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("s.toml"), "{error}");
        }
        assert!(Session::load(&folder.path().join("none.toml")).unwrap_err().to_string().contains("none.toml"));
    }
}
