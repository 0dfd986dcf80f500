//! The vision transformers of torchvision (Dosovitskiy et al. 2021): `class_token`, `conv_proj`, `encoder.layers.encoder_layer_0`,
//! `heads.head`. In older files the MLP has the names `linear_1` and `linear_2`.

use super::shapes::{Shapes, classifier_head};
use super::transformer_encoder::{Block, EPS, Encoder, grid, image_side, patches};
use super::{Architecture, Blueprint, Init};

const MLP: [&str; 2] = ["mlp.0", "mlp.3"];
const OLD_MLP: [&str; 2] = ["mlp.linear_1", "mlp.linear_2"];

/// The member of the width of `shapes`; none of another width.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    member(shapes).into_iter().collect()
}

fn member(shapes: &Shapes) -> Option<Architecture> {
    let &[_, positions, width] = shapes.get("encoder.pos_embedding")?.as_slice() else { return None };
    let &[_, _, patch, _] = shapes.get("conv_proj.weight")?.as_slice() else { return None };
    let encoder = Encoder::find(|encoder| encoder.width == width)?;
    let is_old = shapes.contains_key("encoder.layers.encoder_layer_0.mlp.linear_1.weight");
    let (head, classes) = classifier_head(shapes, "heads.head", &["heads", "head", "fc", "classifier"], 1000);
    build(encoder, patch, grid(positions.checked_sub(1)?)?, if is_old { OLD_MLP } else { MLP }, head, classes)
}

/// `vit_b_16`, `vit_b_32`, `vit_l_16`, `vit_l_32`, `vit_h_14`
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    let (letter, patch) = name.strip_prefix("vit_")?.split_once('_')?;
    let encoder = Encoder::find(|encoder| encoder.letter.is_some_and(|own| letter.chars().eq([own])))?;
    let patch = [14, 16, 32].into_iter().find(|side| side.to_string() == patch)?;
    build(encoder, patch, 224 / patch, MLP, "heads.head", classes)
}

/// The network for `grid` patches in a row; none where the size has no name or the patches are too large.
fn build(encoder: Encoder, patch: i64, grid: i64, mlp: [&str; 2], head: &str, classes: i64) -> Option<Architecture> {
    let (letter, side) = (encoder.letter?, image_side(grid, patch)?);
    let (width, positions) = (encoder.width, grid * grid + 1);
    let mut net = Blueprint::new([3, side, side]);
    let token = net.parameter("class_token".into(), &[1, 1, width], Init::Constant(0.0));
    let x = patches(&mut net, "conv_proj", width, patch);
    let token = net.for_each_image(token);
    let x = net.concat(token, x);
    let embedding = net.parameter("encoder.pos_embedding".into(), &[1, positions, width], Init::Normal { std: 0.02 });
    let mut x = net.sum(x, embedding);
    for index in 0..encoder.depth {
        let layer = |part: &str| format!("encoder.layers.encoder_layer_{index}.{part}");
        let block = Block {
            norms: [layer("ln_1"), layer("ln_2")],
            qkv: (layer("self_attention.in_proj_weight"), Some(layer("self_attention.in_proj_bias"))),
            projection: layer("self_attention.out_proj"),
            mlp: mlp.map(layer),
            scales: None,
        };
        x = block.build(&mut net, x, &encoder);
    }
    let x = net.layer_norm(x, "encoder.ln", EPS);
    let features = net.select(x, 1, 0);
    let network = net.classify(format!("vit_{letter}_{patch}"), features, head, classes);
    Some(Architecture { traits: encoder.traits(), ..network })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::named;
    use super::super::testing::{assert_parameters, assert_recognized, recognized, shapes};

    #[test]
    fn parameter_counts_are_those_of_torchvision() {
        assert_parameters(&[
            ("vit_b_16", 86_567_656),
            ("vit_b_32", 88_224_232),
            ("vit_l_16", 304_326_632),
            ("vit_l_32", 306_535_400),
            ("vit_h_14", 632_045_800),
        ]);
    }

    #[test]
    fn every_member_is_recognized_from_its_own_shapes() {
        assert_recognized(&["vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32", "vit_h_14"]);
    }

    #[test]
    fn the_positions_tell_the_side_of_the_images() {
        let mut large = shapes(&named("vit_b_16", 1000).unwrap());
        large.insert("encoder.pos_embedding".into(), vec![1, 577, 768]);
        assert_eq!(recognized(&large), ["vit_b_16"]);
        assert_eq!(super::super::named_for("vit_b_16", &large).unwrap().graph.input, [3, 384, 384]);
        large.insert("encoder.pos_embedding".into(), vec![1, i64::MIN, 768]);
        assert!(recognized(&large).is_empty());
    }

    #[test]
    fn older_names_of_the_mlp_are_understood() {
        let old = |name: String| name.replace("mlp.0", "mlp.linear_1").replace("mlp.3", "mlp.linear_2");
        let renamed = shapes(&named("vit_b_32", 5).unwrap()).into_iter().map(|(name, shape)| (old(name), shape)).collect();
        assert_eq!(recognized(&renamed), ["vit_b_32"]);
    }
}
