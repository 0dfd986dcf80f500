//! [`Assumption`]: a value of a checkpoint or a dataset that was inferred and not stated by the user.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{CheckpointEntry, NetworkChoice, Normalization, Session};

/// A field whose value was inferred and that the user has neither confirmed nor changed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assumption {
    /// The exported program that a checkpoint is read as.
    Architecture,
    /// The normalization of a checkpoint's inputs.
    Normalization,
    /// The role of a dataset.
    Role,
}

/// The assumptions of one entry.
pub type Assumptions = BTreeSet<Assumption>;

impl CheckpointEntry {
    /// Sets the normalization that the user states; it is no assumption any more.
    pub fn state_normalization(&mut self, normalization: Normalization) {
        self.normalization = normalization;
        self.assumed.remove(&Assumption::Normalization);
    }

    /// Sets the network that the user states, `None` = as the tensors tell; it is no assumption any more.
    pub fn state_architecture(&mut self, architecture: Option<String>) {
        if self.architecture != architecture {
            // Features and output are names within the program that it was read as.
            self.take_network(NetworkChoice { architecture, ..NetworkChoice::default() });
        }
        self.assumed.remove(&Assumption::Architecture);
    }

    /// Reads the file as the exported program that the user states, with its features and output.
    pub fn state_program(&mut self, program: NetworkChoice) {
        self.take_network(program);
        self.assumed.remove(&Assumption::Architecture);
    }

    /// Reads the file as an exported program because its tensors have the same names and shapes.
    pub fn assume_program(&mut self, program: NetworkChoice) {
        self.take_network(program);
        self.assumed.insert(Assumption::Architecture);
    }

    fn take_network(&mut self, network: NetworkChoice) {
        (self.architecture, self.features, self.output) = (network.architecture, network.features, network.output);
    }
}

impl Session {
    /// Marks the values that `text`, the text of this session, does not state.
    pub(super) fn assume_what_is_missing(&mut self, text: &str) {
        let Ok(table) = text.parse::<toml::Table>() else { return };
        let entries = table.get("checkpoint").and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (entry, written) in self.checkpoints.iter_mut().zip(entries) {
            if written.get("normalization").is_none() {
                entry.assumed.insert(Assumption::Normalization);
            }
        }
    }

    /// The assumptions of this session, a sentence each, with the line that would state it.
    pub fn assumptions(&self) -> Vec<String> {
        let of_checkpoints = |kind: Assumption| self.checkpoints.iter().filter(move |entry| entry.assumed.contains(&kind));
        let architectures = of_checkpoints(Assumption::Architecture).map(|entry| {
            format!(
                "`{}` is read as the network of {}, since its tensors are called alike; without `assumed` in its [[checkpoint]] its \
                 `architecture` is stated",
                entry.name,
                entry.architecture.as_deref().unwrap_or_default()
            )
        });
        let normalizations = of_checkpoints(Assumption::Normalization).map(|entry| {
            format!(
                "the inputs of `{}` are taken to be normalized as {}; `normalization = ..` in its [[checkpoint]] states it",
                entry.name,
                entry.normalization.label()
            )
        });
        let datasets = self.datasets.iter().filter(|entry| entry.assumed.contains(&Assumption::Role)).map(|entry| {
            format!("`{}` is taken for {}; without `assumed` in its [[dataset]] its `role` is stated", entry.name, entry.role.label())
        });
        architectures.chain(normalizations).chain(datasets).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::session::{DatasetEntry, NormalizationPreset, Role};

    fn load(text: &str) -> Session {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        std::fs::write(&path, text).unwrap();
        Session::load(&path).unwrap()
    }

    #[test]
    fn a_file_without_a_normalization_has_an_assumed_one_until_it_is_stated() {
        let text = "version = 1\n[[checkpoint]]\nname = \"a\"\npath = \"a\"\nnormalization = \"half\"\n[[checkpoint]]\nname = \"b\"\npath = \"b\"\n";
        let mut session = load(text);
        assert_eq!(session.assumptions().len(), 1);
        assert!(session.assumptions()[0].contains("`b` are taken to be normalized as CIFAR-10"), "{:?}", session.assumptions());
        let saved = session.to_toml(std::path::Path::new("/")).unwrap();
        assert_eq!(load(&saved).assumptions(), session.assumptions(), "a saved assumption stays one");
        session.checkpoints[1].state_normalization(Normalization::Preset(NormalizationPreset::Cifar10));
        assert!(session.assumptions().is_empty(), "the value is the same and stated now");
        assert!(!session.to_toml(std::path::Path::new("/")).unwrap().contains("assumed"));
    }

    #[test]
    fn an_assumed_program_stays_one_in_the_file_until_it_is_stated() {
        let mut session = load("version = 1\n[[checkpoint]]\nname = \"a\"\npath = \"a\"\nnormalization = \"half\"\n");
        let program = NetworkChoice { output: Some("logits".into()), ..NetworkChoice::named("/nets/net.pt2") };
        session.checkpoints[0].assume_program(program.clone());
        assert!(session.assumptions()[0].contains("`a` is read as the network of /nets/net.pt2"), "{:?}", session.assumptions());
        let saved = load(&session.to_toml(std::path::Path::new("/elsewhere")).unwrap());
        assert_eq!((saved.checkpoints[0].choice(), saved.assumptions().len()), (program.clone(), 1));
        session.checkpoints[0].state_program(program.clone());
        assert_eq!((session.checkpoints[0].choice(), session.assumptions()), (program, Vec::new()));
        session.checkpoints[0].state_architecture(None);
        assert_eq!(session.checkpoints[0].choice(), NetworkChoice::default(), "the output was one of the program");
    }

    #[test]
    fn a_guessed_role_is_an_assumption_until_it_is_stated() {
        let mut entry = DatasetEntry::guessed("a".into(), "/data/a".into(), Role::Far);
        assert!(entry.assumed.contains(&Assumption::Role));
        entry.take_role(Role::Far);
        assert!(entry.assumed.is_empty(), "the role is the same and stated now");
    }
}
