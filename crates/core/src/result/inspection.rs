//! [`Inspection`]: what a checkpoint file holds and which network it is; what `flatland inspect --json` prints.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One tensor of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorInfo {
    /// Name as in the file.
    pub name: String,
    /// Shape.
    pub shape: Vec<i64>,
    /// `f32`, `f16`, `bf16`, `f64`, `i64`, `u8`, ...
    pub dtype: String,
}

/// Something about a network, with its value: known, or taken where names and shapes of the tensors do not tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumed {
    /// What it is, e.g. `activation`, `shortcuts`, `input size`.
    pub what: String,
    /// The value taken, e.g. `ReLU`.
    pub value: String,
}

/// A network that a file can be read as when somebody asks for it by name and leaves tensors out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loadable {
    /// Name of the architecture.
    pub architecture: String,
    /// Globs of the tensors that it does not have.
    pub ignore: Vec<String>,
}

/// The report on one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// The file.
    pub file: PathBuf,
    /// `zip pickle`, `legacy pickle`, `safetensors`; null when none of them.
    pub container: Option<String>,
    /// Name of the architecture; null when unknown.
    pub architecture: Option<String>,
    /// Number of classes; null when unknown.
    pub classes: Option<i64>,
    /// Number of trainable numbers in the file's tensors (running statistics and counters not counted).
    pub parameters: i64,
    /// Input shape [channels, height, width]; null when unknown.
    pub input: Option<[i64; 3]>,
    /// Every tensor.
    pub tensors: Vec<TensorInfo>,
    /// Tensors that the architecture needs and the file lacks.
    pub missing: Vec<String>,
    /// Tensors that the file has and the architecture does not know.
    pub unexpected: Vec<String>,
    /// `name: expected [..], found [..]`.
    pub mismatched: Vec<String>,
    /// What the pickle refers to, e.g. `collections.OrderedDict`; never executed.
    pub globals: Vec<String>,
    /// Names of all state dicts found in the file; the first is the one that is read unless another is chosen.
    #[serde(default)]
    pub state_dicts: Vec<String>,
    /// The state dict that was read, where the file holds several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// What is known of the network, and from what.
    #[serde(default)]
    pub certain: Vec<Assumed>,
    /// What names and shapes do not tell, with the values taken.
    #[serde(default)]
    pub assumed: Vec<Assumed>,
    /// Names of other architectures with the same tensors.
    #[serde(default)]
    pub ambiguous: Vec<String>,
    /// What somebody has to choose before anything is computed with the file: `architecture` is only the first of several then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Networks that the file can be read as when asked for by name, with what has to be left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loadable: Vec<Loadable>,
    /// Things worth knowing: stripped prefixes, conversions, non-finite weights.
    pub notes: Vec<String>,
    /// Why the file is refused.
    pub error: Option<String>,
}
