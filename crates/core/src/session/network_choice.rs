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
    /// [height, width] of its images, where they are stated; `None` = those of its architecture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_size: Option<[usize; 2]>,
}

/// The choice of a struct that states it in fields of the same names, and the size in `input`. Session and run files reject unknown fields,
/// which serde cannot do with one flattened field.
macro_rules! stated_choice {
    ($stated:expr) => {
        $crate::session::NetworkChoice {
            architecture: $stated.architecture.clone(),
            weights: $stated.weights.clone(),
            ignore: $stated.ignore.clone(),
            features: $stated.features.clone(),
            output: $stated.output.clone(),
            input_size: $stated.input.and_then(|input| input.size()),
        }
    };
}
pub(crate) use stated_choice;

impl NetworkChoice {
    /// The network called `architecture`, everything else as found.
    pub fn named(architecture: impl Into<String>) -> Self {
        Self { architecture: Some(architecture.into()), ..Self::default() }
    }

    /// Whether the network is that of an exported program, with or without a head (`net.pt2+mcd`).
    pub fn is_program(&self) -> bool {
        self.architecture.as_deref().is_some_and(is_program)
    }

    /// The network alone, to read another file with the same tensors: that of the file at `path` itself where it is an exported program.
    pub fn network_of(&self, path: &Path) -> Self {
        let own = || path.to_str().filter(|path| is_program(path)).map(str::to_owned);
        let architecture = self.architecture.clone().or_else(own);
        Self { architecture, features: self.features.clone(), output: self.output.clone(), ..Self::default() }
    }

    /// Whether everything is inferred.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Endings of the files that hold a network as a program.
const PROGRAMS: [&str; 2] = [".pt2", ".onnx"];

/// Whether `architecture` names an exported program (`.pt2`, `.onnx`), with or without a head.
pub fn is_program(architecture: &str) -> bool {
    program_file(architecture).is_some()
}

/// The file of the exported program that `architecture` names, without a head; `None` for the name of a built-in network.
pub fn program_file(architecture: &str) -> Option<&Path> {
    let without_head = || architecture.rsplit_once('+').map(|(base, _)| base);
    let is_file = |name: &&str| PROGRAMS.iter().any(|ending| name.ends_with(ending));
    Some(architecture).filter(is_file).or_else(|| without_head().filter(is_file)).map(Path::new)
}

/// `architecture` as it is shown: of an exported program the name of its file, with the head; every other name as it is.
pub fn architecture_label(architecture: &str) -> &str {
    let file_name = || Path::new(architecture).file_name()?.to_str();
    if is_program(architecture) { file_name().unwrap_or(architecture) } else { architecture }
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
    fn an_exported_program_is_named_by_its_path_and_shown_by_its_file() {
        for (architecture, file, label) in [
            ("/a/net.pt2", Some("/a/net.pt2"), "net.pt2"),
            ("/a+b/net.pt2+mcd", Some("/a+b/net.pt2"), "net.pt2+mcd"),
            ("/a/net.onnx+mcd", Some("/a/net.onnx"), "net.onnx+mcd"),
            ("resnet18+mcd", None, "resnet18+mcd"),
            ("/a.pt2/resnet18", None, "/a.pt2/resnet18"),
        ] {
            assert_eq!((program_file(architecture), architecture_label(architecture)), (file.map(Path::new), label), "{architecture}");
        }
        let resolved = |architecture| resolved(architecture, Path::new("/a"));
        assert_eq!([resolved("net.pt2"), resolved("/b/net.pt2"), resolved("resnet18")], ["/a/net.pt2", "/b/net.pt2", "resnet18"]);
    }

    #[test]
    fn the_network_of_a_file_is_its_own_program_unless_another_is_chosen() {
        let choice = NetworkChoice { weights: Some("ema".into()), output: Some("logits".into()), ..NetworkChoice::default() };
        let network = |path: &str| choice.network_of(Path::new(path));
        assert_eq!(network("/a/net.pt2"), NetworkChoice { output: Some("logits".into()), ..NetworkChoice::named("/a/net.pt2") });
        assert_eq!(network("/a/net.pth").architecture, None);
        assert_eq!(NetworkChoice::named("resnet18").network_of(Path::new("/a/net.pt2")), NetworkChoice::named("resnet18"));
    }

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
