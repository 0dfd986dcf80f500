//! BatchNorm folding: a convolution and the frozen BatchNorm that is its only reader become one convolution.
//!
//! With s = γ/√(σ² + ε): W' = s·W and b' = β − s·μ (+ s·b), per output channel. For fixed s this is linear in W, so on a plane
//! θ + αδ + βη that moves no 1-D tensor the folded weights are affine in α and β again and b' stays.
//! A sum or a ReLU that is the only reader of a convolution is fused with it. BatchNorms before their convolution (pre-activation networks)
//! are not folded: frozen, each is one affine operation.

use std::collections::hash_map::Entry;

use tch::Tensor;

use super::fused_convolution::packed;
use super::{BatchNorm, Conv, Graph, ModelError, Node, NodeId, Op, Tensors, find};

/// A convolution with its folded BatchNorm.
#[derive(Clone, Debug, PartialEq)]
struct Fold {
    weight: String,
    bias: Option<String>,
    norm: BatchNorm,
    folded_bias: String,
}

/// A graph without the BatchNorms that can be folded, and how its tensors follow from the original's.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// The graph to evaluate with folded tensors, under `no_grad`. Weights keep their names; their biases are new.
    pub graph: Graph,
    folds: Vec<Fold>,
}

impl Folded {
    /// Folds every BatchNorm whose input is a convolution that nothing else reads.
    pub fn new(graph: &Graph) -> Self {
        let mut readers = vec![0; graph.nodes.len()];
        for from in graph.nodes.iter().flat_map(|node| &node.inputs).chain([&graph.features, &graph.logits]) {
            readers[*from] += 1;
        }
        let mut uses = std::collections::HashMap::new();
        for name in graph.tensor_names() {
            *uses.entry(name).or_insert(0) += 1;
        }
        let (mut nodes, mut folds): (Vec<Node>, Vec<Fold>) = (Vec::new(), Vec::new());
        let mut place: Vec<NodeId> = Vec::new();
        for node in &graph.nodes {
            let before = node.inputs.first().map(|&from| (from, &graph.nodes[from].op));
            if let (Op::BatchNorm(norm), Some((id, Op::Conv(conv)))) = (&node.op, before)
                && readers[id] == 1
                && uses.get(&conv.weight) == Some(&1)
            {
                let folded_bias = format!("{}.folded_bias", norm.layer);
                nodes[place[id]].op = Op::Conv(Conv { bias: Some(folded_bias.clone()), ..conv.clone() });
                folds.push(Fold { weight: conv.weight.clone(), bias: conv.bias.clone(), norm: norm.clone(), folded_bias });
                place.push(place[id]);
                continue;
            }
            nodes.push(Node { op: node.op.clone(), inputs: node.inputs.iter().map(|&from| place[from]).collect() });
            place.push(nodes.len() - 1);
        }
        let graph = Graph::new(nodes, place[graph.features], place[graph.logits], graph.input.clone());
        Self { graph: fuse(&graph).without_gradients(), folds }
    }

    /// Number of folded BatchNorms.
    pub fn folds(&self) -> usize {
        self.folds.len()
    }

    /// The tensors of the folded graph for `tensors` of the original.
    ///
    /// # Errors
    /// When a tensor is missing or shapes do not fit.
    pub fn tensors(&self, tensors: &Tensors) -> Result<Tensors, ModelError> {
        self.tensors_but(tensors, &[])
    }

    /// The same without those named, which are not computed.
    ///
    /// # Errors
    /// As [`Folded::tensors`].
    pub fn tensors_but(&self, tensors: &Tensors, without: &[String]) -> Result<Tensors, ModelError> {
        let mut folded: Tensors = Tensors::new();
        for fold in &self.folds {
            let scale = self.scale(fold, tensors)?;
            let shift = find(tensors, &fold.norm.running[0])?.f_mul(&scale)?;
            let mut bias = match &fold.norm.affine {
                Some([_, beta]) => find(tensors, beta)?.f_sub(&shift)?,
                None => shift.f_neg()?,
            };
            if let Some(name) = &fold.bias {
                bias = bias.f_add(&find(tensors, name)?.f_mul(&scale)?)?;
            }
            if !without.contains(&fold.weight) {
                folded.insert(fold.weight.clone(), scaled(find(tensors, &fold.weight)?, &scale)?);
            }
            folded.insert(fold.folded_bias.clone(), bias);
        }
        for name in self.graph.tensor_names().into_iter().filter(|name| !without.contains(name)) {
            if let Entry::Vacant(place) = folded.entry(name) {
                let tensor = find(tensors, place.key())?.shallow_clone();
                place.insert(tensor);
            }
        }
        Ok(folded)
    }

