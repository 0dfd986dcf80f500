//! What labels mean to a network: [`assign`] brings the classes of a dataset to the network's, or says why that cannot be done.
//!
//! A network knows its classes by number only. Which number a folder has follows, in this order, from what somebody says ([`Classes`]),
//! from the names of the classes of the session's ID data ([`Reference`]), or from the dataset's own names where one order of them fits
//! the network's number of classes. Names are never guessed: what fits none, or several, is an error that lists both sides.

mod given;
mod matching;
mod name;
mod order;
mod own;
mod reference;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::source::Opened;
use super::{DataError, Source, names};
use matching::Matching;
use order::without_network;
use own::OwnClasses;

pub use given::{Class, Classes, OrderRule, Reference};
pub(super) use order::{Found, Origin};
pub use reference::label_state;

/// Superclasses of CIFAR-100.
const COARSE: usize = 20;

/// What the labels of a dataset follow from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelRule {
    /// There are none.
    Unlabelled,
    /// The file says them.
    #[default]
    File,
    /// The place of the folder among the sorted names (torchvision's `ImageFolder`).
    SortedNames,
    /// The number in the folder's name.
    Numbers,
    /// The number in the folder's name less 1.
    NumbersFromOne,
    /// The place of the number in the folder's name among these numbers.
    RankOfNumber,
    /// The place among the classes of CIFAR-10.
    Cifar10,
    /// The place among the sorted ids of `wnids.txt`.
    WordNetIds,
    /// The place among the sorted ids of ImageNet's 1,000 classes.
    ImageNet,
    /// The superclasses of CIFAR-100.
    Coarse,
    /// The class of the same name of another dataset.
    Matched,
    /// Somebody said so.
    Given,
}

impl LabelRule {
    /// As written in files: `sorted_names`, ...
    pub fn key(self) -> &'static str {
        match self {
            LabelRule::Unlabelled => "unlabelled",
            LabelRule::File => "file",
            LabelRule::SortedNames => "sorted_names",
            LabelRule::Numbers => "numbers",
            LabelRule::NumbersFromOne => "numbers_from_one",
            LabelRule::RankOfNumber => "rank_of_number",
            LabelRule::Cifar10 => "cifar10",
            LabelRule::WordNetIds => "wnids",
            LabelRule::ImageNet => "imagenet",
            LabelRule::Coarse => "coarse",
            LabelRule::Matched => "matched",
            LabelRule::Given => "given",
        }
    }
}

/// How the labels of a dataset came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelling {
    /// What they follow from.
    pub rule: LabelRule,
    /// The place in [`Source::reference`] of the dataset whose classes they were matched with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_with: Option<usize>,
    /// Own class → label, of those that have images; empty where the file says labels and nobody else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<(String, i64)>,
    /// Folders that are no classes, as they hold no images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// Gives the images of `opened` their labels for a network of `count` classes; without a network those that its own names tell.
///
/// # Errors
/// When classes cannot be brought to the network's with certainty, or a label is not one of the network's.
pub(super) fn assign(opened: &mut Opened, source: &Source, count: Option<usize>) -> Result<Labelling, DataError> {
    let left_out = match &opened.found.from {
        Origin::Folders { empty, .. } => empty.clone(),
        Origin::File => Vec::new(),
    };
    if opened.labels.iter().all(|&label| label < 0) {
        return Ok(Labelling { rule: LabelRule::Unlabelled, left_out, ..Labelling::default() });
    }
    // The only labels for as many classes that these images have.
    if source.classes.is_found() && count == Some(COARSE) && !opened.coarse.is_empty() {
        opened.labels = std::mem::take(&mut opened.coarse);
        opened.found.names = names::cifar100_coarse();
        return Ok(Labelling { rule: LabelRule::Coarse, ..Labelling::default() });
    }
    let own = OwnClasses::of(opened);
    let meant = match count {
        None => own.meant(&without_network(&opened.found), None),
        Some(count) => Matching { source, found: &opened.found, own: &own, count }.meant()?,
    };
    // What is matched and stays as the file says it is as the file says it.
    let is_read = opened.found.from == Origin::File && own.classes.iter().map(|class| class.read).eq(meant.labels.iter().copied());
    let from_file = meant.rule == LabelRule::File || (is_read && source.classes.is_found());
    let (rule, matched_with) = if from_file { (LabelRule::File, None) } else { (meant.rule, meant.matched_with) };
    let classes = own.classes.iter().map(|class| class.name.clone()).zip(meant.labels.iter().copied());
    let classes = if from_file { Vec::new() } else { classes.collect() };
    let label_of: BTreeMap<i64, i64> = own.classes.iter().map(|class| class.read).zip(meant.labels).collect();
    for label in opened.labels.iter_mut().filter(|label| **label >= 0) {
        *label = label_of.get(label).copied().unwrap_or(*label);
    }
    opened.found.names = meant.classes;
    Ok(Labelling { rule, matched_with, classes, left_out })
}
