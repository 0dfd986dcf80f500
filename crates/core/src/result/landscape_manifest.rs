//! [`LandscapeManifest`]: what determines a [`LossSurface`](super::LossSurface).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{InputRecord, LabelRecord, PlaneRecord, Unreadable, non_finite};

/// What determines a surface: enough to compute it again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LandscapeManifest {
    /// Version of the format: 1.
    pub version: u32,
    /// Name of the checkpoint.
    pub checkpoint: String,
    /// Its file.
    pub checkpoint_path: PathBuf,
    /// blake3 of its tensors, hex.
    pub checkpoint_hash: String,
    /// Architecture.
    pub architecture: String,
    /// Name of the dataset.
    pub dataset: String,
    /// blake3 of its pixels and labels after subset, resizing and corruption, hex.
    pub dataset_hash: String,
    /// Images evaluated in every cell.
    pub samples: usize,
    /// What their labels follow from; absent in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelRecord>,
    /// Key of the preset of the random directions (`li2018`, ...), or `file`, `line`, `checkpoints`, `trajectory`, `input`.
    pub definition: String,
    /// Normalization of random directions: `filter`, ...; in input space `l2`, `linf` or `image`; see [`InputRecord`].
    pub normalization: String,
    /// The directions of 1-D tensors: `zero`, `moving`, `as in the file`; `fixed` in input space, like all weights.
    pub one_dimensional: String,
    /// `frozen`, `reestimated` or `batch`.
    pub batch_norm: String,
    /// blake3 of the images that BatchNorm's statistics are estimated on, hex; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics_hash: Option<String>,
    /// The loss: `cross_entropy`, or the description of another.
    pub loss: String,
    /// Names of the semantic-shift datasets; empty where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ood: Vec<String>,
    /// blake3 of the semantic-shift images, hex; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ood_hash: Option<String>,
    /// Their number.
    #[serde(default)]
    pub ood_samples: usize,
    /// λ of the DR-SAM loss; absent without semantic-shift images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda: Option<f64>,
    /// How the Hessian's extreme eigenvalues are computed; absent if they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curvature: Option<serde_json::Value>,
    /// Arithmetic of the forward passes: `f32`, `tf32` or `bf16`. Weights are combined and losses taken in f32 and f64.
    pub precision: String,
    /// Seed of the directions.
    pub seed: u64,
    /// blake3 of the directions, hex.
    pub directions_hash: String,
    /// Cosine between δ and η.
    #[serde(with = "non_finite")]
    pub cosine: f64,
    /// Mean and standard deviation of the input normalization.
    pub input_normalization: ([f64; 3], [f64; 3]),
    /// How images were brought to the size of the network's input, if the checkpoint states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_transform: Option<String>,
    /// Loss at θ itself, evaluated by the same code; may be non-finite.
    #[serde(with = "non_finite")]
    pub center_loss: f64,
    /// The image and its directions, if the plane lies in input space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputRecord>,
    /// The plane, and what is drawn on it; absent in files of versions without other planes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plane: Option<PlaneRecord>,
    /// Images of its datasets that could not be read.
    #[serde(default, skip_serializing_if = "Unreadable::is_empty")]
    pub unreadable: Unreadable,
    /// The job, enough to compute the surface again: JSON of [`LandscapeJob`](crate::job::LandscapeJob) without its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<serde_json::Value>,
}

impl LandscapeManifest {
    /// The label of the loss: `loss`, with its definition if it is not plain cross-entropy.
    pub fn loss_label(&self) -> String {
        loss_label(&self.loss)
    }

    /// The dataset and the number of its images, as printed in figures: `CIFAR-10 test, n = 1000`.
    pub fn measured_on(&self) -> String {
        if let Some(input) = &self.input {
            return format!("{} ({})", input.of(&self.dataset), input.classes_said());
        }
        // It is written when the surface is complete.
        if self.samples == 0 { format!("{}, unfinished", self.dataset) } else { format!("{}, n = {}", self.dataset, self.samples) }
    }

    /// What the value of a cell depends on: everything but names, files, and the record of the plane except its directions.
    pub fn essence(&self) -> Self {
        Self {
            checkpoint: String::new(),
            checkpoint_path: PathBuf::new(),
            dataset: String::new(),
            ood: Vec::new(),
            input: self.input.as_ref().map(InputRecord::essence),
            // Cells depend on the hash of the readable images.
            unreadable: Unreadable::new(),
            // Cells depend on the hash of the directions; older files have neither of these fields.
            plane: None,
            recipe: None,
            // The hash of the dataset includes its labels.
            labels: None,
            // The hash of the dataset is of the images after it.
            input_transform: None,
            ..self.clone()
        }
    }

    /// The marked points of the plane, (α, β): θ and all projected checkpoints.
    pub fn marked(&self) -> Vec<[f64; 2]> {
        std::iter::once([0.0; 2]).chain(self.plane.iter().flat_map(PlaneRecord::covered)).collect()
    }
}

/// See [`LandscapeManifest::loss_label`].
pub(super) fn loss_label(loss: &str) -> String {
    match loss {
        "" | "cross_entropy" => "loss".into(),
        other => format!("loss ({other})"),
    }
}
