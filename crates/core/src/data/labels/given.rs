//! [`Classes`]: what the user states about the classes of a source. [`Reference`]: another dataset that defines the meaning of its labels.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How the classes of a source map to those of the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Classes {
    /// Not stated; inferred from names and the network's number of classes.
    #[default]
    Found,
    /// By this rule.
    By(OrderRule),
    /// The network's classes in label order.
    InOrder(Vec<String>),
    /// Class by class: name of the folder (or of the class in the file, or its number) → class.
    Each(BTreeMap<String, Class>),
}

impl Classes {
    /// Whether nothing is stated.
    pub fn is_found(&self) -> bool {
        *self == Classes::Found
    }
}

/// A rule that makes labels of the names of folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderRule {
    /// The place among the sorted names (torchvision's `ImageFolder`).
    Sorted,
    /// The number in the name is the label.
    Numbers,
    /// The number in the name less 1 is the label.
    NumbersFromOne,
    /// The place among the classes of CIFAR-10.
    Cifar10,
}

impl OrderRule {
    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            OrderRule::Sorted => "sorted",
            OrderRule::Numbers => "numbers",
            OrderRule::NumbersFromOne => "numbers_from_one",
            OrderRule::Cifar10 => "cifar10",
        }
    }
}

/// A class of the network.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Class {
    /// By its label; -1 = none, the images stay without a label.
    Label(i64),
    /// By its name.
    Name(String),
}

/// A dataset whose classes define the meaning of another one's labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// As in [`Source::path`](crate::data::Source::path).
    pub path: PathBuf,
    /// As in [`Source::split`](crate::data::Source::split).
    pub split: Option<String>,
    /// As in [`Source::format`](crate::data::Source::format).
    pub format: Option<String>,
    /// What the user states about its classes.
    #[serde(default, skip_serializing_if = "Classes::is_found")]
    pub classes: Classes,
}
