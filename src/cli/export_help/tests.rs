//! Names and shapes of tensors as libraries make them, and what is told from them.

#![allow(clippy::unwrap_used)]

use flatland_core::result::{Inspection, TensorInfo};

use super::*;

fn tensor(name: &str, shape: &[i64]) -> TensorInfo {
    TensorInfo { name: name.into(), shape: shape.to_vec(), dtype: "f32".into(), values: None }
}

/// The weight and, unless 0, the bias of `biases` entries.
fn layer(name: &str, shape: &[i64], biases: i64) -> Vec<TensorInfo> {
    let bias = (biases > 0).then(|| tensor(&format!("{name}.bias"), &[biases]));
    std::iter::once(tensor(&format!("{name}.weight"), shape)).chain(bias).collect()
}

fn batch_norm(name: &str, n: i64) -> Vec<TensorInfo> {
    let counter = TensorInfo { dtype: "i64".into(), ..tensor(&format!("{name}.num_batches_tracked"), &[]) };
    let values = ["weight", "bias", "running_mean", "running_var"].map(|value| tensor(&format!("{name}.{value}"), &[n]));
    values.into_iter().chain([counter]).collect()
}

/// torchvision's ResNet, of basic blocks or of bottlenecks.
fn resnet(blocks: [usize; 4], bottleneck: bool, channels: i64, classes: i64) -> Vec<TensorInfo> {
    let mut all = [layer("conv1", &[64, channels, 7, 7], 0), batch_norm("bn1", 64)].concat();
    let mut width = 64;
    for (stage, blocks) in blocks.into_iter().enumerate() {
        let inner = 64 << stage;
        let outer = if bottleneck { 4 * inner } else { inner };
        let shapes: &[[i64; 3]] = if bottleneck { &[[0, 1, 1], [inner, 3, 3], [inner, 1, 1]] } else { &[[0, 3, 3], [inner, 3, 3]] };
        for block in 0..blocks {
            let name = format!("layer{}.{block}", stage + 1);
            for (i, &[before, kernel, _]) in shapes.iter().enumerate() {
                let out = if i + 1 == shapes.len() { outer } else { inner };
                let before = if i == 0 { width } else { before };
                all.extend(layer(&format!("{name}.conv{}", i + 1), &[out, before, kernel, kernel], 0));
                all.extend(batch_norm(&format!("{name}.bn{}", i + 1), out));
            }
            if width != outer || (block == 0 && stage > 0) {
                all.extend(layer(&format!("{name}.downsample.0"), &[outer, width, 1, 1], 0));
                all.extend(batch_norm(&format!("{name}.downsample.1"), outer));
            }
            width = outer;
        }
    }
    all.extend(layer("fc", &[classes, width], classes));
    all
}

/// torchvision's vit_b_16 for images of `size`.
fn torchvision_vit(size: i64, classes: i64) -> Vec<TensorInfo> {
    let patches = (size / 16) * (size / 16);
    let mut all = vec![tensor("class_token", &[1, 1, 768]), tensor("encoder.pos_embedding", &[1, patches + 1, 768])];
    all.extend(layer("conv_proj", &[768, 3, 16, 16], 768));
    for i in 0..12 {
        let name = format!("encoder.layers.encoder_layer_{i}");
        all.extend([tensor(&format!("{name}.self_attention.in_proj_weight"), &[2304, 768])]);
        all.extend([tensor(&format!("{name}.self_attention.in_proj_bias"), &[2304])]);
        all.extend(layer(&format!("{name}.self_attention.out_proj"), &[768, 768], 768));
        all.extend(["ln_1", "ln_2"].map(|norm| layer(&format!("{name}.{norm}"), &[768], 768)).concat());
        all.extend(layer(&format!("{name}.mlp.0"), &[3072, 768], 3072));
        all.extend(layer(&format!("{name}.mlp.3"), &[768, 3072], 768));
    }
    all.extend(layer("encoder.ln", &[768], 768));
    all.extend(layer("heads.head", &[classes, 768], classes));
    all
}

