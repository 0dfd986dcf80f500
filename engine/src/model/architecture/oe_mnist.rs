//! The MNIST network of the Outlier Exposure code (Hendrycks et al. 2019, `MNIST/` of their repository): two 5x5 convolutions,
//! max-pools, x·sigmoid(1.702 x), two affine maps; images 1x28x28 in [0, 1].

use super::super::Activation::QuickGelu;
use super::{Architecture, Blueprint, Shapes, head};

/// The network where `conv1`, `conv2`, `fc1`, `fc2` are all there.
pub fn guess(shapes: &Shapes) -> Option<Architecture> {
    let layers = ["conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight"];
    layers.iter().all(|&layer| shapes.contains_key(layer)).then(|| build(head(shapes, &["fc2"]).map_or(10, |(_, classes)| classes)))
}

/// `oe_mnist`.
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    (name == "oe_mnist").then(|| build(classes))
}

fn build(classes: i64) -> Architecture {
    let mut net = Blueprint::new([1, 28, 28]);
    let mut x = Blueprint::INPUT;
    for (layer, outputs) in [("conv1", 10), ("conv2", 20)] {
        let y = net.conv_bias(x, layer, outputs, 5);
        let y = net.max_pool(y);
        x = net.activation(y, QuickGelu);
    }
    let x = net.flatten(x);
    let x = net.linear(x, "fc1", 50);
    let features = net.activation(x, QuickGelu);
    net.classify("oe_mnist".into(), features, "fc2", classes)
}
