//! [`ClassesEntry`]: what a `[[dataset]]` says about its classes where names alone do not tell which class of the network each is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How the classes of a dataset map to the network's: `classes = ..`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected `classes` as a table { \"folder\" = \"class\" } (or = its label), a list of names in the order of the network's \
                 labels, or \"sorted\", \"numbers\", \"numbers_from_one\" or \"cifar10\""
)]
pub enum ClassesEntry {
    /// By this rule.
    By(ClassRule),
    /// The network's classes in label order.
    InOrder(Vec<String>),
    /// Folder (or class in the file) → class of the ID set, for those whose names differ.
    Each(BTreeMap<String, ClassEntry>),
}

/// A rule that makes labels of the names of folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassRule {
    /// The place among the sorted names (torchvision's `ImageFolder`).
    Sorted,
    /// The number in the name is the label.
    Numbers,
    /// The number in the name less 1 is the label.
    NumbersFromOne,
    /// The place among the classes of CIFAR-10.
    Cifar10,
}

/// A class of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected the name of a class or its label")]
pub enum ClassEntry {
    /// By its label; -1 = none.
    Label(i64),
    /// By its name.
    Name(String),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::session::DatasetEntry;

    fn entry(classes: &str) -> Result<DatasetEntry, toml::de::Error> {
        toml::from_str(&format!("name = \"CS\"\nrole = \"cs\"\npath = \"x\"\n{classes}"))
    }

    #[test]
    fn classes_are_said_by_name_by_label_in_order_or_by_rule_and_saved_as_they_were() {
        let each = |pairs: &[(&str, ClassEntry)]| ClassesEntry::Each(pairs.iter().map(|(name, to)| ((*name).into(), to.clone())).collect());
        let plane = each(&[("01_plane", ClassEntry::Name("airplane".into())), ("x", ClassEntry::Label(-1))]);
        for (text, expected) in [
            ("classes = { \"01_plane\" = \"airplane\", x = -1 }", plane),
            ("classes = [\"cat\", \"dog\"]", ClassesEntry::InOrder(vec!["cat".into(), "dog".into()])),
            ("classes = \"numbers_from_one\"", ClassesEntry::By(ClassRule::NumbersFromOne)),
        ] {
            let read = entry(text).unwrap();
            assert_eq!(read.classes, Some(expected));
            assert_eq!(toml::from_str::<DatasetEntry>(&toml::to_string(&read).unwrap()).unwrap(), read);
        }
        assert!(!toml::to_string(&entry("").unwrap()).unwrap().contains("classes"));
    }

    #[test]
    fn what_says_no_classes_is_told_what_would() {
        for wrong in ["classes = \"alphabetical\"", "classes = 3", "classes = { cat = 1.5 }"] {
            let message = entry(wrong).unwrap_err().to_string();
            assert!(message.contains("\"sorted\", \"numbers\"") && message.contains("a list of names"), "{message}");
        }
    }
}
