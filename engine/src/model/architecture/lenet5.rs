//! LeNet-5 (LeCun et al. 1998) for 32x32 colour images, names `c1`, `c3`, `c5`, `f6`, `output`.
//!
//! Its tensors do not say which nonlinearity and pooling stand between them, and implementations differ (tanh or ReLU, mean or
//! maximum). ReLU and maximum are taken, but only for who asks for `lenet5` by name.

use super::{Architecture, Blueprint, Shapes, head};

/// The network where its five layers are all there.
pub fn guess(shapes: &Shapes) -> Option<Architecture> {
    let layers = ["c1.weight", "c3.weight", "c5.weight", "f6.weight", "output.weight"];
    layers.iter().all(|&layer| shapes.contains_key(layer)).then(|| build(head(shapes, &["output"]).map_or(10, |(_, classes)| classes)))
}

/// `lenet5`.
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    (name == "lenet5").then(|| build(classes))
}

fn build(classes: i64) -> Architecture {
    let mut net = Blueprint::new([3, 32, 32]);
    let mut x = Blueprint::INPUT;
    for (layer, outputs) in [("c1", 6), ("c3", 16)] {
        let y = net.conv_bias(x, layer, outputs, 5);
        let y = net.relu(y);
        x = net.max_pool(y);
    }
    let x = net.conv_bias(x, "c5", 120, 5);
    let x = net.relu(x);
    let x = net.flatten(x);
    let x = net.linear(x, "f6", 84);
    let features = net.relu(x);
    let mut architecture = net.classify("lenet5".into(), features, "output", classes);
    architecture.open_question = Some("the tensors of a LeNet-5 do not say its nonlinearity and pooling");
    architecture
}
