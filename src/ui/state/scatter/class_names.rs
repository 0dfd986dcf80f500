//! [`ClassNames`]: the names of the classes of a network, in the place of their numbers.

use std::sync::Arc;

use flatland_core::data::{class_label, imagenet_names};
use flatland_core::result::Embedding;
use flatland_core::session::{CheckpointEntry, Normalization, NormalizationPreset, Session};

/// Names in label order; none where they are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassNames {
    names: Arc<[String]>,
    /// Whether they are those of ImageNet by assumption.
    pub are_assumed: bool,
}

impl ClassNames {
    /// The names that an embedding records, short ones for WordNet ids of ImageNet; with `are_assumed`, those of ImageNet.
    pub fn of(embedding: &Embedding, are_assumed: bool) -> Self {
        let names: Vec<String> = match are_assumed {
            true => imagenet_names().map(str::to_owned).collect(),
            false => recorded(embedding).iter().map(|name| class_label(name).to_owned()).collect(),
        };
        Self { names: names.into(), are_assumed }
    }

    /// The name of a class, if it is known.
    pub fn name(&self, class: i64) -> Option<&str> {
        let name = self.names.get(usize::try_from(class).ok()?)?;
        // Classes without a name are called by their numbers.
        (!name.is_empty() && name.parse::<i64>().is_err()).then_some(name)
    }

    /// The classes that are called `name`, without regard to case, spaces and underscores.
    pub fn classes(&self, name: &str) -> Vec<i64> {
        let plain = |name: &str| name.trim().to_lowercase().replace('_', " ");
        let wanted = plain(name);
        let named = (0..).zip(self.names.iter()).filter(|(class, known)| self.name(*class).is_some() && plain(known) == wanted);
        named.map(|(class, _)| class).collect()
    }

    /// Whether any class has a name.
    pub fn is_known(&self) -> bool {
        (0..).take(self.names.len()).any(|class| self.name(class).is_some())
    }
}

/// The names that `embedding` records; none where they are only numbers.
fn recorded(embedding: &Embedding) -> &[String] {
    let names = embedding.class_names.as_slice();
    if names.iter().all(|name| name.parse::<i64>().is_ok()) { &[] } else { names }
}

/// Whether the classes of an embedding are taken to be ImageNet's: there are 1,000 of them, no dataset names them, the session says nothing
/// of classes, and the inputs are normalized with ImageNet's constants.
pub fn are_assumed(embedding: &Embedding, checkpoint: &CheckpointEntry, session: &Session) -> bool {
    embedding.classes == imagenet_names().count()
        && recorded(embedding).is_empty()
        && checkpoint.normalization == Normalization::Preset(NormalizationPreset::Imagenet)
        && session.datasets.iter().all(|dataset| dataset.classes.is_none() || !dataset.role.has_classes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flatland_core::session::{ClassRule, ClassesEntry, DatasetEntry, Role};

    fn embedding(names: &[&str], classes: usize) -> Embedding {
        Embedding { classes, class_names: names.iter().map(|name| (*name).to_owned()).collect(), ..Embedding::default() }
    }

    #[test]
    fn word_net_ids_are_shown_by_their_short_names_and_other_names_as_they_are() {
        let names = ClassNames::of(&embedding(&["n01440764", "n01443537_goldfish", "2", "cat"], 4), false);
        let found: Vec<Option<&str>> = (-1..5).map(|class| names.name(class)).collect();
        assert_eq!(found, [None, Some("tench"), Some("n01443537_goldfish"), None, Some("cat"), None]);
        assert_eq!((names.classes("Tench"), names.classes("2"), names.classes("dog")), (vec![0], vec![], vec![]));
    }

    #[test]
    fn names_of_imagenet_are_assumed_for_1000_classes_without_names_until_the_session_says_otherwise() {
        let normalization = Normalization::Preset(NormalizationPreset::Imagenet);
        let checkpoint = CheckpointEntry { normalization, ..CheckpointEntry::default() };
        let mut session = Session::default();
        session.datasets.push(DatasetEntry::opened("val".into(), "/nowhere".into(), Role::Id));
        let unnamed = embedding(&[], 1000);
        assert!(are_assumed(&unnamed, &checkpoint, &session));
        assert!(!are_assumed(&embedding(&[], 999), &checkpoint, &session));
        assert!(!are_assumed(&embedding(&["tench"], 1000), &checkpoint, &session));
        assert!(!are_assumed(&unnamed, &CheckpointEntry::default(), &session), "normalized as CIFAR-10");
        session.datasets[0].classes = Some(ClassesEntry::By(ClassRule::Numbers));
        assert!(!are_assumed(&unnamed, &checkpoint, &session), "stated");
        let names = ClassNames::of(&unnamed, true);
        assert_eq!((names.name(0), names.name(999), names.classes("great_white shark")), (Some("tench"), Some("toilet tissue"), vec![2]));
    }
}