/// timm's vit_small_patch16_224.
fn timm_vit(classes: i64) -> Vec<TensorInfo> {
    let mut all = vec![tensor("cls_token", &[1, 1, 384]), tensor("pos_embed", &[1, 197, 384])];
    all.extend(layer("patch_embed.proj", &[384, 3, 16, 16], 384));
    for i in 0..12 {
        let name = format!("blocks.{i}");
        all.extend(["norm1", "norm2"].map(|norm| layer(&format!("{name}.{norm}"), &[384], 384)).concat());
        all.extend(layer(&format!("{name}.attn.qkv"), &[1152, 384], 1152));
        all.extend(layer(&format!("{name}.attn.proj"), &[384, 384], 384));
        all.extend(layer(&format!("{name}.mlp.fc1"), &[1536, 384], 1536));
        all.extend(layer(&format!("{name}.mlp.fc2"), &[384, 1536], 384));
    }
    all.extend(layer("norm", &[384], 384));
    all.extend(layer("head", &[classes, 384], classes));
    all
}

/// torchvision's vgg16.
fn vgg16(classes: i64) -> Vec<TensorInfo> {
    let convolutions = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28];
    let widths = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512];
    let before = std::iter::once(3).chain(widths);
    let convolution = |((at, width), before)| layer(&format!("features.{at}"), &[width, before, 3, 3], width);
    let mut all: Vec<TensorInfo> = convolutions.into_iter().zip(widths).zip(before).flat_map(convolution).collect();
    all.extend(layer("classifier.0", &[4096, 25088], 4096));
    all.extend(layer("classifier.3", &[4096, 4096], 4096));
    all.extend(layer("classifier.6", &[classes, 4096], classes));
    all
}

fn named(tensors: &[(&str, &[i64])]) -> Vec<TensorInfo> {
    tensors.iter().map(|(name, shape)| tensor(name, shape)).collect()
}

fn below(prefix: &str, tensors: Vec<TensorInfo>) -> Vec<TensorInfo> {
    tensors.into_iter().map(|tensor| TensorInfo { name: format!("{prefix}{}", tensor.name), ..tensor }).collect()
}

fn report(tensors: Vec<TensorInfo>) -> Inspection {
    Inspection {
        file: "runs/net.pth".into(),
        container: Some("zip pickle".into()),
        state_dicts: vec![".".into()],
        error: Some("expected a network that Flatland knows".into()),
        tensors,
        ..Inspection::default()
    }
}

/// (library, model, classes, snippet, text) of a file with these tensors.
fn told(tensors: Vec<TensorInfo>) -> (Option<&'static str>, Option<String>, Option<i64>, String, String) {
    let (Answer { library, model, classes, snippet }, text) = answer(&report(tensors));
    (library, model, classes, snippet.unwrap(), text)
}

#[test]
fn the_model_is_named_where_its_tensors_are_exactly_those_of_a_library() {
    for (tensors, library, name, line) in [
        (resnet([2, 2, 2, 2], false, 3, 10), "torchvision", "resnet18", "torchvision.models.resnet18(num_classes=10)"),
        (resnet([3, 4, 6, 3], true, 3, 10), "torchvision", "resnet50", "torchvision.models.resnet50(num_classes=10)"),
        (vgg16(10), "torchvision", "vgg16", "torchvision.models.vgg16(num_classes=10)"),
        (torchvision_vit(384, 10), "torchvision", "vit_b_16", "torchvision.models.vit_b_16(num_classes=10, image_size=384)"),
        (timm_vit(10), "timm", "vit_small_patch16_224", "timm.create_model(\"vit_small_patch16_224\", num_classes=10, img_size=224)"),
    ] {
        let (found, model, classes, snippet, text) = told(tensors);
        assert_eq!((found, model.as_deref(), classes), (Some(library), Some(name), Some(10)), "{text}");
        assert!(snippet.contains(line), "{snippet}");
        assert!(!snippet.contains(snippet::FILL_IN) && snippet.contains(&format!("import {library}\n")), "{snippet}");
    }
}

