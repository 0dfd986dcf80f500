//! What names and shapes do not tell of an [`Architecture`], and how it is here.

use flatland_core::result::Assumed;

use super::super::evaluator::BATCH_NORM_EPS;
use super::super::{Activation, Op};
use super::Architecture;

impl Architecture {
    /// Everything that the tensors leave open, with the values that this network has: input size, nonlinearity, pooling, BatchNorm's ε,
    /// and what its family says.
    pub fn assumptions(&self) -> Vec<Assumed> {
        let assumed = |what: &str, value: String| Assumed { what: what.into(), value };
        let [_, height, width] = self.graph.input;
        let mut list = vec![assumed("input size", format!("{height}x{width}"))];
        let ops = || self.graph.nodes.iter().map(|node| &node.op);
        let named = |names: Vec<String>| {
            let mut different: Vec<String> = Vec::new();
            names.into_iter().for_each(|name| {
                if !different.contains(&name) {
                    different.push(name)
                }
            });
            (!different.is_empty()).then(|| different.join(", "))
        };
        let activations = ops().filter_map(|op| if let Op::Activation(activation) = op { Some(label(*activation)) } else { None });
        list.extend(named(activations.collect()).map(|value| assumed("activation", value)));
        list.extend(named(ops().filter_map(pooling).collect()).map(|value| assumed("pooling", value)));
        if ops().any(|op| matches!(op, Op::BatchNorm { .. })) {
            list.push(assumed("BatchNorm ε", format!("{BATCH_NORM_EPS:e}")));
        }
        list.extend(self.traits.iter().map(|(what, value)| assumed(what, (*value).into())));
        list
    }
}

fn label(activation: Activation) -> String {
    match activation {
        Activation::Relu => "ReLU".into(),
        Activation::QuickGelu => "x·sigmoid(1.702 x)".into(),
        Activation::Tanh => "tanh".into(),
        Activation::LeakyRelu(slope) => format!("leaky ReLU with slope {slope}"),
    }
}

fn pooling(op: &Op) -> Option<String> {
    match op {
        Op::MaxPool { size, .. } => Some(format!("{size}x{size} maximum")),
        Op::AvgPool { size } => Some(format!("{size}x{size} mean")),
        Op::GlobalAvgPool => Some("mean of all positions".into()),
        Op::Input
        | Op::Conv(_)
        | Op::FusedConv { .. }
        | Op::BatchNorm { .. }
        | Op::Activation(_)
        | Op::Flatten
        | Op::Linear { .. }
        | Op::PadShortcut { .. }
        | Op::Add
        | Op::Concat
        | Op::Cosine { .. }
        | Op::Distance { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::named;

    #[test]
    fn what_tensors_do_not_tell_is_said_with_its_value() {
        let told = |name: &str| -> Vec<String> {
            let list = named(name, 10).unwrap().assumptions();
            list.into_iter().map(|assumed| format!("{}: {}", assumed.what, assumed.value)).collect()
        };
        assert_eq!(
            told("resnet20"),
            [
                "input size: 32x32",
                "activation: ReLU",
                "pooling: mean of all positions",
                "BatchNorm ε: 1e-5",
                "shortcuts: option A: every second position, zero channels on both sides",
                "stride: in the first convolution of a block",
            ]
        );
        assert_eq!(told("lenet5_tanh_avg"), ["input size: 32x32", "activation: tanh", "pooling: 2x2 mean"]);
        assert!(told("oe_mnist").contains(&"activation: x·sigmoid(1.702 x)".into()));
        assert!(told("mnist_tutorial").contains(&"output: logits, before a log-softmax".into()));
        assert!(told("resnet18_64x64").contains(&"input size: 64x64".into()));
        assert!(told("resnet18_32x32_maxpool").contains(&"pooling: 3x3 maximum, mean of all positions".into()));
    }
}
