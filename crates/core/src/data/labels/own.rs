//! [`OwnClasses`]: the classes of a dataset that have images, and [`Mapping`]: their labels in the network.

use std::collections::BTreeSet;

use super::labelling::LabelRule;
use super::order::Order;
use crate::data::opened::Opened;

/// A class that has images.
pub(super) struct OwnClass {
    pub(super) name: String,
    /// Its label as it was read: that of the file, or the folder's place.
    pub(super) read: i64,
}

/// The classes of a dataset that have images.
pub(super) struct OwnClasses {
    pub(super) classes: Vec<OwnClass>,
    /// Whether they have names.
    pub(super) named: bool,
}

/// The labels of own classes in the network.
pub(super) struct Meant {
    pub(super) rule: LabelRule,
    pub(super) matched_with: Option<usize>,
    /// The label of each own class.
    pub(super) labels: Vec<i64>,
    /// Names of all classes in label order; empty when unknown.
    pub(super) classes: Vec<String>,
}

impl OwnClasses {
    pub(super) fn of(opened: &Opened) -> Self {
        let read: BTreeSet<i64> = opened.labels.iter().copied().filter(|label| *label >= 0).collect();
        let names = &opened.found.names;
        let name = |label: i64| usize::try_from(label).ok().and_then(|label| names.get(label)).cloned();
        let classes = read.into_iter().map(|read| OwnClass { name: name(read).unwrap_or_else(|| read.to_string()), read });
        Self { classes: classes.collect(), named: !names.is_empty() }
    }

    /// By an order of all names of the dataset.
    pub(super) fn meant(&self, order: &Order, matched_with: Option<usize>) -> Meant {
        let label = |class: &OwnClass| usize::try_from(class.read).ok().and_then(|place| order.labels.get(place)).copied();
        let labels = self.classes.iter().map(|class| label(class).unwrap_or(class.read)).collect();
        Meant { rule: order.rule, matched_with, labels, classes: named(&order.classes) }
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.classes.iter().map(|class| class.name.as_str()).collect()
    }
}

/// Names in label order, the number for a class without one; empty if no class has a name.
pub(super) fn named(classes: &[Option<String>]) -> Vec<String> {
    if classes.iter().all(Option::is_none) {
        return Vec::new();
    }
    classes.iter().enumerate().map(|(label, name)| name.clone().unwrap_or_else(|| label.to_string())).collect()
}
