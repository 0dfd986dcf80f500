//! [`Architecture`]: a network without its numbers, and how the tensors of a file agree with it.

use std::path::PathBuf;

use flatland_core::result::ProgramValues;

use super::blueprint::TensorSpec;
use super::shapes::Shapes;
use crate::model::{Graph, Op, UnreadTensors};

/// A network without its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// Its name with its hyperparameters, e.g. `resnet20`, `wrn-40-2`, `densenet-bc-100-12`.
    pub name: String,
    /// Number of classes C.
    pub classes: i64,
    /// What it computes.
    pub graph: Graph,
    /// The tensors that it needs, in the order of PyTorch's state dict.
    pub tensors: Vec<TensorSpec>,
    /// Whether it is by far the usual network with these tensors: another is used only where it is asked for by name.
    pub usual: bool,
    /// Traits (name, value) that neither the graph nor the tensors show.
    pub traits: &'static [(&'static str, &'static str)],
    /// The exported program that it comes from; `None` of a built-in network.
    pub program: Option<ProgramTraits>,
}

/// What is known of a network that comes from an exported program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProgramTraits {
    /// The file.
    pub path: PathBuf,
    /// The PyTorch that wrote it, where it says so.
    pub torch_version: Option<String>,
    /// Names of its state dict that the graph does not read.
    pub unread: Vec<String>,
    /// The tensors of these names, second names of tied ones aside.
    pub kept: UnreadTensors,
    /// Second and first names of tensors that are one.
    pub tied: Vec<(String, String)>,
    /// Needed tensors that are not trained and no statistics of BatchNorm.
    pub buffers: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Candidates for its features and logits.
    pub values: ProgramValues,
}

impl ProgramTraits {
    /// The same with other names of tensors.
    #[must_use]
    pub fn renamed(self, new: impl Fn(&str) -> String) -> Self {
        let each = |names: Vec<String>| names.iter().map(|name| new(name)).collect();
        let tied = self.tied.iter().map(|(second, first)| (new(second), new(first))).collect();
        Self { unread: each(self.unread), buffers: each(self.buffers), kept: self.kept.renamed(&new), tied, ..self }
    }
}

/// How the tensors of a file and those of an architecture agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// Names with the expected shape.
    pub matched: usize,
    /// Needed, but missing.
    pub missing: Vec<String>,
    /// Present, but unknown.
    pub unexpected: Vec<String>,
    /// `name: expected [..], found [..]`.
    pub mismatched: Vec<String>,
}

impl Match {
    /// Whether nothing is missing, unexpected or of another shape.
    pub fn is_exact(&self) -> bool {
        self.is_loadable() && self.unexpected.is_empty()
    }

    /// Whether every needed tensor is present in its shape.
    pub fn is_loadable(&self) -> bool {
        self.missing.is_empty() && self.mismatched.is_empty()
    }
}

/// Whether a name is of integers that no network needs: the counters of BatchNorm and of the profiler `thop`, and the index of Swin's biases, which
/// the side of a window tells.
pub fn is_bookkeeping(name: &str) -> bool {
    ["num_batches_tracked", "total_ops", "total_params", "relative_position_index"].contains(&name.rsplit('.').next().unwrap_or(name))
}

impl Architecture {
    /// The layer that gives the logits, where it is one affine map of the features.
    pub fn classifier(&self) -> Option<&str> {
        let last = self.graph.nodes.last().filter(|_| self.graph.logits + 1 == self.graph.nodes.len())?;
        let Op::Linear { weight, .. } = &last.op else { return None };
        weight.strip_suffix(".weight").filter(|_| last.inputs == [self.graph.features])
    }

    /// Compares the tensors of a file with those that this architecture needs; bookkeeping entries are not counted.
    pub fn compare(&self, shapes: &Shapes) -> Match {
        let mut result = Match::default();
        for spec in &self.tensors {
            match shapes.get(&spec.name) {
                Some(shape) if *shape == spec.shape => result.matched += 1,
                Some(shape) => result.mismatched.push(format!("{}: expected {:?}, found {shape:?}", spec.name, spec.shape)),
                None => result.missing.push(spec.name.clone()),
            }
        }
        let known: std::collections::HashSet<&str> = self.tensors.iter().map(|spec| spec.name.as_str()).collect();
        let is_unread = |name: &String| self.program.as_ref().is_some_and(|program| program.unread.contains(name));
        let is_known = |name: &&String| known.contains(name.as_str()) || is_bookkeeping(name) || is_unread(name);
        result.unexpected = shapes.keys().filter(|name| !is_known(name)).cloned().collect();
        result
    }
}
