//! ResNet-18 with a 3x3 stem: widths 64/128/256/512, projections where the shape changes. Names as in OpenOOD's `resnet18_32x32`
//! (head `fc`), kuangliu/pytorch-cifar (`linear`), projections `shortcut` or `downsample`.
//!
//! Three networks have these tensors: the usual one for 32x32 images, OpenOOD's `resnet18_64x64` for Tiny ImageNet, and torchvision's with
//! a 3x3 stem that keeps its max-pool (huyvnphan/PyTorch_CIFAR10).

use super::shapes::{Shapes, classifier_head, count_blocks};
use super::{Architecture, Blueprint};

const WIDTHS: [i64; 4] = [64, 128, 256, 512];
/// With the classes of Tiny ImageNet, both image sizes are common.
const TINY_IMAGENET_CLASSES: i64 = 200;

/// Traits that the tensors do not show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    Plain,
    Large,
    MaxPool,
}

impl Variant {
    const ALL: [Variant; 3] = [Variant::Plain, Variant::Large, Variant::MaxPool];

    fn name(self) -> &'static str {
        match self {
            Variant::Plain => "resnet18_32x32",
            Variant::Large => "resnet18_64x64",
            Variant::MaxPool => "resnet18_32x32_maxpool",
        }
    }

    fn traits(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Variant::Plain | Variant::Large => &[("stem", "stride 1, no max-pool"), ("stride", "in the first convolution of a block")],
            Variant::MaxPool => &[("stem", "stride 1, 3x3 max-pool"), ("stride", "in the first convolution of a block")],
        }
    }
}

/// The variants nearest to `shapes`, the usual one first; none without a fourth stage.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    if count_blocks(shapes, "layer1.") == 0 || count_blocks(shapes, "layer4.") == 0 {
        return Vec::new();
    }
    let (head, classes) = classifier_head(shapes, "fc", &["linear", "classifier", "head"], 10);
    let projection = if shapes.contains_key("layer2.0.downsample.0.weight") { "downsample" } else { "shortcut" };
    Variant::ALL.map(|variant| build(variant, projection, head, classes)).into()
}

/// `resnet18_32x32`, `resnet18_64x64`, `resnet18_32x32_maxpool`
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    Variant::ALL.into_iter().find(|variant| variant.name() == name).map(|variant| build(variant, "shortcut", "fc", classes))
}

fn build(variant: Variant, projection: &str, head: &str, classes: i64) -> Architecture {
    let side = if variant == Variant::Large { 64 } else { 32 };
    let mut net = Blueprint::new([3, side, side]);
    let x = net.conv(Blueprint::INPUT, "conv1", 64, 3, 1);
    let mut x = net.batch_norm_relu(x, "bn1");
    if variant == Variant::MaxPool {
        x = net.stem_pool(x);
    }
    for (stage, width) in WIDTHS.into_iter().enumerate() {
        for block in 0..2 {
            let layer = format!("layer{}.{block}", stage + 1);
            let projects = stage > 0 && block == 0;
            let stride = if projects { 2 } else { 1 };
            let y = net.conv(x, &format!("{layer}.conv1"), width, 3, stride);
            let y = net.batch_norm_relu(y, &format!("{layer}.bn1"));
            let y = net.conv(y, &format!("{layer}.conv2"), width, 3, 1);
            let y = net.batch_norm(y, &format!("{layer}.bn2"));
            let shortcut = if projects { net.projection(x, &format!("{layer}.{projection}"), width) } else { x };
            let sum = net.add(y, shortcut);
            x = net.relu(sum);
        }
    }
    let features = net.global_avg_pool(x);
    let network = net.classify(variant.name().into(), features, head, classes);
    let usual = variant == Variant::Plain && classes != TINY_IMAGENET_CLASSES;
    Architecture { usual, traits: variant.traits(), ..network }
}
