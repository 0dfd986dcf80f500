//! WideResNet-d-k (Zagoruyko & Komodakis 2016) with the names of Hendrycks' outlier-exposure code: `block{1,2,3}.layer.{i}`,
//! n = (d − 4)/6 layers a block, widths 16, 16k, 32k, 64k, pre-activation. Dropout does nothing in evaluation and is left out.

use super::shapes::{Shapes, classifier_head, count_blocks};
use super::{Architecture, Blueprint};

/// Depths up to 6·100 + 4 and widths up to 16·64: beyond the field's, and small enough for a hostile file to be harmless.
const MAX_LAYERS: usize = 100;
const MAX_WIDEN: i64 = 64;

const TRAITS: [(&str, &str); 2] = [("stride", "in the first convolution of a block"), ("dropout", "none in evaluation")];

/// The member nearest to `shapes`; none without a first wide block.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    member(shapes).into_iter().collect()
}

fn member(shapes: &Shapes) -> Option<Architecture> {
    let layers = count_blocks(shapes, "block1.layer.");
    let widen = match shapes.get("block1.layer.0.conv1.weight")?.as_slice() {
        [outputs, 16, 3, 3] if outputs % 16 == 0 => outputs / 16,
        _ => return None,
    };
    let shortcut = if shapes.contains_key("block2.layer.0.shortcut.weight") { "shortcut" } else { "convShortcut" };
    let (head, classes) = classifier_head(shapes, "fc", &["linear", "classifier", "head"], 10);
    build(layers, widen, shortcut, head, classes)
}

/// `wrn-40-2`, `wrn-28-10`, ...
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    let (depth, widen) = name.strip_prefix("wrn-")?.split_once('-')?;
    let layers = depth.parse::<usize>().ok()?.checked_sub(4).filter(|depth| depth % 6 == 0)? / 6;
    build(layers, widen.parse().ok()?, "convShortcut", "fc", classes)
}

fn build(layers: usize, widen: i64, projection: &str, head: &str, classes: i64) -> Option<Architecture> {
    if !(1..=MAX_LAYERS).contains(&layers) || !(1..=MAX_WIDEN).contains(&widen) {
        return None;
    }
    let mut net = Blueprint::new([3, 32, 32]);
    let mut x = net.conv(Blueprint::INPUT, "conv1", 16, 3, 1);
    for block in 1..=3 {
        let width = (8 * widen) << block;
        for index in 0..layers {
            let layer = format!("block{block}.layer.{index}");
            let stride = if block > 1 && index == 0 { 2 } else { 1 };
            let activated = net.batch_norm_relu(x, &format!("{layer}.bn1"));
            let y = net.conv(activated, &format!("{layer}.conv1"), width, 3, stride);
            let y = net.batch_norm_relu(y, &format!("{layer}.bn2"));
            let y = net.conv(y, &format!("{layer}.conv2"), width, 3, 1);
            // Where the width changes, the shortcut reads the activated input too.
            let shortcut =
                if net.channels(x) == width { x } else { net.conv(activated, &format!("{layer}.{projection}"), width, 1, stride) };
            x = net.add(shortcut, y);
        }
    }
    let x = net.batch_norm_relu(x, "bn1");
    let features = net.global_avg_pool(x);
    Some(Architecture { traits: &TRAITS, ..net.classify(format!("wrn-{}-{widen}", 6 * layers + 4), features, head, classes) })
}
