//! LeNet-5 (LeCun et al. 1998) for 32x32 colour images, names `c1`, `c3`, `c5`, `f6`, `output`.
//!
//! Its tensors do not show which nonlinearity and pooling lie between them, and implementations differ (tanh or ReLU, mean or
//! maximum): none is the usual one.

use super::super::Activation::{self, Relu, Tanh};
use super::shapes::{Shapes, classifier_head};
use super::{Architecture, Blueprint};

/// How two positions by two become one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pool {
    Max,
    Mean,
}

/// Names by nonlinearity and pooling.
const VARIANTS: [(&str, Activation, Pool); 4] = [
    ("lenet5", Relu, Pool::Max),
    ("lenet5_relu_avg", Relu, Pool::Mean),
    ("lenet5_tanh_max", Tanh, Pool::Max),
    ("lenet5_tanh_avg", Tanh, Pool::Mean),
];

/// The variants where the five layers are all there.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    let layers = ["c1.weight", "c3.weight", "c5.weight", "f6.weight", "output.weight"];
    if !layers.iter().all(|&layer| shapes.contains_key(layer)) {
        return Vec::new();
    }
    let (_, classes) = classifier_head(shapes, "output", &[], 10);
    VARIANTS.map(|variant| build(variant, classes)).into()
}

/// `lenet5` (ReLU and maximum), `lenet5_relu_avg`, `lenet5_tanh_max`, `lenet5_tanh_avg`.
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    VARIANTS.into_iter().find(|(variant, ..)| *variant == name).map(|variant| build(variant, classes))
}

fn build((name, activation, pool): (&str, Activation, Pool), classes: i64) -> Architecture {
    let mut net = Blueprint::new([3, 32, 32]);
    let mut x = Blueprint::INPUT;
    for (layer, outputs) in [("c1", 6), ("c3", 16)] {
        let y = net.conv_bias(x, layer, outputs, 5);
        let y = net.activation(y, activation);
        x = match pool {
            Pool::Max => net.max_pool(y),
            Pool::Mean => net.avg_pool(y),
        };
    }
    let x = net.conv_bias(x, "c5", 120, 5);
    let x = net.activation(x, activation);
    let x = net.flatten(x);
    let x = net.linear(x, "f6", 84);
    let features = net.activation(x, activation);
    Architecture { usual: false, ..net.classify(name.into(), features, "output", classes) }
}
