//! ConvNeXt of Liu et al. 2022. Names as in torchvision (`features.1.0.block.0`, `classifier.2`) or as in timm
//! (`stages.0.blocks.0.conv_dw`, `head.fc`).

use super::super::{Activation, NodeId};
use super::shapes::{Shapes, classifier_head};
use super::{Architecture, Blueprint, Init};

/// ε of every LayerNorm.
const EPS: f64 = 1e-6;

struct Member {
    name: &'static str,
    /// Channels of the first stage; each other stage has twice those of the one before.
    width: i64,
    /// Blocks of each stage.
    blocks: [usize; 4],
}

const MEMBERS: [Member; 4] = [
    Member { name: "convnext_tiny", width: 96, blocks: [3, 3, 9, 3] },
    Member { name: "convnext_small", width: 96, blocks: [3, 3, 27, 3] },
    Member { name: "convnext_base", width: 128, blocks: [3, 3, 27, 3] },
    Member { name: "convnext_large", width: 192, blocks: [3, 3, 27, 3] },
];

const TRAITS: [(&str, &str); 3] =
    [("LayerNorm ε", "1e-6"), ("mean", "before the last LayerNorm"), ("stochastic depth", "none in evaluation")];

/// Whose names the tensors have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Torchvision,
    Timm,
}

impl Names {
    fn of(shapes: &Shapes) -> Option<Names> {
        let torchvision = shapes.contains_key("features.1.0.layer_scale").then_some(Names::Torchvision);
        torchvision.or_else(|| shapes.contains_key("stages.0.blocks.0.conv_dw.weight").then_some(Names::Timm))
    }

    fn stem(self) -> &'static str {
        match self {
            Names::Torchvision => "features.0",
            Names::Timm => "stem",
        }
    }

    /// What comes before stage `stage`, which is not the first.
    fn transition(self, stage: usize) -> String {
        match self {
            Names::Torchvision => format!("features.{}", 2 * stage),
            Names::Timm => format!("stages.{stage}.downsample"),
        }
    }

    fn block(self, stage: usize, block: usize) -> String {
        match self {
            Names::Torchvision => format!("features.{}.{block}", 2 * stage + 1),
            Names::Timm => format!("stages.{stage}.blocks.{block}"),
        }
    }

    /// The convolution, the LayerNorm and the two maps of a block.
    fn layers(self) -> [&'static str; 4] {
        match self {
            Names::Torchvision => ["block.0", "block.2", "block.3", "block.5"],
            Names::Timm => ["conv_dw", "norm", "mlp.fc1", "mlp.fc2"],
        }
    }

    /// The last LayerNorm and the classifier.
    fn head(self) -> [&'static str; 2] {
        match self {
            Names::Torchvision => ["classifier.0", "classifier.2"],
            Names::Timm => ["head.norm", "head.fc"],
        }
    }
}

/// The member nearest to `shapes`; none of another width or with another number of blocks in the third stage.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    let Some(names) = Names::of(shapes) else { return Vec::new() };
    let width = shapes.get(&format!("{}.0.weight", names.stem())).and_then(|shape| shape.first());
    let has_block = |block: usize| shapes.contains_key(&format!("{}.{}.weight", names.block(2, block), names.layers()[0]));
    let fits = |member: &&Member| width == Some(&member.width) && has_block(member.blocks[2] - 1) && !has_block(member.blocks[2]);
    let [_, own] = names.head();
    let (head, classes) = classifier_head(shapes, own, &["head", "fc", "classifier"], 1000);
    MEMBERS.iter().find(fits).map(|member| build(member, names, head, classes)).into_iter().collect()
}

/// `convnext_tiny`, `convnext_small`, `convnext_base`, `convnext_large`
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    let [_, head] = Names::Torchvision.head();
    MEMBERS.iter().find(|member| member.name == name).map(|member| build(member, Names::Torchvision, head, classes))
}

fn build(member: &Member, names: Names, head: &str, classes: i64) -> Architecture {
    let mut net = Blueprint::new([3, 224, 224]);
    let x = net.convolve(Blueprint::INPUT, &format!("{}.0", names.stem()), [member.width, 4, 4, 0], true);
    let mut x = net.channel_norm(x, &format!("{}.1", names.stem()), EPS);
    for (stage, blocks) in member.blocks.into_iter().enumerate() {
        if stage > 0 {
            let layer = names.transition(stage);
            let y = net.channel_norm(x, &format!("{layer}.0"), EPS);
            x = net.convolve(y, &format!("{layer}.1"), [member.width << stage, 2, 2, 0], true);
        }
        for block in 0..blocks {
            x = residual(&mut net, x, &names.block(stage, block), names);
        }
    }
    let x = net.global_avg_pool(x);
    let [norm, _] = names.head();
    let features = net.layer_norm(x, norm, EPS);
    Architecture { traits: &TRAITS, ..net.classify(member.name.into(), features, head, classes) }
}

/// A convolution of each channel, LayerNorm and an MLP of the channels of each position, a factor for each channel, and the sum with `x`.
fn residual(net: &mut Blueprint, x: NodeId, layer: &str, names: Names) -> NodeId {
    let width = net.channels(x);
    let [convolution, norm, first, second] = names.layers().map(|part| format!("{layer}.{part}"));
    // In the state dict the factors come first.
    let factors = match names {
        Names::Torchvision => net.parameter(format!("{layer}.layer_scale"), &[width, 1, 1], Init::Constant(1e-6)),
        Names::Timm => {
            let factors = net.parameter(format!("{layer}.gamma"), &[width], Init::Constant(1e-6));
            net.reshape(factors, &[1, -1, 1, 1])
        }
    };
    let y = net.convolve_groups(x, &convolution, [width, 7, 1, 3], width, true);
    let y = net.permute(y, &[0, 2, 3, 1]);
    let y = net.layer_norm(y, &norm, EPS);
    let y = net.linear(y, &first, 4 * width);
    let y = net.activation(y, Activation::Gelu);
    let y = net.linear(y, &second, width);
    let y = net.permute(y, &[0, 3, 1, 2]);
    let y = net.multiply(y, factors);
    net.add(y, x)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::{assert_parameters, assert_recognized, recognized, shapes};
    use super::{MEMBERS, Names, build};

    #[test]
    fn parameter_counts_are_those_of_torchvision() {
        assert_parameters(&[
            ("convnext_tiny", 28_589_128),
            ("convnext_small", 50_223_688),
            ("convnext_base", 88_591_464),
            ("convnext_large", 197_767_336),
        ]);
    }

    #[test]
    fn every_member_is_recognized_from_its_own_shapes() {
        assert_recognized(&MEMBERS.map(|member| member.name));
    }

    #[test]
    fn the_names_of_timm_are_understood() {
        for member in &MEMBERS {
            let architecture = build(member, Names::Timm, "head.fc", 5);
            assert_eq!(recognized(&shapes(&architecture)), [member.name]);
        }
    }
}
