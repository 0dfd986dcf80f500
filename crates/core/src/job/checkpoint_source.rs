//! [`CheckpointSource`]: the checkpoint of a job.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::session::{CheckpointEntry, InputTransform, NetworkChoice, Normalization, program_file, stated_choice};

/// A checkpoint to work on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckpointSource {
    /// Name shown to people; also the name of the result folder.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Overrides inference from the tensors.
    pub architecture: Option<String>,
    /// Which state dict of a file that holds several, by its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Globs of tensor names that the network does not have and that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// Name of the value of an exported program that is the penultimate features; absent = the input of its last affine map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
    /// Name of the output of an exported program that is the logits, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Normalization of the inputs.
    pub normalization: Normalization,
    /// How images are brought to the size of the network's input; absent = scaled to fill it, then cropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputTransform>,
}

impl CheckpointSource {
    /// How its file is read.
    pub fn choice(&self) -> NetworkChoice {
        stated_choice!(self)
    }

    /// The files that the network and its weights are read from, with words for what they are.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &str, &Path)> {
        let program = self.architecture.as_deref().and_then(program_file).map(|path| ("exported program of", path));
        [("checkpoint", self.path.as_path())].into_iter().chain(program).map(|(what, path)| (what, self.name.as_str(), path))
    }
}

impl From<&CheckpointEntry> for CheckpointSource {
    fn from(entry: &CheckpointEntry) -> Self {
        Self {
            name: entry.name.clone(),
            path: entry.path.clone(),
            architecture: entry.architecture.clone(),
            weights: entry.weights.clone(),
            ignore: entry.ignore.clone(),
            features: entry.features.clone(),
            output: entry.output.clone(),
            normalization: entry.normalization,
            input: entry.input,
        }
    }
}
