//! The penultimate features of a graph: the input [N, D] of its last affine map.

use super::super::{Node, NodeId, Op};

/// The node of the features, from the logits back through operations that read one value each; `None` where they lead elsewhere.
pub fn find(nodes: &[Node], shape: impl Fn(NodeId) -> usize, logits: NodeId) -> Option<NodeId> {
    let mut id = logits;
    loop {
        let Node { op, inputs } = nodes.get(id)?;
        let is_value = |from: &&NodeId| !matches!(nodes[**from].op, Op::Tensor { .. } | Op::Constant(_));
        let values: Vec<NodeId> = inputs.iter().filter(is_value).copied().collect();
        let is_affine = match op {
            Op::Linear { .. } => true,
            Op::Call(call) => ["linear.default", "addmm.default", "mm.default", "matmul.default"].contains(&call.name()),
            Op::Input | Op::Tensor { .. } | Op::Constant(_) | Op::Conv(_) => false,
            Op::FusedConv { .. } | Op::BatchNorm(_) | Op::Relu | Op::Add => false,
        };
        let &[from] = values.as_slice() else { return None };
        if is_affine {
            return (shape(from) == 2).then_some(from);
        }
        id = from;
    }
}
