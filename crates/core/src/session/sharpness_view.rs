//! [`SharpnessView`]: what the sharpness tab shows.

use serde::{Deserialize, Serialize};

/// What the sharpness tab shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SharpnessView {
    /// The loss along α over the session's random planes, instead of S(ρ).
    pub planes: bool,
}
