//! Traits of an [`Architecture`] that names and shapes of its tensors do not show.

use flatland_core::result::Assumed;

use super::super::Op;
use super::super::operation::{Argument, QUICK_GELU};
use super::Architecture;

impl Architecture {
    /// Everything that the tensors leave open, with the values that this network has: input size, nonlinearity, pooling, BatchNorm's ε,
    /// and the traits of its family.
    pub fn assumptions(&self) -> Vec<Assumed> {
        let assumed = |what: &str, value: String| Assumed { what: what.into(), value };
        let mut list: Vec<Assumed> =
            self.graph.image().map(|[_, height, width]| assumed("input size", format!("{height}x{width}"))).into_iter().collect();
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
        list.extend(named(ops().filter_map(activation).collect()).map(|value| assumed("activation", value)));
        list.extend(named(ops().filter_map(pooling).collect()).map(|value| assumed("pooling", value)));
        let eps = ops().filter_map(|op| if let Op::BatchNorm(norm) = op { Some(format!("{:e}", norm.eps)) } else { None });
        list.extend(named(eps.collect()).map(|value| assumed("BatchNorm ε", value)));
        list.extend(self.traits.iter().map(|(what, value)| assumed(what, (*value).into())));
        list
    }
}

fn activation(op: &Op) -> Option<String> {
    match op {
        Op::Relu => Some("ReLU".into()),
        Op::Call(call) => match (call.name(), call.arguments.as_slice()) {
            (QUICK_GELU, _) => Some("x·sigmoid(1.702 x)".into()),
            ("tanh.default", _) => Some("tanh".into()),
            ("gelu.default", _) => Some("GELU".into()),
            ("silu.default", _) => Some("SiLU".into()),
            ("hardswish.default", _) => Some("hard swish".into()),
            ("relu6.default", _) => Some("ReLU6".into()),
            ("leaky_relu.default", [_, Argument::Float(slope)]) => Some(format!("leaky ReLU with slope {slope}")),
            _ => None,
        },
        Op::Input | Op::Tensor { .. } | Op::Constant(_) | Op::Conv(_) => None,
        Op::FusedConv { .. } | Op::BatchNorm(_) | Op::Linear { .. } | Op::Add => None,
    }
}

fn pooling(op: &Op) -> Option<String> {
    let Op::Call(call) = op else { return None };
    let side = |place: usize| match call.arguments.get(place) {
        Some(Argument::Ints(sides)) => sides.first().and_then(|side| side.at(1)),
        _ => None,
    };
    match (call.name(), side(1)) {
        ("max_pool2d.default", Some(side)) => Some(format!("{side}x{side} maximum")),
        ("avg_pool2d.default", Some(side)) => Some(format!("{side}x{side} mean")),
        ("adaptive_avg_pool2d.default", Some(1)) => Some("mean of all positions".into()),
        _ => None,
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
