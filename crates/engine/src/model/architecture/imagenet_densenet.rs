//! DenseNet of Huang et al. 2017 with four blocks for 224x224 images. Names as in torchvision and timm:
//! `features.denseblock1.denselayer1.norm1`, `classifier`; the files of torchvision itself say `norm.1` and `conv.1`.

use super::shapes::{Shapes, classifier_head};
use super::{Architecture, Blueprint};

struct Member {
    name: &'static str,
    growth: i64,
    /// Layers of each block.
    layers: [usize; 4],
}

const MEMBERS: [Member; 4] = [
    Member { name: "densenet121", growth: 32, layers: [6, 12, 24, 16] },
    Member { name: "densenet161", growth: 48, layers: [6, 12, 36, 24] },
    Member { name: "densenet169", growth: 32, layers: [6, 12, 32, 32] },
    Member { name: "densenet201", growth: 32, layers: [6, 12, 48, 32] },
];

const TRAITS: [(&str, &str); 3] = [
    ("stem", "stride 2, then a max-pool at stride 2"),
    ("transitions", "2x2 mean after the convolution"),
    ("dropout", "none in evaluation"),
];

/// The member nearest to `shapes`; none with other numbers of layers.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    let is_dotted = shapes.contains_key("features.denseblock1.denselayer1.norm.1.weight");
    let dot = if is_dotted { "." } else { "" };
    let has_layer =
        |block: usize, layer: usize| shapes.contains_key(&format!("features.denseblock{block}.denselayer{layer}.conv{dot}1.weight"));
    // The third block has a number of layers of its own in each.
    let has = |member: &&Member| has_layer(3, member.layers[2]) && !has_layer(3, member.layers[2] + 1);
    let (head, classes) = classifier_head(shapes, "classifier", &["fc", "linear", "head"], 1000);
    MEMBERS.iter().find(has).map(|member| build(member, dot, head, classes)).into_iter().collect()
}

/// `densenet121`, `densenet161`, `densenet169`, `densenet201`
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    MEMBERS.iter().find(|member| member.name == name).map(|member| build(member, "", "classifier", classes))
}

fn build(member: &Member, dot: &str, head: &str, classes: i64) -> Architecture {
    let mut net = Blueprint::new([3, 224, 224]);
    let x = net.conv(Blueprint::INPUT, "features.conv0", 2 * member.growth, 7, 2);
    let x = net.batch_norm_relu(x, "features.norm0");
    let mut x = net.stem_pool(x);
    for (block, layers) in (1..).zip(member.layers) {
        for index in 1..=layers {
            let layer = format!("features.denseblock{block}.denselayer{index}");
            let y = net.batch_norm_relu(x, &format!("{layer}.norm{dot}1"));
            let y = net.conv(y, &format!("{layer}.conv{dot}1"), 4 * member.growth, 1, 1);
            let y = net.batch_norm_relu(y, &format!("{layer}.norm{dot}2"));
            let y = net.conv(y, &format!("{layer}.conv{dot}2"), member.growth, 3, 1);
            x = net.concat(x, y);
        }
        if block < member.layers.len() {
            let layer = format!("features.transition{block}");
            let y = net.batch_norm_relu(x, &format!("{layer}.norm"));
            let y = net.conv(y, &format!("{layer}.conv"), net.channels(x) / 2, 1, 1);
            x = net.avg_pool(y);
        }
    }
    let x = net.batch_norm_relu(x, "features.norm5");
    let features = net.global_avg_pool(x);
    Architecture { traits: &TRAITS, ..net.classify(member.name.into(), features, head, classes) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::named;
    use super::super::testing::{assert_parameters, assert_recognized, recognized, shapes};

    #[test]
    fn parameter_counts_are_those_of_torchvision() {
        assert_parameters(&[
            ("densenet121", 7_978_856),
            ("densenet161", 28_681_000),
            ("densenet169", 14_149_480),
            ("densenet201", 20_013_928),
        ]);
    }

    #[test]
    fn every_member_is_recognized_from_its_own_shapes() {
        assert_recognized(&super::MEMBERS.map(|member| member.name));
    }

    #[test]
    fn names_with_a_dot_before_the_number_are_understood() {
        let dotted = |name: &str| {
            [1, 2].iter().fold(name.to_owned(), |name, k| {
                name.replace(&format!(".norm{k}."), &format!(".norm.{k}.")).replace(&format!(".conv{k}."), &format!(".conv.{k}."))
            })
        };
        let renamed = shapes(&named("densenet121", 1000).unwrap()).into_iter().map(|(name, shape)| (dotted(&name), shape)).collect();
        assert_eq!(recognized(&renamed), ["densenet121"]);
    }
}
