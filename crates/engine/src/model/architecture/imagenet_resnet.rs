//! The ResNets of He et al. 2016 for 224x224 images, ResNeXt (Xie et al. 2017) and wide ResNets (Zagoruyko & Komodakis 2016).
//!
//! Names as in torchvision, timm and OpenOOD's `resnet18_224x224` (head `fc`, projections `downsample.0/1`). In DomainBed the head is
//! called `classifier`. The kernel of the first convolution, 7x7, tells them from the networks for small images with the same names.

use super::super::NodeId;
use super::shapes::{Shapes, classifier_head, count_blocks};
use super::{Architecture, Blueprint};

/// What a block computes beside its shortcut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// Two 3x3 convolutions.
    Basic,
    /// A 3x3 convolution between two 1x1 convolutions; the 3x3 one has `groups` groups of `width` channels in the first stage.
    Bottleneck { groups: i64, width: i64 },
}

struct Member {
    name: &'static str,
    block: Block,
    /// Blocks of each stage.
    blocks: [usize; 4],
}

const PLAIN: Block = Block::Bottleneck { groups: 1, width: 64 };
const WIDE: Block = Block::Bottleneck { groups: 1, width: 128 };

/// Plain ones before others of the same depth.
const MEMBERS: [Member; 10] = [
    Member { name: "resnet18", block: Block::Basic, blocks: [2, 2, 2, 2] },
    Member { name: "resnet34", block: Block::Basic, blocks: [3, 4, 6, 3] },
    Member { name: "resnet50", block: PLAIN, blocks: [3, 4, 6, 3] },
    Member { name: "resnet101", block: PLAIN, blocks: [3, 4, 23, 3] },
    Member { name: "resnet152", block: PLAIN, blocks: [3, 8, 36, 3] },
    Member { name: "resnext50_32x4d", block: Block::Bottleneck { groups: 32, width: 4 }, blocks: [3, 4, 6, 3] },
    Member { name: "resnext101_32x8d", block: Block::Bottleneck { groups: 32, width: 8 }, blocks: [3, 4, 23, 3] },
    Member { name: "resnext101_64x4d", block: Block::Bottleneck { groups: 64, width: 4 }, blocks: [3, 4, 23, 3] },
    Member { name: "wide_resnet50_2", block: WIDE, blocks: [3, 4, 6, 3] },
    Member { name: "wide_resnet101_2", block: WIDE, blocks: [3, 4, 23, 3] },
];

impl Block {
    /// Shape of the weight of the second convolution of the first block.
    fn second_convolution(self) -> [i64; 4] {
        match self {
            Block::Basic => [64, 64, 3, 3],
            Block::Bottleneck { groups, width } => [groups * width, width, 3, 3],
        }
    }

    fn traits(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Block::Basic => &[("stem", "stride 2, then a max-pool at stride 2"), ("stride", "in the first convolution of a block")],
            Block::Bottleneck { .. } => {
                &[("stem", "stride 2, then a max-pool at stride 2"), ("stride", "in the 3x3 convolution of a block")]
            }
        }
    }

    /// Convolutions and BatchNorms of a block; `scale` is 1, 2, 4, 8 in the four stages.
    fn build(self, net: &mut Blueprint, x: NodeId, layer: &str, scale: i64, stride: i64) -> NodeId {
        match self {
            Block::Basic => {
                let y = net.conv(x, &format!("{layer}.conv1"), 64 * scale, 3, stride);
                let y = net.batch_norm_relu(y, &format!("{layer}.bn1"));
                let y = net.conv(y, &format!("{layer}.conv2"), 64 * scale, 3, 1);
                net.batch_norm(y, &format!("{layer}.bn2"))
            }
            Block::Bottleneck { groups, width } => {
                let inner = groups * width * scale;
                let y = net.conv(x, &format!("{layer}.conv1"), inner, 1, 1);
                let y = net.batch_norm_relu(y, &format!("{layer}.bn1"));
                let y = net.convolve_groups(y, &format!("{layer}.conv2"), [inner, 3, stride, 1], groups, false);
                let y = net.batch_norm_relu(y, &format!("{layer}.bn2"));
                let y = net.conv(y, &format!("{layer}.conv3"), 256 * scale, 1, 1);
                net.batch_norm(y, &format!("{layer}.bn3"))
            }
        }
    }
}

