//! [`NetworkChoice`]: how a checkpoint file is read as a network, where its tensors do not determine it or the user overrides it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The network in a file, and which of its tensors are used.
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

    /// Whether everything is inferred.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Splits `path` into the file and the state dict within: `net.pth@ema` is `ema` of `net.pth` unless a file has the whole name.
pub fn split_weights(path: &Path) -> (PathBuf, Option<String>) {
    let split = || {
        let (file, key) = path.to_str()?.rsplit_once('@')?;
        (!path.exists() && !key.is_empty() && Path::new(file).is_file()).then(|| (PathBuf::from(file), key.to_owned()))
    };
    split().map_or_else(|| (path.to_owned(), None), |(file, key)| (file, Some(key)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_behind_a_file_is_a_state_dict_unless_the_whole_is_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("net.pth"), "").unwrap();
        std::fs::write(path("a@b.pth"), "").unwrap();
        assert_eq!(split_weights(&path("net.pth@state_dict.ema")), (path("net.pth"), Some("state_dict.ema".into())));
        assert_eq!(split_weights(&path("a@b.pth@ema")), (path("a@b.pth"), Some("ema".into())));
        for whole in ["net.pth", "a@b.pth", "nothing.pth@ema", "net.pth@"] {
            assert_eq!(split_weights(&path(whole)), (path(whole), None), "{whole}");
        }
    }
}