    /// The folded `tensor` of this name in the layout that is fastest in forward passes: weights of convolutions are packed for oneDNN.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn packed(&self, name: &str, tensor: &Tensor) -> Result<Tensor, ModelError> {
        let convolution = self.graph.nodes.iter().filter_map(|node| node.op.convolution()).find(|conv| conv.weight == name);
        let packed = convolution.map(|conv| packed(tensor, conv)).transpose()?;
        Ok(packed.flatten().unwrap_or_else(|| tensor.shallow_clone()))
    }

    /// Folds the weight `name` in place, or a direction of it where no 1-D tensor moves: s·W for a convolution with a folded BatchNorm, with s
    /// from `tensors`. Every other tensor is unchanged.
    ///
    /// # Errors
    /// When a tensor is missing or shapes do not fit.
    pub fn fold_weight(&self, tensors: &Tensors, name: &str, weight: &mut Tensor) -> Result<(), ModelError> {
        if let Some(fold) = self.folds.iter().find(|fold| fold.weight == name) {
            let _ = weight.f_mul_(&self.scale(fold, tensors)?.f_view([-1, 1, 1, 1])?)?;
        }
        Ok(())
    }

    /// s = γ/√(σ² + ε), [O].
    fn scale(&self, fold: &Fold, tensors: &Tensors) -> Result<Tensor, ModelError> {
        let deviation = find(tensors, &fold.norm.running[1])?.f_add_scalar(fold.norm.eps)?.f_sqrt()?;
        Ok(match &fold.norm.affine {
            Some([gamma, _]) => find(tensors, gamma)?.f_div(&deviation)?,
            None => deviation.f_reciprocal()?,
        })
    }
}

/// `graph` with every convolution fused with the sum and the ReLU that are its only readers.
fn fuse(graph: &Graph) -> Graph {
    let mut readers: Vec<Vec<NodeId>> = vec![Vec::new(); graph.nodes.len()];
    for (id, node) in graph.nodes.iter().enumerate() {
        for &from in &node.inputs {
            readers[from].push(id);
        }
    }
    // The only reader of a node that is no output.
    let reader = |id: NodeId| match readers[id][..] {
        [reader] if id != graph.features && id != graph.logits => Some(reader),
        _ => None,
    };
    let is_relu = |id: &NodeId| graph.nodes[*id].op == Op::Relu;
    // At the last node of each fusion: its convolution and the other input of its sum.
    let mut ends = vec![None; graph.nodes.len()];
    let mut gone = vec![false; graph.nodes.len()];
    for (id, node) in graph.nodes.iter().enumerate().filter(|(_, node)| matches!(node.op, Op::Conv(_))) {
        let sum = reader(id).filter(|&next| graph.nodes[next].op == Op::Add && !gone[next] && ends[next].is_none());
        let other = sum.and_then(|sum| graph.nodes[sum].inputs.iter().copied().find(|&from| from != id));
        let relu = reader(sum.unwrap_or(id)).filter(is_relu);
        let Some(end) = relu.or(sum) else { continue };
        for inner in [Some(id), sum].into_iter().flatten().filter(|&inner| inner != end) {
            gone[inner] = true;
        }
        ends[end] = Some((node, other, relu.is_some()));
    }
    let (mut nodes, mut place): (Vec<Node>, Vec<NodeId>) = (Vec::new(), Vec::new());
    for (id, node) in graph.nodes.iter().enumerate() {
        if !gone[id] {
            let inputs = |ids: &[NodeId]| ids.iter().map(|&from| place[from]).collect();
            nodes.push(match &ends[id] {
                Some((Node { op: Op::Conv(conv), inputs: from }, other, relu)) => {
                    let all: Vec<NodeId> = from.iter().copied().chain(*other).collect();
                    Node { op: Op::FusedConv { conv: conv.clone(), sum: other.is_some(), relu: *relu }, inputs: inputs(&all) }
                }
                _ => Node { op: node.op.clone(), inputs: inputs(&node.inputs) },
            });
        }
        place.push(nodes.len().saturating_sub(1));
    }
    Graph::new(nodes, place[graph.features], place[graph.logits], graph.input.clone())
}

