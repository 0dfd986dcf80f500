//! VGG of Simonyan & Zisserman 2015 with 11, 13, 16 and 19 layers, with and without BatchNorm. Names as in torchvision: `features.N`,
//! `classifier.0/3/6`.

use super::shapes::{Shapes, classifier_head};
use super::{Architecture, Blueprint};

const WIDTHS: [i64; 5] = [64, 128, 256, 512, 512];
/// Convolutions of each stage of the networks with 11, 13, 16 and 19 layers, three of which are affine maps.
const STAGES: [[usize; 5]; 4] = [[1, 1, 2, 2, 2], [2, 2, 2, 2, 2], [2, 2, 3, 3, 3], [2, 2, 4, 4, 4]];
/// Outputs of the first and the second affine map.
const HIDDEN: i64 = 4096;

const TRAITS: [(&str, &str); 2] = [("mean before the classifier", "over 7x7 windows"), ("dropout", "none in evaluation")];

/// The member nearest to `shapes`; none with another number of convolutions or without three affine maps.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    if ["classifier.0.weight", "classifier.3.weight"].iter().any(|name| !shapes.contains_key(*name)) {
        return Vec::new();
    }
    let is_convolution =
        |(name, shape): &(&String, &Vec<i64>)| name.starts_with("features.") && name.ends_with(".weight") && shape.len() == 4;
    let convolutions = shapes.iter().filter(is_convolution).count();
    let norms = shapes.contains_key("features.1.running_mean");
    let (head, classes) = classifier_head(shapes, "classifier.6", &["fc", "linear", "head"], 1000);
    let stages = STAGES.into_iter().find(|stages| stages.iter().sum::<usize>() == convolutions);
    stages.map(|stages| build(stages, norms, head, classes)).into_iter().collect()
}

/// `vgg11`, `vgg13`, `vgg16`, `vgg19`; each also with `_bn`.
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    let stages = STAGES.into_iter().find(|&stages| self::name(stages, false) == name || self::name(stages, true) == name)?;
    Some(build(stages, name.ends_with("_bn"), "classifier.6", classes))
}

fn name(stages: [usize; 5], norms: bool) -> String {
    format!("vgg{}{}", stages.iter().sum::<usize>() + 3, if norms { "_bn" } else { "" })
}

fn build(stages: [usize; 5], norms: bool, head: &str, classes: i64) -> Architecture {
    let mut net = Blueprint::new([3, 224, 224]);
    let (mut x, mut index) = (Blueprint::INPUT, 0);
    for (convolutions, width) in stages.into_iter().zip(WIDTHS) {
        for _ in 0..convolutions {
            x = net.convolve(x, &format!("features.{index}"), [width, 3, 1, 1], true);
            index += 1;
            if norms {
                x = net.batch_norm(x, &format!("features.{index}"));
                index += 1;
            }
            x = net.relu(x);
            index += 1;
        }
        x = net.max_pool(x);
        index += 1;
    }
    let x = net.adaptive_avg_pool(x, 7);
    let x = net.flatten(x);
    let x = net.linear(x, "classifier.0", HIDDEN);
    let x = net.relu(x);
    let x = net.linear(x, "classifier.3", HIDDEN);
    let features = net.relu(x);
    Architecture { traits: &TRAITS, ..net.classify(name(stages, norms), features, head, classes) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_parameters, assert_recognized};

    #[test]
    fn parameter_counts_are_those_of_torchvision() {
        assert_parameters(&[
            ("vgg11", 132_863_336),
            ("vgg11_bn", 132_868_840),
            ("vgg13", 133_047_848),
            ("vgg13_bn", 133_053_736),
            ("vgg16", 138_357_544),
            ("vgg16_bn", 138_365_992),
            ("vgg19", 143_667_240),
            ("vgg19_bn", 143_678_248),
        ]);
    }

    #[test]
    fn every_member_is_recognized_from_its_own_shapes() {
        assert_recognized(&["vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn"]);
    }
}
