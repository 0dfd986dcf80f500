//! EfficientNet-B0 of Tan & Le 2019. Names as in torchvision: `features.1.0.block.0.0`, `classifier.1`.

use super::super::Activation::{Sigmoid, Silu};
use super::super::NodeId;
use super::inverted_residual::widened;
use super::shapes::{Shapes, classifier_head};
use super::{Architecture, Blueprint};

const NAME: &str = "efficientnet_b0";

/// Blocks of one kind.
struct Stage {
    /// Factor of the channels inside a block.
    factor: i64,
    /// Side of the kernel of the convolution of each channel.
    kernel: i64,
    /// Stride of that convolution in the first block.
    stride: i64,
    /// Channels after a block.
    outputs: i64,
    blocks: usize,
}

const STAGES: [Stage; 7] = [
    Stage { factor: 1, kernel: 3, stride: 1, outputs: 16, blocks: 1 },
    Stage { factor: 6, kernel: 3, stride: 2, outputs: 24, blocks: 2 },
    Stage { factor: 6, kernel: 5, stride: 2, outputs: 40, blocks: 2 },
    Stage { factor: 6, kernel: 3, stride: 2, outputs: 80, blocks: 3 },
    Stage { factor: 6, kernel: 5, stride: 1, outputs: 112, blocks: 3 },
    Stage { factor: 6, kernel: 5, stride: 2, outputs: 192, blocks: 4 },
    Stage { factor: 6, kernel: 3, stride: 1, outputs: 320, blocks: 1 },
];
/// Channels after the first convolution.
const FIRST: i64 = 32;
/// Channels after the last convolution.
const LAST: i64 = 1280;

const TRAITS: [(&str, &str); 4] = [
    ("stride", "2 in the first convolution, then in the convolutions of each channel"),
    ("factor of a channel", "sigmoid of the second convolution of its mean"),
    ("stochastic depth", "none in evaluation"),
    ("dropout", "none in evaluation"),
];

/// The network, where `shapes` have its first block.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    if !shapes.contains_key("features.1.0.block.1.fc1.weight") {
        return Vec::new();
    }
    let (head, classes) = classifier_head(shapes, "classifier.1", &["classifier", "fc", "linear"], 1000);
    vec![build(head, classes)]
}

/// `efficientnet_b0`
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    (name == NAME).then(|| build("classifier.1", classes))
}

fn build(head: &str, classes: i64) -> Architecture {
    let mut net = Blueprint::new([3, 224, 224]);
    let mut x = net.conv_batch_norm(Blueprint::INPUT, "features.0", [FIRST, 3, 2], 1);
    x = net.activation(x, Silu);
    for (index, stage) in (1..).zip(&STAGES) {
        for block in 0..stage.blocks {
            let stride = if block == 0 { stage.stride } else { 1 };
            x = stage.block(&mut net, x, &format!("features.{index}.{block}.block"), stride);
        }
    }
    let x = net.conv_batch_norm(x, &format!("features.{}", STAGES.len() + 1), [LAST, 1, 1], 1);
    let x = net.activation(x, Silu);
    let features = net.global_avg_pool(x);
    Architecture { traits: &TRAITS, ..net.classify(NAME.into(), features, head, classes) }
}

impl Stage {
    /// More channels, a convolution of each channel, a factor for each channel, fewer channels; the sum with `x` where the shape is the same.
    fn block(&self, net: &mut Blueprint, x: NodeId, layer: &str, stride: i64) -> NodeId {
        let inputs = net.channels(x);
        let (y, index) = widened(net, x, layer, [self.factor, self.kernel, stride], Silu);
        let y = squeeze_and_excitation(net, y, &format!("{layer}.{index}"), inputs / 4);
        let y = net.conv_batch_norm(y, &format!("{layer}.{}", index + 1), [self.outputs, 1, 1], 1);
        if stride == 1 && inputs == self.outputs { net.add(y, x) } else { y }
    }
}

/// `x` times a factor for each channel, which follows from the means of all channels.
fn squeeze_and_excitation(net: &mut Blueprint, x: NodeId, layer: &str, squeezed: i64) -> NodeId {
    let means = net.adaptive_avg_pool(x, 1);
    let y = net.convolve(means, &format!("{layer}.fc1"), [squeezed, 1, 1, 0], true);
    let y = net.activation(y, Silu);
    let y = net.convolve(y, &format!("{layer}.fc2"), [net.channels(x), 1, 1, 0], true);
    let factors = net.activation(y, Sigmoid);
    net.multiply(factors, x)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_parameters, assert_recognized};

    #[test]
    fn it_has_the_parameters_of_torchvision_and_is_recognized() {
        assert_parameters(&[("efficientnet_b0", 5_288_548)]);
        assert_recognized(&["efficientnet_b0"]);
    }
}
