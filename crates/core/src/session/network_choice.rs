//! [`NetworkChoice`]: how a checkpoint file is read as a network, where its tensors do not determine it or the user overrides it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The network in a file, and which of its tensors are used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NetworkChoice {
    /// Name of the architecture, or path of an exported program (`.pt2`) with tensors of the same names; `None` = inferred from the tensors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Which state dict of a file that holds several, by its key, e.g. `ema`; `None` = the first found.
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
}

impl NetworkChoice {
    /// The network called `architecture`, everything else as found.
    pub fn named(architecture: impl Into<String>) -> Self {
        Self { architecture: Some(architecture.into()), ..Self::default() }
    }

    /// Whether the network is that of an exported program, with or without a head (`net.pt2+mcd`).
    pub fn is_program(&self) -> bool {
        self.architecture.as_deref().is_some_and(is_program)
    }

    /// Whether everything is inferred.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether `architecture` names an exported program (`.pt2`), with or without a head.
pub fn is_program(architecture: &str) -> bool {
    architecture.split('+').next_back().is_some_and(|last| last.ends_with(".pt2"))
        || architecture.rsplit_once('+').is_some_and(|(base, _)| base.ends_with(".pt2"))
}

/// `architecture` with the path of an exported program relative to `folder`; every other name as it is.
pub fn resolved(architecture: &str, folder: &Path) -> String {
    if is_program(architecture) { folder.join(architecture).display().to_string() } else { architecture.to_owned() }
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
