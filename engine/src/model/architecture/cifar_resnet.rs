//! The CIFAR ResNets of He et al. 2016, section 4.2, option A: 6n + 2 layers, widths 16/32/64, parameter-free shortcuts.
//! Names as in akamaster/pytorch_resnet_cifar10 (head `linear`) or with the head called `fc`.

use super::{Architecture, Blueprint, Shapes, count_blocks, head};

const WIDTHS: [i64; 3] = [16, 32, 64];
/// Blocks per stage n of resnet8, 14, 20, 32, 44, 56, 110.
const BLOCKS: [usize; 7] = [1, 2, 3, 5, 7, 9, 18];

/// The member nearest to `shapes`; `None` without three stages.
pub fn guess(shapes: &Shapes) -> Option<Architecture> {
    let blocks = count_blocks(shapes, "layer1.");
    if !BLOCKS.contains(&blocks) || count_blocks(shapes, "layer3.") == 0 || count_blocks(shapes, "layer4.") > 0 {
        return None;
    }
    let (head, classes) = head(shapes, &["linear", "fc", "classifier", "head"]).unwrap_or(("linear", 10));
    Some(build(blocks, head, classes))
}

/// `resnet8`, `resnet14`, ..., `resnet110`.
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    let depth: usize = name.strip_prefix("resnet")?.parse().ok()?;
    let blocks = BLOCKS.into_iter().find(|blocks| 6 * blocks + 2 == depth)?;
    Some(build(blocks, "linear", classes))
}

fn build(blocks: usize, head: &str, classes: i64) -> Architecture {
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
            let shortcut = if shrinks { net.pad_shortcut(x, width / 4) } else { x };
            let sum = net.add(y, shortcut);
            x = net.relu(sum);
        }
    }
    let features = net.global_avg_pool(x);
    net.classify(format!("resnet{}", 6 * blocks + 2), features, head, classes)
}
