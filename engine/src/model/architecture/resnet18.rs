//! ResNet-18 for 32x32 images: 3x3 stem without max-pool, widths 64/128/256/512, projections where the shape changes.
//! Names as in OpenOOD's `resnet18_32x32` (head `fc`), kuangliu/pytorch-cifar (`linear`), projections `shortcut` or `downsample`.

use super::{Architecture, Blueprint, Shapes, count_blocks, head};

const WIDTHS: [i64; 4] = [64, 128, 256, 512];

/// The variant nearest to `shapes`; `None` without a fourth stage.
pub fn guess(shapes: &Shapes) -> Option<Architecture> {
    if count_blocks(shapes, "layer1.") == 0 || count_blocks(shapes, "layer4.") == 0 {
        return None;
    }
    let (head, classes) = head(shapes, &["fc", "linear", "classifier", "head"]).unwrap_or(("fc", 10));
    let projection = if shapes.contains_key("layer2.0.downsample.0.weight") { "downsample" } else { "shortcut" };
    Some(build(projection, head, classes))
}

/// `resnet18_32x32`, or `resnet18` for short.
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    ["resnet18_32x32", "resnet18"].contains(&name).then(|| build("shortcut", "fc", classes))
}

fn build(projection: &str, head: &str, classes: i64) -> Architecture {
    let mut net = Blueprint::new([3, 32, 32]);
    let x = net.conv(Blueprint::INPUT, "conv1", 64, 3, 1);
    let mut x = net.batch_norm_relu(x, "bn1");
    for (stage, width) in WIDTHS.into_iter().enumerate() {
        for block in 0..2 {
            let layer = format!("layer{}.{block}", stage + 1);
            let projects = stage > 0 && block == 0;
            let stride = if projects { 2 } else { 1 };
            let y = net.conv(x, &format!("{layer}.conv1"), width, 3, stride);
            let y = net.batch_norm_relu(y, &format!("{layer}.bn1"));
            let y = net.conv(y, &format!("{layer}.conv2"), width, 3, 1);
            let y = net.batch_norm(y, &format!("{layer}.bn2"));
            let shortcut = if projects {
                let z = net.conv(x, &format!("{layer}.{projection}.0"), width, 1, stride);
                net.batch_norm(z, &format!("{layer}.{projection}.1"))
            } else {
                x
            };
            let sum = net.add(y, shortcut);
            x = net.relu(sum);
        }
    }
    let features = net.global_avg_pool(x);
    net.classify("resnet18_32x32".into(), features, head, classes)
}