fn scaled(weight: &Tensor, scale: &Tensor) -> Result<Tensor, ModelError> {
    Ok(weight.f_mul(&scale.f_view([-1, 1, 1, 1])?)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use tch::{Device, Kind};

    use super::*;
    use crate::model::{BatchNormMode, Blueprint};

    fn random(shape: &[i64]) -> Tensor {
        Tensor::randn(shape, (Kind::Float, Device::Cpu))
    }

    fn batch_norm(tensors: &mut Tensors, prefix: &str, channels: i64) {
        tensors.insert(format!("{prefix}.weight"), random(&[channels]) + 1.0);
        tensors.insert(format!("{prefix}.bias"), random(&[channels]));
        tensors.insert(format!("{prefix}.running_mean"), random(&[channels]));
        tensors.insert(format!("{prefix}.running_var"), random(&[channels]).square() + 0.1);
    }

    /// Post-activation, then pre-activation, then a convolution that two nodes read.
    fn mixed() -> (Graph, Tensors) {
        let mut g = Blueprint::new([3, 8, 8]);
        let conv1 = g.conv(0, "conv1", 4, 3, 1);
        let bn1 = g.batch_norm(conv1, "bn1");
        let a = g.relu(bn1);
        let conv2 = g.convolve(a, "conv2", [6, 3, 2, 1], true);
        let bn2 = g.batch_norm(conv2, "bn2");
        let pre = g.batch_norm(bn2, "pre");
        let b = g.relu(pre);
        let conv3 = g.conv(b, "conv3", 6, 3, 1);
        let bn3 = g.batch_norm(conv3, "bn3");
        let sum = g.add(bn3, conv3);
        let features = g.global_avg_pool(sum);
        let logits = g.linear(features, "fc", 5);
        let mut t = Tensors::new();
        for (name, shape) in [("conv1.weight", vec![4, 3, 3, 3]), ("conv2.weight", vec![6, 4, 3, 3]), ("conv2.bias", vec![6])] {
            t.insert(name.into(), random(&shape));
        }
        t.insert("conv3.weight".into(), random(&[6, 6, 3, 3]));
        t.insert("fc.weight".into(), random(&[5, 6]));
        t.insert("fc.bias".into(), random(&[5]));
        for (prefix, channels) in [("bn1", 4), ("bn2", 6), ("pre", 6), ("bn3", 6)] {
            batch_norm(&mut t, prefix, channels);
        }
        (g.finish(features, logits).0, t)
    }

    fn close(a: &Tensor, b: &Tensor) -> bool {
        let scale = b.abs().max().double_value(&[]).max(1e-30);
        (a - b).abs().max().double_value(&[]) / scale < 1e-5
    }

    #[test]
    fn folded_graph_says_what_the_original_says() {
        let (graph, tensors) = mixed();
        let folded = Folded::new(&graph);
        assert_eq!(folded.folds(), 2, "bn1 and bn2; `pre` reads a BatchNorm, bn3's convolution has a second reader");
        let x = random(&[7, 3, 8, 8]);
        let a = graph.forward(&tensors, &x, BatchNormMode::Frozen).unwrap();
        let in_training = Graph::new(folded.graph.nodes.clone(), folded.graph.features, folded.graph.logits, folded.graph.input.clone());
        let b = in_training.forward(&folded.tensors(&tensors).unwrap(), &x, BatchNormMode::Frozen).unwrap();
        assert!(close(&b.logits, &a.logits) && close(&b.features, &a.features));
        let untouched = x.copy();
        let forward = |tensors: &Tensors| folded.graph.forward(tensors, &x, BatchNormMode::Frozen).unwrap().logits;
        let in_place = forward(&folded.tensors(&tensors).unwrap());
        assert_eq!(in_place, b.logits, "in-place operations change nothing");
        assert_eq!(x, untouched);
        let packed: Tensors =
            folded.tensors(&tensors).unwrap().into_iter().map(|(n, t)| (n.clone(), folded.packed(&n, &t).unwrap())).collect();
        assert!(packed["conv1.weight"].is_mkldnn() && packed["conv3.weight"].is_mkldnn());
        assert!(close(&forward(&packed), &b.logits));
    }

    #[test]
    fn folded_directions_are_the_directions_of_the_folded_weights() {
        let (graph, tensors) = mixed();
        let folded = Folded::new(&graph);
        let delta: Tensors = tensors.iter().filter(|(_, t)| t.dim() > 1).map(|(n, t)| (n.clone(), random(&t.size()))).collect();
        let moved: Tensors =
            tensors.iter().map(|(n, t)| (n.clone(), delta.get(n).map_or_else(|| t.shallow_clone(), |d| t + d * 0.3))).collect();
        let expected = folded.tensors(&moved).unwrap();
        let base = folded.tensors(&tensors).unwrap();
        for name in folded.graph.tensor_names().into_iter().filter(|name| delta.contains_key(name)) {
            let mut d = delta[&name].copy();
            folded.fold_weight(&tensors, &name, &mut d).unwrap();
            assert!(close(&(&base[&name] + d * 0.3), &expected[&name]), "{name}");
        }
        assert!(close(&base["bn1.folded_bias"], &expected["bn1.folded_bias"]));
    }
}
