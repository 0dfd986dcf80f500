//! How much of memory a forward pass takes of each image.

use super::{Graph, Op, Tensors};

impl Graph {
    /// Elements of the largest value that an image has between two convolutions or BatchNorms, with these `tensors`.
    pub fn largest_activation(&self, tensors: &Tensors) -> i64 {
        let channels = |name: &str| tensors.get(name).and_then(|tensor| tensor.size().first().copied()).unwrap_or(0);
        let [_, height, width] = self.input;
        let (mut places, mut largest) = (vec![height * width; self.nodes.len()], 0);
        for (id, node) in self.nodes.iter().enumerate() {
            let before = node.inputs.first().map_or(height * width, |&from| places[from]);
            let stride = match node.op {
                Op::Conv { stride, .. } | Op::FusedConv { stride, .. } | Op::MaxPool { stride, .. } => stride,
                Op::AvgPool { size } => size,
                Op::PadShortcut { .. } => 2,
                _ => 1,
            };
            places[id] = before / (stride * stride).max(1);
            largest = largest.max(match &node.op {
                Op::Conv { weight, .. } | Op::FusedConv { weight, .. } => channels(weight) * places[id],
                Op::BatchNorm { prefix } => channels(&format!("{prefix}.weight")) * places[id],
                _ => 0,
            });
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tch::Device;

    use crate::model::Network;

    #[test]
    fn it_is_channels_times_places() {
        for (architecture, channels) in [("resnet20", 16), ("resnet18_32x32", 64)] {
            let network = Network::random(architecture, 10, 0, Device::Cpu).unwrap();
            assert_eq!(network.graph.largest_activation(&network.tensors), channels * 32 * 32, "{architecture}");
        }
    }
}
