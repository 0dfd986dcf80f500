//! [`JobSpec`]: one job, fully resolved: absolute paths, no session needed to run it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{CheckpointSource, Device, Plane, Precision, RunConfig};
use crate::data::Source;
use crate::session::{
    BatchNormPolicy, Curvature, HessianSettings, LossSettings, NetworkChoice, Role, ScoreParameters, SharpnessSettings, Stop,
    are_default_scores, default_scores,
};

/// What is measured in a landscape's cells beside cross-entropy and accuracy, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Semantic-shift images, taken together.
    pub ood: Vec<AnalysisDataset>,
    /// The loss.
    #[serde(default, skip_serializing_if = "LossSettings::is_plain")]
    pub loss: LossSettings,
    /// λ of the DR-SAM loss.
    pub lambda: f64,
    /// Where BatchNorm's statistics come from.
    pub batch_norm: BatchNormPolicy,
    /// The images on which they are estimated, if they are; `None` = the images that are evaluated.
    pub statistics: Option<AnalysisDataset>,
    /// When the surface counts as finished.
    pub stop: Stop,
    /// λ_max and λ_min of the Hessian; absent = not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curvature: Option<Curvature>,
}

/// A dataset with its role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalysisDataset {
    /// What it is to the ID data.
    pub role: Role,
    /// The images.
    pub source: Source,
}

/// L(θ + αδ + βη) on a grid, into `out/landscape.npz` and `.json`. Resumes what it finds there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LandscapeJob {
    /// The checkpoint.
    pub checkpoint: CheckpointSource,
    /// The images.
    pub dataset: AnalysisDataset,
    /// α values, ascending.
    pub alpha: Vec<f64>,
    /// β values, ascending.
    pub beta: Vec<f64>,
    /// Seed of the directions.
    pub seed: u64,
    /// What is measured.
    #[serde(default)]
    pub measure: Measure,
    /// Evaluates the plane of this `directions.npz` instead of that of `plane`.
    pub directions: Option<PathBuf>,
    /// The plane.
    #[serde(default, skip_serializing_if = "Plane::is_default")]
    pub plane: Plane,
    /// Also writes `out/directions.npz`.
    pub save_directions: bool,
    /// Folder of the results.
    pub out: PathBuf,
    /// Folder of the cells that all landscapes share, [`CellStore`](crate::result::CellStore); `None` = none are shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<PathBuf>,
    /// Device.
    pub device: Device,
    /// Precision.
    pub precision: Precision,
}

impl LandscapeJob {
    /// The datasets that it reads.
    fn datasets(&self) -> Vec<&AnalysisDataset> {
        std::iter::once(&self.dataset).chain(&self.measure.ood).chain(&self.measure.statistics).collect()
    }

    fn datasets_mut(&mut self) -> Vec<&mut AnalysisDataset> {
        std::iter::once(&mut self.dataset).chain(&mut self.measure.ood).chain(&mut self.measure.statistics).collect()
    }
}

/// The weights at a point of a landscape's plane, θ + αδ + βη, as a checkpoint of its own. BatchNorm's statistics are those that the
/// landscape has there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightsJob {
    /// The landscape. Its plane and its BatchNorm policy are used, its grid is not.
    pub landscape: LandscapeJob,
    /// α and β.
    pub at: [f64; 2],
    /// The safetensors file to write.
    pub file: PathBuf,
}

/// S(ρ) by one of its estimators, into `out/sharpness.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharpnessJob {
    /// The checkpoint.
    pub checkpoint: CheckpointSource,
    /// The images.
    pub dataset: AnalysisDataset,
    /// How to estimate it. What does not change the result (`datasets`, `relative`) is left as by default.
    pub settings: SharpnessSettings,
    /// Seed of everything random.
    pub seed: u64,
    /// Also writes `out/epsilon_<rho>.npz` (where m < n a file per batch, `epsilon_<rho>_batch<k>.npz`).
    pub save_perturbations: bool,
    /// Folder of the results.
    pub out: PathBuf,
    /// Device.
    pub device: Device,
}

/// Eigenvalues, trace and spectral density of the Hessian at θ, into `out/hessian.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HessianJob {
    /// The checkpoint.
    pub checkpoint: CheckpointSource,
    /// The images.
    pub dataset: AnalysisDataset,
    /// What to compute. What does not change the result (`datasets`) is left as by default.
    pub settings: HessianSettings,
    /// Seed of the start vectors and the probes.
    pub seed: u64,
    /// Also writes `out/eigenvector_<k>.npz`, `out/eigenvector_min.npz` and the plane of the first two, `out/directions.npz`.
    pub save_eigenvectors: bool,
    /// Folder of the results.
    pub out: PathBuf,
    /// Device.
    pub device: Device,
}

