//! The values of a program among which a user chooses its features and its logits.

use std::collections::BTreeMap;

use flatland_core::result::{ProgramValue, ProgramValues};

use super::super::NodeId;
use super::super::checkpoint::{Program, ProgramOutput};
use super::super::operation::Size;
use super::bound::Bound;
use super::features;
use super::importer::Importer;

/// Why a program is no network, and what can be chosen instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// What failed.
    pub reason: String,
    /// The candidates, where its operations could be read.
    pub values: Option<ProgramValues>,
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self { reason, values: None }
    }
}

/// The names of the outputs of `program`.
pub fn outputs(program: &Program) -> Vec<&str> {
    let outputs = program.outputs.iter();
    outputs.filter_map(|output| if let ProgramOutput::User { value } = output { Some(value.as_str()) } else { None }).collect()
}

/// D of values [images, D]; `None` for another shape.
pub fn width(importer: &Importer<'_>, bound: &Bound) -> Option<i64> {
    let Bound::Node(id) = bound else { return None };
    let size = |dim| importer.size(bound, dim).ok();
    match (importer.shapes[*id][0].len(), size(0), size(1)) {
        (2, Some(Size::PerImage(1)), Some(Size::Fixed(width))) => Some(width),
        _ => None,
    }
}

/// The node of the features where none is stated: the input of the last affine map before `logits`; `None` where there is none.
pub fn default_features(importer: &Importer<'_>, logits: NodeId) -> Option<NodeId> {
    let found = features::find(&importer.nodes, |id| importer.shapes[id][0].len(), logits);
    found.filter(|&id| width(importer, &Bound::Node(id)).is_some())
}

/// The candidates. `logits` and `used` are the nodes of the chosen output and of the chosen features, by their names where they are stated;
/// `None` while they are not determined.
pub fn values(
    importer: &Importer<'_>,
    output: Option<&str>,
    logits: Option<NodeId>,
    used: Option<(NodeId, Option<&str>)>,
) -> ProgramValues {
    let names = outputs(importer.program);
    let is_only = names.len() == 1;
    let chosen = output.or(names.first().copied().filter(|_| is_only)).filter(|_| logits.is_some());
    let of_output = |name: &&str| ProgramValue {
        name: (*name).to_owned(),
        width: importer.bound.get(*name).and_then(|bound| width(importer, bound)),
        default: is_only,
        used: chosen == Some(*name),
    };
    let default = logits.map(|logits| default_features(importer, logits).unwrap_or(logits));
    // Several names may stand for one value: the stated one is shown, else the first in the order of the alphabet.
    let mut of_node: BTreeMap<NodeId, ProgramValue> = BTreeMap::new();
    let mut bound: Vec<_> = importer.bound.iter().collect();
    bound.sort_unstable_by_key(|(name, _)| **name);
    for (name, bound) in bound {
        let (Bound::Node(id), Some(width)) = (bound, width(importer, bound)) else { continue };
        // The logits are no features of themselves unless nothing else is found.
        if logits == Some(*id) && default != Some(*id) && used.is_none_or(|(used, _)| used != *id) {
            continue;
        }
        let stated = used.and_then(|(used, stated)| stated.filter(|_| used == *id));
        if stated == Some(*name) || !of_node.contains_key(id) {
            let value = ProgramValue {
                name: (*name).to_owned(),
                width: Some(width),
                default: default == Some(*id),
                used: used.is_some_and(|(used, _)| used == *id),
            };
            of_node.insert(*id, value);
        }
    }
    ProgramValues { features: of_node.into_values().collect(), outputs: names.iter().map(of_output).collect() }
}
