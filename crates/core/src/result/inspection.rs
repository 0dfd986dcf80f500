//! [`Inspection`]: the content of a checkpoint file and its network; `flatland inspect --json` prints it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::TensorValues;

/// One tensor of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorInfo {
    /// Name as in the file.
    pub name: String,
    /// Shape.
    pub shape: Vec<i64>,
    /// `f32`, `f16`, `bf16`, `f64`, `i64`, `u8`, ...
    pub dtype: String,
    /// What its values are like, read as f32; absent where it has no floats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<TensorValues>,
}

/// A property of a network with its value: known, or assumed where names and shapes of the tensors do not determine it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumed {
    /// The property, e.g. `activation`, `shortcuts`, `input size`.
    pub what: String,
    /// The value, e.g. `ReLU`.
    pub value: String,
}

/// A network as which a file can be read if the user names it and leaves tensors out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loadable {
    /// Name of the architecture.
    pub architecture: String,
    /// Globs of the tensors that it does not have.
    pub ignore: Vec<String>,
}

/// A value of an exported program that can be its features or its logits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramValue {
    /// Its name in the program.
    pub name: String,
    /// D of values [images, D]; absent where it has another shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<i64>,
    /// Whether it is taken where nothing is stated.
    #[serde(default)]
    pub default: bool,
    /// Whether it is used.
    #[serde(default)]
    pub used: bool,
}

/// The values of an exported program among which the user chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramValues {
    /// Values [images, D] that can be the penultimate features, in the order in which they are computed.
    pub features: Vec<ProgramValue>,
    /// Its outputs, in its order; those of shape [images, classes] can be the logits.
    pub outputs: Vec<ProgramValue>,
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
    /// Number of parameters in the file's tensors, without running statistics and counters.
    pub parameters: i64,
    /// Shape of one input: [channels, height, width] of an image, any other of a float array; null when unknown.
    pub input: Option<Vec<i64>>,
    /// Every tensor.
    pub tensors: Vec<TensorInfo>,
    /// Tensors that the architecture needs and the file lacks.
    pub missing: Vec<String>,
    /// Tensors in the file that the architecture does not have.
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
    /// The known properties of the network, and their sources.
    #[serde(default)]
    pub certain: Vec<Assumed>,
    /// Properties that names and shapes do not determine, with the assumed values.
    #[serde(default)]
    pub assumed: Vec<Assumed>,
    /// Names of other architectures with the same tensors.
    #[serde(default)]
    pub ambiguous: Vec<String>,
    /// What the user has to choose before the file can be used: `architecture` is only the first of several candidates then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Networks as which the file can be read if the user names them, with the tensors to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loadable: Vec<Loadable>,
    /// Candidates for features and logits of the exported program that the file is read as; also where one has to be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramValues>,
    /// Remarks: stripped prefixes, conversions, non-finite weights.
    pub notes: Vec<String>,
    /// Why the file is refused.
    pub error: Option<String>,
}
impl Inspection {
    /// The sizes of one input, with `times` between them.
    pub fn input_label(&self, times: &str) -> Option<String> {
        let sizes: Vec<String> = self.input.as_ref()?.iter().map(i64::to_string).collect();
        Some(sizes.join(times))
    }
}
