//! [`NetworkChoice`]: how a checkpoint file is read as a network, where its tensors do not tell or somebody knows better.

use serde::{Deserialize, Serialize};

/// Which network a file holds, and which of its tensors are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NetworkChoice {
    /// Name of the architecture; `None` = inferred from the tensors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Which state dict of a file that holds several, by its key, e.g. `ema`; `None` = the first found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Globs of tensor names that the network does not have and that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
}

impl NetworkChoice {
    /// The network called `architecture`, everything else as found.
    pub fn named(architecture: impl Into<String>) -> Self {
        Self { architecture: Some(architecture.into()), ..Self::default() }
    }

    /// Whether nothing is chosen.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
