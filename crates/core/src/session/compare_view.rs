//! [`CompareView`]: how the table of the compared checkpoints is shown.

use serde::{Deserialize, Serialize};

/// The table of the compared checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompareView {
    /// Only the rows in which checkpoints differ.
    pub only_differences: bool,
}

impl Default for CompareView {
    fn default() -> Self {
        Self { only_differences: true }
    }
}