/// Features, logits and t-SNE of all datasets together, into `out/embedding.npz`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingJob {
    /// The checkpoint.
    pub checkpoint: CheckpointSource,
    /// The images.
    pub datasets: Vec<AnalysisDataset>,
    /// t-SNE's perplexity.
    pub perplexity: f64,
    /// t-SNE's iterations.
    pub iterations: usize,
    /// Principal components kept before t-SNE.
    pub components: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Folder of the results.
    pub out: PathBuf,
    /// Device.
    pub device: Device,
}

/// Detection scores with their metrics, into `out/scores.json` and `out/scores.npz`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreJob {
    /// The checkpoint.
    pub checkpoint: CheckpointSource,
    /// The images; at least one of role `id`.
    pub datasets: Vec<AnalysisDataset>,
    /// Temperature of the energy score.
    pub temperature: f64,
    /// Keys of the scores; see [`SCORES`](crate::session::SCORES).
    #[serde(default = "default_scores", skip_serializing_if = "are_default_scores")]
    pub names: Vec<String>,
    /// Hyperparameters that differ from their defaults.
    #[serde(default, skip_serializing_if = "ScoreParameters::is_empty")]
    pub parameters: ScoreParameters,
    /// The ID training images, where a score is fitted on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<AnalysisDataset>,
    /// Folder of the results.
    pub out: PathBuf,
    /// Device.
    pub device: Device,
}

/// Definitions against closed forms and independent computations, on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConformanceJob {
    /// The landscape whose checkpoint, images, directions and cells are computed again in float64; `None`: the checks that need no files.
    pub landscape: Option<LandscapeJob>,
    /// Radii of the sharpness whose ε are evaluated again.
    pub rho: Vec<f64>,
    /// A folder for temporary files.
    pub scratch: PathBuf,
    /// Device.
    pub device: Device,
}

/// One job. It goes to the worker as one line of JSON.
///
/// ```
/// use flatland_core::job::JobSpec;
/// use flatland_core::session::NetworkChoice;
///
/// let spec = JobSpec::Inspect { path: "net.pth".into(), choice: NetworkChoice::default() };
/// let line = serde_json::to_string(&spec)?;
/// assert_eq!(line, r#"{"kind":"inspect","path":"net.pth"}"#);
/// assert_eq!(serde_json::from_str::<JobSpec>(&line)?, spec);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobSpec {
    /// What a checkpoint file holds.
    Inspect {
        /// The file.
        path: PathBuf,
        /// How it is to be read.
        #[serde(default, skip_serializing_if = "NetworkChoice::is_default")]
        choice: NetworkChoice,
    },
    /// The fine-tuning methods that the worker knows.
    Methods,
    /// The speed of a run, from a few steps.
    Pace {
        /// The run, with absolute paths.
        run: Box<RunConfig>,
        /// Device.
        device: Device,
    },
    /// See [`LandscapeJob`].
    Landscape(LandscapeJob),
    /// See [`WeightsJob`].
    Weights(Box<WeightsJob>),
    /// See [`SharpnessJob`].
    Sharpness(SharpnessJob),
    /// See [`HessianJob`].
    Hessian(HessianJob),
    /// See [`EmbeddingJob`].
    Embedding(EmbeddingJob),
    /// See [`ScoreJob`].
    Score(ScoreJob),
    /// See [`ConformanceJob`].
    Conformance(ConformanceJob),
}

impl JobSpec {
    /// The checkpoint of the job.
    pub fn checkpoint(&self) -> Option<&CheckpointSource> {
        match self {
            JobSpec::Landscape(job) => Some(&job.checkpoint),
            JobSpec::Weights(job) => Some(&job.landscape.checkpoint),
            JobSpec::Sharpness(job) => Some(&job.checkpoint),
            JobSpec::Hessian(job) => Some(&job.checkpoint),
            JobSpec::Embedding(job) => Some(&job.checkpoint),
            JobSpec::Score(job) => Some(&job.checkpoint),
            JobSpec::Conformance(job) => job.landscape.as_ref().map(|landscape| &landscape.checkpoint),
            JobSpec::Inspect { .. } | JobSpec::Methods | JobSpec::Pace { .. } => None,
        }
    }

    /// The datasets of the job.
    pub fn datasets(&self) -> Vec<&AnalysisDataset> {
        match self {
            JobSpec::Landscape(job) => job.datasets(),
            JobSpec::Weights(job) => job.landscape.datasets(),
            JobSpec::Conformance(job) => job.landscape.as_ref().map_or_else(Vec::new, LandscapeJob::datasets),
            JobSpec::Sharpness(job) => vec![&job.dataset],
            JobSpec::Hessian(job) => vec![&job.dataset],
            JobSpec::Embedding(job) => job.datasets.iter().collect(),
            JobSpec::Score(job) => job.datasets.iter().chain(&job.train).collect(),
            JobSpec::Inspect { .. } | JobSpec::Methods | JobSpec::Pace { .. } => Vec::new(),
        }
    }