#[test]
fn a_family_without_the_sizes_of_a_model_leaves_the_name_to_the_user() {
    let mut small_stem = resnet([2, 2, 2, 2], false, 3, 10);
    small_stem[0].shape = vec![64, 3, 3, 3];
    for (tensors, library, line) in [
        (small_stem, "torchvision", "torchvision.models.FILL_IN(num_classes=10)"),
        (
            named(&[
                ("features.0.0.weight", &[32, 3, 3, 3]),
                ("features.1.conv.0.0.weight", &[32, 1, 3, 3]),
                ("classifier.1.weight", &[10, 99]),
            ]),
            "torchvision",
            "torchvision.models.FILL_IN(num_classes=10)",
        ),
        (
            named(&[
                ("stem.0.weight", &[96, 3, 4, 4]),
                ("stages.0.blocks.0.conv_dw.weight", &[96, 1, 7, 7]),
                ("head.fc.weight", &[10, 99]),
            ]),
            "timm",
            "timm.create_model(\"FILL_IN\", num_classes=10)",
        ),
    ] {
        let (found, model, classes, snippet, text) = told(tensors);
        assert_eq!((found, model, classes), (Some(library), None, Some(10)), "{text}");
        assert!(snippet.contains(line) && text.contains("#   check: which "), "{text}");
    }
}

#[test]
fn a_hugging_face_network_gives_its_logits_and_takes_its_configuration() {
    for (stem, head, class) in [
        ("vit.embeddings.patch_embeddings.projection.weight", "classifier.weight", "ViTForImageClassification"),
        ("convnext.embeddings.patch_embeddings.weight", "classifier.weight", "ConvNextForImageClassification"),
        ("resnet.embedder.embedder.convolution.weight", "classifier.1.weight", "ResNetForImageClassification"),
    ] {
        let tensors = named(&[(stem, &[64, 3, 16, 16]), (head, &[10, 64])]);
        let (library, model, classes, snippet, text) = told(below("model.", tensors));
        assert_eq!((library, model.as_deref(), classes), (Some("transformers"), Some(class), Some(10)), "{text}");
        for line in [&format!("class Logits({class}):"), ".from_pretrained(\"runs\", num_labels=10)", "removeprefix(\"model.\")", ".logits"]
        {
            assert!(snippet.contains(line), "{snippet}");
        }
        assert!(text.contains("config.json"), "{text}");
    }
}

#[test]
fn a_prefix_and_what_stands_beside_the_network_do_not_hide_it() {
    let resnet = || resnet([2, 2, 2, 2], false, 3, 10);
    let counter = tensor("n_averaged", &[]);
    for (prefix, beside) in
        [("module.", counter), ("model.", tensor("criterion.weight", &[10])), ("_orig_mod.module.", tensor("step", &[]))]
    {
        let (_, model, _, snippet, text) = told([below(prefix, resnet()), vec![beside]].concat());
        assert_eq!(model.as_deref(), Some("resnet18"), "{text}");
        assert!(snippet.contains(&format!("name.startswith(\"{prefix}\")")), "{snippet}");
    }
    assert!(!told(resnet()).3.contains("removeprefix"));
}

#[test]
fn a_grey_network_gets_a_first_layer_of_one_channel() {
    let (_, model, _, snippet, _) = told(resnet([2, 2, 2, 2], false, 1, 10));
    assert_eq!(model.as_deref(), Some("resnet18"));
    assert!(
        snippet.contains("model.set_submodule(\"conv1\", torch.nn.Conv2d(1, ") && snippet.contains("randn(2, 1, 224, 224)"),
        "{snippet}"
    );
    let mut tensors = timm_vit(10);
    tensors.iter_mut().filter(|tensor| tensor.name == "patch_embed.proj.weight").for_each(|tensor| tensor.shape[1] = 1);
    assert!(told(tensors).3.contains("num_classes=10, in_chans=1, img_size=224)"));
}

