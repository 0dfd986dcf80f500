//! The vision transformers of timm: ViT (Dosovitskiy et al. 2021), DeiT (Touvron et al. 2021; also with a distillation token) and DeiT III
//! (Touvron et al. 2022). Names: `cls_token`, `pos_embed`, `patch_embed.proj`, `blocks.0.attn.qkv`, `norm`, `head`.

use super::shapes::{Shapes, classifier_head};
use super::transformer_encoder::{Block, EPS, Encoder, grid, image_side, patches};
use super::{Architecture, Blueprint, Init};

const TOKEN: Init = Init::Normal { std: 0.02 };

/// Which tokens and positions a network has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A class token with a position.
    Plain,
    /// A class token and a distillation token, each with a position and a classifier.
    Distilled,
    /// A class token without a position, and factors for each channel after attention and MLP.
    Third,
}

impl Form {
    const ALL: [Form; 3] = [Form::Plain, Form::Distilled, Form::Third];

    /// What stands before and after the size in a name.
    fn words(self) -> [&'static str; 2] {
        match self {
            Form::Plain => ["vit_", ""],
            Form::Distilled => ["deit_", "_distilled"],
            Form::Third => ["deit3_", ""],
        }
    }

    /// Positions beside those of the patches.
    fn extra_positions(self) -> i64 {
        match self {
            Form::Plain => 1,
            Form::Distilled => 2,
            Form::Third => 0,
        }
    }
}

struct Member {
    form: Form,
    encoder: Encoder,
    /// Side of a patch.
    patch: i64,
    /// Patches in a row.
    grid: i64,
    /// Whether queries, keys and values have biases.
    has_bias: bool,
    /// Whether there are factors for each channel after attention and MLP.
    has_scales: bool,
}

/// The member of the width of `shapes`; none of another width.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    let (head, classes) = classifier_head(shapes, "head", &["fc", "classifier", "linear"], 1000);
    Member::of(shapes).and_then(|member| member.build(head, classes)).into_iter().collect()
}

/// `vit_base_patch16_224`, `deit_base_distilled_patch16_224`, `deit3_base_patch16_224`, ...; `deit_base_patch16_224` is the first of them.
/// A ViT also with `_layer_scale`, each also with `_no_qkv_bias`.
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    let (name, has_bias) = name.strip_suffix("_no_qkv_bias").map_or((name, true), |name| (name, false));
    let (name, has_scales) = name.strip_suffix("_layer_scale").map_or((name, false), |name| (name, true));
    let (size, sides) = name.split_once("_patch")?;
    let (patch, side) = sides.split_once('_')?;
    let (patch, side): (i64, i64) = (patch.parse().ok()?, side.parse().ok()?);
    let grid = side.checked_div(patch).filter(|grid| side % patch == 0 && (1..=256).contains(grid))?;
    let of_form = |form: Form| {
        let [before, after] = form.words();
        let size = size.strip_prefix(before).or_else(|| size.strip_prefix("deit_").filter(|_| form == Form::Plain))?;
        let size = size.strip_suffix(after)?;
        Some((form, Encoder::find(|encoder| encoder.name == size)?))
    };
    let (form, encoder) = Form::ALL.into_iter().find_map(of_form)?;
    if has_scales && form != Form::Plain {
        return None;
    }
    Member { form, encoder, patch, grid, has_bias, has_scales: has_scales || form == Form::Third }.build("head", classes)
}

impl Member {
    fn of(shapes: &Shapes) -> Option<Member> {
        let &[_, positions, width] = shapes.get("pos_embed")?.as_slice() else { return None };
        let &[_, _, patch, _] = shapes.get("patch_embed.proj.weight")?.as_slice() else { return None };
        let encoder = Encoder::find(|encoder| encoder.width == width)?;
        let is_distilled = shapes.contains_key("dist_token");
        let fits = |form: Form| Some((form, grid(positions.checked_sub(form.extra_positions())?)?));
        let (form, grid) = if is_distilled { fits(Form::Distilled) } else { fits(Form::Plain).or_else(|| fits(Form::Third)) }?;
        let has_bias = shapes.contains_key("blocks.0.attn.qkv.bias");
        let has_scales = shapes.contains_key("blocks.0.ls1.gamma");
        Some(Member { form, encoder, patch, grid, has_bias, has_scales: (has_scales && !is_distilled) || form == Form::Third })
    }