    /// The same datasets, mutable.
    pub fn datasets_mut(&mut self) -> Vec<&mut AnalysisDataset> {
        match self {
            JobSpec::Landscape(job) => job.datasets_mut(),
            JobSpec::Weights(job) => job.landscape.datasets_mut(),
            JobSpec::Conformance(job) => job.landscape.as_mut().map_or_else(Vec::new, LandscapeJob::datasets_mut),
            JobSpec::Sharpness(job) => vec![&mut job.dataset],
            JobSpec::Hessian(job) => vec![&mut job.dataset],
            JobSpec::Embedding(job) => job.datasets.iter_mut().collect(),
            JobSpec::Score(job) => job.datasets.iter_mut().chain(&mut job.train).collect(),
            JobSpec::Inspect { .. } | JobSpec::Methods | JobSpec::Pace { .. } => Vec::new(),
        }
    }

    /// The files and folders that the job reads: what each is, its name, its path.
    pub fn inputs(&self) -> Vec<(&'static str, &str, &Path)> {
        let mut inputs = self.inputs_but_images();
        for source in self.datasets().into_iter().map(|dataset| &dataset.source).filter(|source| !source.is_bundled()) {
            inputs.push(("dataset", source.name.as_str(), source.path.as_path()));
        }
        inputs
    }

    /// The same without the datasets.
    pub fn inputs_but_images(&self) -> Vec<(&'static str, &str, &Path)> {
        let mut inputs = Vec::new();
        if let Some(checkpoint) = self.checkpoint() {
            inputs.extend(checkpoint.files());
        }
        let landscape = match self {
            JobSpec::Landscape(job) => Some(job),
            JobSpec::Weights(job) => Some(&job.landscape),
            JobSpec::Inspect { .. }
            | JobSpec::Methods
            | JobSpec::Pace { .. }
            | JobSpec::Sharpness(_)
            | JobSpec::Hessian(_)
            | JobSpec::Embedding(_)
            | JobSpec::Score(_)
            | JobSpec::Conformance(_) => None,
        };
        if let JobSpec::Inspect { path, .. } = self {
            inputs.push(("checkpoint", "", path));
        }
        if let Some(job) = landscape {
            inputs.extend(job.directions.iter().map(|path| ("file of", "directions", path.as_path())));
            inputs.extend(job.plane.axes.inputs().into_iter().map(|(what, path)| (what, "", path)));
            inputs.extend(job.plane.checkpoints.iter().flat_map(CheckpointSource::files));
        }
        inputs
    }

    /// The folder of the results.
    pub fn out(&self) -> Option<&Path> {
        match self {
            JobSpec::Landscape(job) => Some(&job.out),
            JobSpec::Sharpness(job) => Some(&job.out),
            JobSpec::Hessian(job) => Some(&job.out),
            JobSpec::Embedding(job) => Some(&job.out),
            JobSpec::Score(job) => Some(&job.out),
            JobSpec::Inspect { .. } | JobSpec::Methods | JobSpec::Pace { .. } | JobSpec::Weights(_) | JobSpec::Conformance(_) => None,
        }
    }

    /// The same job with other names for its checkpoints.
    #[must_use]
    pub fn renamed(&self, name: impl Fn(&str) -> String) -> Self {
        let mut spec = self.clone();
        let rename = |checkpoint: &mut CheckpointSource| checkpoint.name = name(&checkpoint.name);
        let landscape = |job: &mut LandscapeJob| {
            rename(&mut job.checkpoint);
            job.plane.checkpoints.iter_mut().for_each(rename);
            let said = job.plane.axes.through_mut().iter_mut().chain(&mut job.plane.project);
            said.for_each(|said| *said = name(said));
        };
        match &mut spec {
            JobSpec::Landscape(job) => landscape(job),
            JobSpec::Weights(job) => landscape(&mut job.landscape),
            JobSpec::Sharpness(job) => rename(&mut job.checkpoint),
            JobSpec::Hessian(job) => rename(&mut job.checkpoint),
            JobSpec::Embedding(job) => rename(&mut job.checkpoint),
            JobSpec::Score(job) => rename(&mut job.checkpoint),
            JobSpec::Inspect { .. } | JobSpec::Methods | JobSpec::Pace { .. } | JobSpec::Conformance(_) => {}
        }
        spec
    }

    /// Sets the folder of the results.
    pub fn set_out(&mut self, out: PathBuf) {
        match self {
            JobSpec::Landscape(job) => job.out = out,
            JobSpec::Sharpness(job) => job.out = out,
            JobSpec::Hessian(job) => job.out = out,
            JobSpec::Embedding(job) => job.out = out,
            JobSpec::Score(job) => job.out = out,
            JobSpec::Inspect { .. } | JobSpec::Methods | JobSpec::Pace { .. } | JobSpec::Weights(_) | JobSpec::Conformance(_) => {}
        }
    }
}
