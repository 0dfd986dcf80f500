//! MobileNetV2 of Sandler et al. 2018. Names as in torchvision: `features.1.conv.0.0`, `classifier.1`.

use super::super::Activation::Relu6;
use super::super::NodeId;
use super::inverted_residual::widened;
use super::shapes::{Shapes, classifier_head};
use super::{Architecture, Blueprint};

const NAME: &str = "mobilenet_v2";
/// Factor of the channels inside a block, channels after it, blocks, stride of the first one.
const STAGES: [(i64, i64, usize, i64); 7] =
    [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];
/// Channels after the first convolution.
const FIRST: i64 = 32;
/// Channels after the last convolution.
const LAST: i64 = 1280;

const TRAITS: [(&str, &str); 2] =
    [("stride", "2 in the first convolution, then in the 3x3 convolutions"), ("dropout", "none in evaluation")];

/// The network, where `shapes` have its first block.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    if !shapes.contains_key("features.1.conv.0.0.weight") {
        return Vec::new();
    }
    let (head, classes) = classifier_head(shapes, "classifier.1", &["classifier", "fc", "linear"], 1000);
    vec![build(head, classes)]
}

/// `mobilenet_v2`
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    (name == NAME).then(|| build("classifier.1", classes))
}

fn build(head: &str, classes: i64) -> Architecture {
    let mut net = Blueprint::new([3, 224, 224]);
    let mut x = net.conv_batch_norm(Blueprint::INPUT, "features.0", [FIRST, 3, 2], 1);
    x = net.activation(x, Relu6);
    let mut index = 1;
    for (factor, outputs, blocks, stride) in STAGES {
        for block in 0..blocks {
            let stride = if block == 0 { stride } else { 1 };
            x = inverted_residual(&mut net, x, &format!("features.{index}.conv"), [factor, outputs, stride]);
            index += 1;
        }
    }
    let x = net.conv_batch_norm(x, &format!("features.{index}"), [LAST, 1, 1], 1);
    let x = net.activation(x, Relu6);
    let features = net.global_avg_pool(x);
    Architecture { traits: &TRAITS, ..net.classify(NAME.into(), features, head, classes) }
}

/// More channels, a 3x3 convolution of each channel, fewer channels; the sum with `x` where the shape is the same.
fn inverted_residual(net: &mut Blueprint, x: NodeId, layer: &str, [factor, outputs, stride]: [i64; 3]) -> NodeId {
    let inputs = net.channels(x);
    let (y, index) = widened(net, x, layer, [factor, 3, stride], Relu6);
    let y = net.conv(y, &format!("{layer}.{index}"), outputs, 1, 1);
    let y = net.batch_norm(y, &format!("{layer}.{}", index + 1));
    if stride == 1 && inputs == outputs { net.add(x, y) } else { y }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_parameters, assert_recognized};

    #[test]
    fn it_has_the_parameters_of_torchvision_and_is_recognized() {
        assert_parameters(&[("mobilenet_v2", 3_504_872)]);
        assert_recognized(&["mobilenet_v2"]);
    }
}
