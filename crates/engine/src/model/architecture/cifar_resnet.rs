//! The CIFAR ResNets of He et al. 2016, section 4.2: 6n + 2 layers, widths 16/32/64. Names as in akamaster/pytorch_resnet_cifar10
//! (head `linear`) or with the head called `fc`.
//!
//! Where the width changes, the shortcut is option A (no parameters), option B (1x1 convolution and BatchNorm, called `shortcut.0/1` as in
//! tomgoldstein/loss-landscape or `downsample.0/1` as in chenyaofo/pytorch-cifar-models), or there is none at all (`_noshort` of
//! tomgoldstein/loss-landscape, Li et al. 2018). Option A and none have the same tensors.

use super::shapes::{Shapes, classifier_head, count_blocks};
use super::{Architecture, Blueprint};

const WIDTHS: [i64; 3] = [16, 32, 64];
/// Blocks per stage n of resnet8, 14, 20, 32, 44, 56, 110.
const BLOCKS: [usize; 7] = [1, 2, 3, 5, 7, 9, 18];

/// What is added to the output of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shortcut<'a> {
    /// The input; where the width changes, every second position of it between zero channels.
    A,
    /// The input; where the width changes, a 1x1 convolution and BatchNorm of it, of this name.
    B(&'a str),
    /// Nothing.
    None,
}

impl Shortcut<'_> {
    /// Suffix of an architecture's name.
    fn suffix(self) -> &'static str {
        match self {
            Shortcut::A => "",
            Shortcut::B(_) => "_option_b",
            Shortcut::None => "_noshort",
        }
    }

    fn traits(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Shortcut::A => &[
                ("shortcuts", "option A: every second position, zero channels on both sides"),
                ("stride", "in the first convolution of a block"),
            ],
            Shortcut::B(_) => {
                &[("shortcuts", "option B: 1x1 convolution and BatchNorm"), ("stride", "in the first convolution of a block")]
            }
            Shortcut::None => &[("shortcuts", "none"), ("stride", "in the first convolution of a block")],
        }
    }
}

/// The members nearest to `shapes`, the usual one first; none without three stages.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    let blocks = count_blocks(shapes, "layer1.");
    if !BLOCKS.contains(&blocks) || count_blocks(shapes, "layer3.") == 0 || count_blocks(shapes, "layer4.") > 0 {
        return Vec::new();
    }
    let (head, classes) = classifier_head(shapes, "linear", &["fc", "classifier", "head"], 10);
    let projection = if shapes.contains_key("layer2.0.downsample.0.weight") { "downsample" } else { "shortcut" };
    [Shortcut::A, Shortcut::B(projection), Shortcut::None].map(|shortcut| build(blocks, shortcut, head, classes)).into()
}

/// `resnet8`, `resnet14`, ..., `resnet110`; each also with `_option_b` or `_noshort`.
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    let name = name.strip_prefix("resnet")?;
    let (depth, suffix) = name.split_at(name.find('_').unwrap_or(name.len()));
    let shortcut = [Shortcut::A, Shortcut::B("shortcut"), Shortcut::None].into_iter().find(|shortcut| shortcut.suffix() == suffix)?;
    let depth: usize = depth.parse().ok()?;
    let blocks = BLOCKS.into_iter().find(|blocks| 6 * blocks + 2 == depth)?;
    Some(build(blocks, shortcut, "linear", classes))
}

fn build(blocks: usize, shortcut: Shortcut<'_>, head: &str, classes: i64) -> Architecture {
    let mut net = Blueprint::new([3, 32, 32]);
    let x = net.conv(Blueprint::INPUT, "conv1", 16, 3, 1);
    let mut x = net.batch_norm_relu(x, "bn1");
    for (stage, width) in WIDTHS.into_iter().enumerate() {
        for block in 0..blocks {
            let layer = format!("layer{}.{block}", stage + 1);
            let shrinks = stage > 0 && block == 0;
            let y = net.conv(x, &format!("{layer}.conv1"), width, 3, if shrinks { 2 } else { 1 });
            let y = net.batch_norm_relu(y, &format!("{layer}.bn1"));
            let y = net.conv(y, &format!("{layer}.conv2"), width, 3, 1);
            let y = net.batch_norm(y, &format!("{layer}.bn2"));
            let sum = match shortcut {
                Shortcut::A if shrinks => {
                    let shortcut = net.pad_shortcut(x, width / 4);
                    net.add(y, shortcut)
                }
                Shortcut::B(projection) if shrinks => {
                    let shortcut = net.projection(x, &format!("{layer}.{projection}"), width);
                    net.add(y, shortcut)
                }
                Shortcut::A | Shortcut::B(_) => net.add(y, x),
                Shortcut::None => y,
            };
            x = net.relu(sum);
        }
    }
    let features = net.global_avg_pool(x);
    let name = format!("resnet{}{}", 6 * blocks + 2, shortcut.suffix());
    Architecture { usual: shortcut != Shortcut::None, traits: shortcut.traits(), ..net.classify(name, features, head, classes) }
}
