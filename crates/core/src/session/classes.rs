//! [`ClassesEntry`]: how a `[[dataset]]` maps its classes to the network's where names alone do not determine it.

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

impl ClassesEntry {
    /// Parses `text`, which is written as after `classes = `; a rule needs no quotation marks. `None` if the text is empty.
    ///
    /// # Errors
    /// When it is no valid value; the message lists the valid ones.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        #[derive(Deserialize)]
        struct Line {
            classes: ClassesEntry,
        }
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let is_word = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let line = if is_word { format!("classes = \"{text}\"") } else { format!("classes = {text}") };
        toml::from_str(&line).map(|line: Line| Some(line.classes)).map_err(|error| error.message().to_owned())
    }

    /// The text that [`ClassesEntry::parse`] reads as this.
    pub fn text(&self) -> String {
        let text = toml::Value::try_from(self).map(|value| value.to_string()).unwrap_or_default();
        match self {
            ClassesEntry::By(_) => text.trim_matches('"').to_owned(),
            ClassesEntry::InOrder(_) | ClassesEntry::Each(_) => text,
        }
    }
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
    fn classes_that_are_typed_are_those_of_a_file_and_read_back_as_they_were() {
        for (typed, written) in [
            ("numbers", "classes = \"numbers\""),
            ("{ plane = \"airplane\", \"a b\" = -1 }", "classes = { plane = \"airplane\", \"a b\" = -1 }"),
            ("[\"cat\", \"dog\"]", "classes = [\"cat\", \"dog\"]"),
        ] {
            let parsed = ClassesEntry::parse(typed).unwrap();
            assert_eq!(parsed, entry(written).unwrap().classes);
            assert_eq!(ClassesEntry::parse(&parsed.clone().unwrap().text()).unwrap(), parsed);
        }
        assert_eq!(ClassesEntry::parse("  ").unwrap(), None);
        for wrong in ["alphabetical", "{ plane = }", "3.5"] {
            assert!(ClassesEntry::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_says_no_classes_is_told_what_would() {
        for wrong in ["classes = \"alphabetical\"", "classes = 3", "classes = { cat = 1.5 }"] {
            let message = entry(wrong).unwrap_err().to_string();
            assert!(message.contains("\"sorted\", \"numbers\"") && message.contains("a list of names"), "{message}");
        }
    }
}
