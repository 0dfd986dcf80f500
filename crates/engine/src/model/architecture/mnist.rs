//! Two small networks for MNIST with the same tensors: two 5x5 convolutions (1 → 10 → 20), max-pools, two affine maps (320 → 50 → C);
//! images 1x28x28.
//!
//! `oe_mnist` of the Outlier Exposure code (Hendrycks et al. 2019, `MNIST/` of their repository) has x·sigmoid(1.702 x) between them and
//! reads images in [0, 1]; `mnist_tutorial` of PyTorch's examples (`mnist/main.py` until 2019) has ReLU, dropout in training, and
//! log-softmax after the logits, which changes neither loss nor accuracy. Both are common.

use super::super::Activation::{self, QuickGelu, Relu};
use super::shapes::{Shapes, classifier_head};
use super::{Architecture, Blueprint};

const TRAITS: [(&str, &str); 2] = [("dropout", "none in evaluation"), ("output", "logits, before a log-softmax")];

/// Names by nonlinearity.
const VARIANTS: [(&str, Activation); 2] = [("oe_mnist", QuickGelu), ("mnist_tutorial", Relu)];

/// Both where `conv1`, `conv2`, `fc1`, `fc2` are all there.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    let layers = ["conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight"];
    if !layers.iter().all(|&layer| shapes.contains_key(layer)) {
        return Vec::new();
    }
    let (_, classes) = classifier_head(shapes, "fc2", &[], 10);
    VARIANTS.map(|variant| build(variant, classes)).into()
}

/// `oe_mnist`, `mnist_tutorial`.
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    VARIANTS.into_iter().find(|(variant, _)| *variant == name).map(|variant| build(variant, classes))
}

fn build((name, activation): (&str, Activation), classes: i64) -> Architecture {
    let mut net = Blueprint::new([1, 28, 28]);
    let mut x = Blueprint::INPUT;
    for (layer, outputs) in [("conv1", 10), ("conv2", 20)] {
        let y = net.conv_bias(x, layer, outputs, 5);
        let y = net.max_pool(y);
        x = net.activation(y, activation);
    }
    let x = net.flatten(x);
    let x = net.linear(x, "fc1", 50);
    let features = net.activation(x, activation);
    Architecture { usual: false, traits: &TRAITS, ..net.classify(name.into(), features, "fc2", classes) }
}
