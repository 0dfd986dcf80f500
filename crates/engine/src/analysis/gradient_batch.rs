//! How many images to differentiate at once, so that a cancel is heard within a second on a CPU.

use tch::{Device, Tensor};

use crate::model::{Graph, Network, Op, Tensors};

/// Multiply-adds of a forward pass whose backward pass ends within a few tenths of a second on two cores.
const WORK: i64 = 4_000_000_000;

/// Images of one batch. It depends on the network and the kind of device only, never on timing, so that sums repeat bit for bit.
pub fn gradient_batch(network: &Network) -> i64 {
    match network.device {
        Device::Cpu => (WORK / multiply_adds(&network.graph, &network.tensors).max(1)).clamp(1, 256),
        _ => 512,
    }
}

/// Multiply-adds of the convolutions and affine maps for one image.
fn multiply_adds(graph: &Graph, tensors: &Tensors) -> i64 {
    let mut sides: Vec<[i64; 2]> = Vec::with_capacity(graph.nodes.len());
    let mut work = 0;
    for node in &graph.nodes {
        let [height, width] = node.inputs.first().map_or([graph.input[1], graph.input[2]], |&from| sides[from]);
        let size = |name: &str| tensors.get(name).map(Tensor::size).unwrap_or_default();
        let numel = |name: &str| size(name).iter().product::<i64>();
        sides.push(match &node.op {
            Op::Conv { weight, stride, padding, .. } | Op::FusedConv { weight, stride, padding, .. } => {
                let kernel = size(weight).last().copied().unwrap_or(1);
                let out = [height, width].map(|side| ((side + 2 * padding - kernel) / stride + 1).max(1));
                work += numel(weight) * out[0] * out[1];
                out
            }
            Op::Linear { weight, .. } | Op::Cosine { weight } | Op::Distance { weight } => {
                work += numel(weight);
                [1, 1]
            }
            Op::MaxPool { size, stride, padding } => [height, width].map(|side| ((side + 2 * padding - size) / stride + 1).max(1)),
            Op::AvgPool { size } => [(height / size).max(1), (width / size).max(1)],
            Op::PadShortcut { .. } => [(height + 1) / 2, (width + 1) / 2],
            Op::GlobalAvgPool | Op::Flatten => [1, 1],
            Op::Input | Op::BatchNorm { .. } | Op::Activation(_) | Op::Add | Op::Concat => [height, width],
        });
    }
    work
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GraphBuilder;

    #[test]
    fn multiply_adds_are_counted_per_output_position() {
        let mut builder = GraphBuilder::new([3, 32, 32]);
        let conv = builder.conv(0, "conv", 2, 1);
        let pool = builder.push(Op::GlobalAvgPool, &[conv]);
        let logits = builder.linear(pool, "fc");
        let graph = builder.finish(pool, logits);
        let zeros = |shape: &[i64]| Tensor::zeros(shape, (tch::Kind::Float, Device::Cpu));
        let tensors = Tensors::from([("conv.weight".to_owned(), zeros(&[8, 3, 3, 3])), ("fc.weight".to_owned(), zeros(&[10, 8]))]);
        assert_eq!(multiply_adds(&graph, &tensors), 8 * 27 * 16 * 16 + 80);
    }
}