#[test]
fn a_network_of_no_library_is_a_class_to_fill_in() {
    let tensors = named(&[("net.0.weight", &[8, 3, 3, 3]), ("net.4.weight", &[32, 8]), ("net.6.weight", &[7, 32]), ("scale.weight", &[7])]);
    let (library, model, classes, snippet, text) = told(below("module.", tensors));
    assert_eq!((library, model, classes), (None, None, Some(7)), "{text}");
    assert!(snippet.contains("from FILL_IN import FILL_IN") && snippet.contains("removeprefix(\"module.\")"), "{snippet}");
    assert!(
        text.contains("check: the number of classes: 7, if `net.6.weight` gives the logits")
            && text.contains("check: the class of the network"),
        "{text}"
    );
}

#[test]
fn what_the_tensors_do_not_tell_is_said() {
    let (.., text) = told(resnet([2, 2, 2, 2], false, 3, 10));
    for said in ["check: the size of the images", "check: the normalization of the images", "\"imagenet\"", "timm's resnetblur18"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    // Two matrices with usual names: either may give the logits.
    let (_, _, classes, _, text) = told(named(&[("fc.weight", &[10, 8]), ("head.weight", &[5, 8])]));
    assert!(classes.is_none() && text.contains("check: the number of classes"), "{text}");
    // safetensors sorts the names: the last is not the last layer.
    let report = Inspection { container: Some("safetensors".into()), ..report(named(&[("a.weight", &[9, 8]), ("b.weight", &[10, 9])])) };
    assert_eq!(answer(&report).0.classes, None);
}

#[test]
fn weights_that_python_reads_only_by_running_code_are_left_out() {
    let report = Inspection { globals: vec!["my.Net".into()], ..report(resnet([2, 2, 2, 2], false, 3, 10)) };
    let (Answer { snippet, .. }, text) = answer(&report);
    let snippet = snippet.unwrap();
    assert!(!snippet.contains("torch.load") && snippet.contains("resnet18(num_classes=10)"), "{snippet}");
    assert!(text.contains("`architecture` = the exported archive"), "{text}");
}

#[test]
fn a_network_that_flatland_knows_needs_no_export() {
    let known = Inspection { architecture: Some("resnet20".into()), classes: Some(10), error: None, ..report(Vec::new()) };
    let (answer, text) = answer(&known);
    let expected = Answer { library: Some("flatland"), model: Some("resnet20".into()), classes: Some(10), snippet: None };
    assert_eq!(answer, expected);
    assert!(text.contains("reads this file as it is (resnet20)"), "{text}");
}

#[test]
fn the_text_is_python_whatever_a_file_is_called() {
    let report = Inspection { file: "a\nb\".pth".into(), ..report(timm_vit(10)) };
    let (_, text) = answer(&report);
    assert!(text.starts_with("# a b\".pth\n#   inferred"), "{text}");
    assert!(text.contains(r#"torch.load("a\nb\".pth""#) && text.ends_with(r#"torch.export.save(program, "a\nb\".pt2")"#), "{text}");
    assert!(text.lines().filter(|line| line.starts_with("# ")).count() > 4);
}

#[test]
fn hostile_shapes_name_no_model() {
    let mut tensors = timm_vit(10);
    tensors.push(tensor("blocks.0.more", &[i64::MAX, 3]));
    tensors.push(tensor("blocks.0.less", &[-1]));
    assert_eq!(told(tensors).1, None);
    assert!(told(Vec::new()).3.contains("FILL_IN"));
}

#[test]
fn every_rule_is_one_that_can_be_met() {
    for family in rules::FAMILIES {
        assert!(family.stem().ends_with(".weight") && family.marks().all(|mark| !mark.is_empty()), "{family:?}");
        let sizes: std::collections::HashSet<_> = family.models.iter().map(|model| (model.tensors, model.values)).collect();
        assert_eq!(sizes.len(), family.models.len(), "two models of {} have the same sizes", family.name);
    }
}
