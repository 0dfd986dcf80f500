//! DenseNet-BC with three blocks for 32x32 images (Huang et al. 2017), compression 0.5, names as in andreasveit/densenet-pytorch:
//! `block{1,2,3}.layer.{i}`, `trans{1,2}`, `fc`. Depth and growth are read off the shapes.

use super::shapes::{Shapes, classifier_head, count_blocks};
use super::{Architecture, Blueprint};

/// Beyond the field's largest (190-40); keeps the guess for a hostile file small.
const MAX_LAYERS: usize = 100;
const MAX_GROWTH: i64 = 256;

const TRAITS: [(&str, &str); 1] = [("dropout", "none in evaluation")];

/// The member nearest to `shapes`; none without a first transition.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    member(shapes).into_iter().collect()
}

fn member(shapes: &Shapes) -> Option<Architecture> {
    shapes.get("trans1.conv1.weight")?;
    let growth = *shapes.get("block1.layer.0.conv2.weight")?.first()?;
    let (head, classes) = classifier_head(shapes, "fc", &["linear", "classifier", "head"], 10);
    build(count_blocks(shapes, "block1.layer."), growth, head, classes)
}

/// `densenet-bc-100-12`, ...
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    let (depth, growth) = name.strip_prefix("densenet-bc-")?.split_once('-')?;
    let layers = depth.parse::<usize>().ok()?.checked_sub(4).filter(|depth| depth % 6 == 0)? / 6;
    build(layers, growth.parse().ok()?, "fc", classes)
}

fn build(layers: usize, growth: i64, head: &str, classes: i64) -> Option<Architecture> {
    if !(1..=MAX_LAYERS).contains(&layers) || !(1..=MAX_GROWTH).contains(&growth) {
        return None;
    }
    let mut net = Blueprint::new([3, 32, 32]);
    let mut x = net.conv(Blueprint::INPUT, "conv1", 2 * growth, 3, 1);
    for block in 1..=3 {
        for index in 0..layers {
            let layer = format!("block{block}.layer.{index}");
            let y = net.batch_norm_relu(x, &format!("{layer}.bn1"));
            let y = net.conv(y, &format!("{layer}.conv1"), 4 * growth, 1, 1);
            let y = net.batch_norm_relu(y, &format!("{layer}.bn2"));
            let y = net.conv(y, &format!("{layer}.conv2"), growth, 3, 1);
            x = net.concat(x, y);
        }
        if block < 3 {
            let layer = format!("trans{block}");
            let y = net.batch_norm_relu(x, &format!("{layer}.bn1"));
            let y = net.conv(y, &format!("{layer}.conv1"), net.channels(x) / 2, 1, 1);
            x = net.avg_pool(y);
        }
    }
    let x = net.batch_norm_relu(x, "bn1");
    let features = net.global_avg_pool(x);
    Some(Architecture { traits: &TRAITS, ..net.classify(format!("densenet-bc-{}-{growth}", 6 * layers + 4), features, head, classes) })
}