    fn name(&self, side: i64) -> String {
        let ([before, after], size, patch) = (self.form.words(), self.encoder.name, self.patch);
        let scales = if self.has_scales && self.form == Form::Plain { "_layer_scale" } else { "" };
        let bias = if self.has_bias { "" } else { "_no_qkv_bias" };
        format!("{before}{size}{after}_patch{patch}_{side}{scales}{bias}")
    }

    fn build(&self, head: &str, classes: i64) -> Option<Architecture> {
        let side = image_side(self.grid, self.patch)?;
        let width = self.encoder.width;
        let positions = self.grid * self.grid + self.form.extra_positions();
        let mut net = Blueprint::new([3, side, side]);
        let class = net.parameter("cls_token".into(), &[1, 1, width], TOKEN);
        let embedding = net.parameter("pos_embed".into(), &[1, positions, width], TOKEN);
        let distillation = (self.form == Form::Distilled).then(|| net.parameter("dist_token".into(), &[1, 1, width], TOKEN));
        let mut x = patches(&mut net, "patch_embed.proj", width, self.patch);
        if self.form == Form::Third {
            x = net.sum(x, embedding);
        }
        for token in distillation.into_iter().chain([class]) {
            let token = net.for_each_image(token);
            x = net.concat(token, x);
        }
        if self.form != Form::Third {
            x = net.sum(x, embedding);
        }
        for index in 0..self.encoder.depth {
            x = self.block(index).build(&mut net, x, &self.encoder);
        }
        let x = net.layer_norm(x, "norm", EPS);
        let class = net.select(x, 1, 0);
        let name = self.name(side);
        if self.form != Form::Distilled {
            return Some(Architecture { traits: self.encoder.traits(), ..net.classify(name, class, head, classes) });
        }
        let distilled = net.select(x, 1, 1);
        let features = net.mean(class, distilled);
        let logits = net.linear(class, head, classes);
        let others = net.linear(distilled, "head_dist", classes);
        let logits = net.mean(logits, others);
        let (graph, tensors) = net.finish(features, logits);
        Some(Architecture { name, classes, graph, tensors, usual: true, traits: self.encoder.traits(), program: None })
    }

    fn block(&self, index: usize) -> Block {
        let layer = |part: &str| format!("blocks.{index}.{part}");
        Block {
            norms: [layer("norm1"), layer("norm2")],
            qkv: (layer("attn.qkv.weight"), self.has_bias.then(|| layer("attn.qkv.bias"))),
            projection: layer("attn.proj"),
            mlp: [layer("mlp.fc1"), layer("mlp.fc2")],
            scales: self.has_scales.then(|| [layer("ls1.gamma"), layer("ls2.gamma")]),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::named;
    use super::super::testing::{assert_parameters, assert_recognized};

    #[test]
    fn parameter_counts_are_those_of_timm() {
        assert_parameters(&[
            ("vit_tiny_patch16_224", 5_717_416),
            ("vit_base_patch16_224", 86_567_656),
            ("deit_tiny_distilled_patch16_224", 5_910_800),
            ("deit3_small_patch16_224", 22_059_496),
        ]);
    }

    #[test]
    fn every_form_is_recognized_from_its_own_shapes() {
        assert_recognized(&[
            "vit_tiny_patch16_224",
            "vit_small_patch32_224",
            "vit_base_patch16_384",
            "vit_base_patch8_224",
            "vit_large_patch16_224",
            "vit_huge_patch14_224",
            "deit_tiny_distilled_patch16_224",
            "deit3_base_patch16_384",
            "vit_base_patch14_518_layer_scale",
            "vit_base_patch16_224_no_qkv_bias",
        ]);
    }

    #[test]
    fn a_deit_without_distillation_is_a_vit() {
        assert_eq!(named("deit_small_patch16_224", 10).unwrap(), named("vit_small_patch16_224", 10).unwrap());
    }

    #[test]
    fn sizes_that_do_not_exist_are_no_names() {
        for name in [
            "vit_base_patch16",
            "vit_base_patch0_224",
            "vit_base_patch16_225",
            "vit_medium_patch16_224",
            "deit3_base_patch16_224_layer_scale",
        ] {
            assert!(named(name, 10).is_err(), "{name}");
        }
    }
}