/// The member nearest to `shapes`; none without a 7x7 stem or with other numbers of blocks.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    let stem = shapes.get("conv1.weight").map(Vec::as_slice);
    if !matches!(stem, Some([_, _, 7, 7])) {
        return Vec::new();
    }
    let blocks = [1, 2, 3, 4].map(|stage| count_blocks(shapes, &format!("layer{stage}.")));
    let is_basic = !shapes.contains_key("layer1.0.conv3.weight");
    let second = shapes.get("layer1.0.conv2.weight");
    let alike = || MEMBERS.iter().filter(move |member| member.blocks == blocks && (member.block == Block::Basic) == is_basic);
    let exact = alike().find(|member| second.is_some_and(|shape| *shape == member.block.second_convolution()));
    let projection = if shapes.contains_key("layer2.0.shortcut.0.weight") { "shortcut" } else { "downsample" };
    let (head, classes) = classifier_head(shapes, "fc", &["linear", "classifier", "head"], 1000);
    exact.or_else(|| alike().next()).map(|member| build(member, projection, head, classes)).into_iter().collect()
}

/// `resnet18`, `resnet50`, `resnext50_32x4d`, `wide_resnet50_2`, ...
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    MEMBERS.iter().find(|member| member.name == name).map(|member| build(member, "downsample", "fc", classes))
}

fn build(member: &Member, projection: &str, head: &str, classes: i64) -> Architecture {
    let mut net = Blueprint::new([3, 224, 224]);
    let x = net.conv(Blueprint::INPUT, "conv1", 64, 7, 2);
    let x = net.batch_norm_relu(x, "bn1");
    let mut x = net.stem_pool(x);
    for (stage, blocks) in member.blocks.into_iter().enumerate() {
        for block in 0..blocks {
            let layer = format!("layer{}.{block}", stage + 1);
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let y = member.block.build(&mut net, x, &layer, 1 << stage, stride);
            let outputs = net.channels(y);
            let shortcut = if stride > 1 || net.channels(x) != outputs {
                let z = net.conv(x, &format!("{layer}.{projection}.0"), outputs, 1, stride);
                net.batch_norm(z, &format!("{layer}.{projection}.1"))
            } else {
                x
            };
            let sum = net.add(y, shortcut);
            x = net.relu(sum);
        }
    }
    let features = net.global_avg_pool(x);
    Architecture { traits: member.block.traits(), ..net.classify(member.name.into(), features, head, classes) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::named;
    use super::super::testing::{assert_parameters, assert_recognized, recognized, shapes};

    #[test]
    fn parameter_counts_are_those_of_torchvision() {
        assert_parameters(&[
            ("resnet18", 11_689_512),
            ("resnet34", 21_797_672),
            ("resnet50", 25_557_032),
            ("resnet101", 44_549_160),
            ("resnet152", 60_192_808),
            ("resnext50_32x4d", 25_028_904),
            ("resnext101_32x8d", 88_791_336),
            ("resnext101_64x4d", 83_455_272),
            ("wide_resnet50_2", 68_883_240),
            ("wide_resnet101_2", 126_886_696),
        ]);
    }

    #[test]
    fn every_member_is_recognized_from_its_own_shapes() {
        assert_recognized(&super::MEMBERS.map(|member| member.name));
    }

    #[test]
    fn the_stem_tells_large_images_from_small_ones() {
        assert_eq!(recognized(&shapes(&named("resnet18", 10).unwrap())), ["resnet18"]);
        assert!(!recognized(&shapes(&named("resnet18_32x32", 10).unwrap())).contains(&"resnet18".into()));
    }

    #[test]
    fn heads_and_shortcuts_of_other_projects_are_understood() {
        for (from, to) in [("fc.", "classifier."), ("fc.", "linear."), ("downsample.", "shortcut.")] {
            let renamed = shapes(&named("resnet50", 7).unwrap()).into_iter().map(|(name, shape)| (name.replace(from, to), shape)).collect();
            assert_eq!(recognized(&renamed), ["resnet50"], "{from} -> {to}");
        }
    }
}
