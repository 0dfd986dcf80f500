//! [`assign`]: the labels of the images of an opened source.

use std::collections::BTreeMap;

use super::found::Origin;
use super::labelling::{LabelRule, Labelling};
use super::matching::Matching;
use super::order::without_network;
use super::own::OwnClasses;
use crate::data::opened::Opened;
use crate::data::{DataError, Source, names};

/// Superclasses of CIFAR-100.
const COARSE: usize = 20;

/// Sets the labels of the images of `opened` for a network of `count` classes; without a network, those that follow from its own names.
///
/// # Errors
/// When classes cannot be mapped to the network's with certainty, or a label is not one of the network's.
pub(in crate::data) fn assign(opened: &mut Opened, source: &Source, count: Option<usize>) -> Result<Labelling, DataError> {
    let left_out = match &opened.found.from {
        Origin::Folders { empty, .. } => empty.clone(),
        Origin::File => Vec::new(),
    };
    let assumed = std::mem::take(&mut opened.assumed);
    if opened.labels.iter().all(|&label| label < 0) {
        return Ok(Labelling { rule: LabelRule::Unlabelled, left_out, assumed, ..Labelling::default() });
    }
    // Only the superclasses have this number of classes.
    if source.classes.is_found() && count == Some(COARSE) && !opened.coarse.is_empty() {
        opened.labels = std::mem::take(&mut opened.coarse);
        opened.found.names = names::cifar100_coarse();
        return Ok(Labelling { rule: LabelRule::Coarse, ..Labelling::default() });
    }
    let own = OwnClasses::of(opened);
    let mapping = match count {
        None => own.mapping(&without_network(&opened.found), None),
        Some(count) => Matching { source, found: &opened.found, own: &own, count }.mapping()?,
    };
    // Matched labels that equal those of the file are recorded as labels of the file.
    let is_read = opened.found.from == Origin::File && own.classes.iter().map(|class| class.read).eq(mapping.labels.iter().copied());
    let from_file = mapping.rule == LabelRule::File || (is_read && source.classes.is_found());
    let (rule, matched_with) = if from_file { (LabelRule::File, None) } else { (mapping.rule, mapping.matched_with) };
    let classes = own.classes.iter().map(|class| class.name.clone()).zip(mapping.labels.iter().copied());
    let classes = if from_file { Vec::new() } else { classes.collect() };
    let label_of: BTreeMap<i64, i64> = own.classes.iter().map(|class| class.read).zip(mapping.labels).collect();
    for label in opened.labels.iter_mut().filter(|label| **label >= 0) {
        *label = label_of.get(label).copied().unwrap_or(*label);
    }
    opened.found.names = mapping.classes;
    Ok(Labelling { rule, matched_with, classes, left_out, assumed })
}
