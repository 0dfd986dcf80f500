//! Exported programs against what PyTorch computed of them, and what is refused.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flatland_core::result::{Npz, NpzValues, ProgramValue};
use flatland_core::session::NetworkChoice;
use tch::{Device, Kind, Tensor};

use crate::model::checkpoint::{self, Contents};
use crate::model::inspect::inspect;
use crate::model::{BatchNormMode, Folded, Network, Tensors, shallow};

/// ‖H v‖ of the direction of a weight norm: central differences of PyTorch's gradients in float64, steps 1e-6 and 1e-7. PyTorch's own second
/// derivative of its fused weight norm is 16.69613, which is wrong.
const WEIGHT_NORM_DIRECTION: f64 = 14.84400;
/// Largest difference from PyTorch, relative to the largest number.
const TOLERANCE: f64 = 1e-5;

fn archives() -> Vec<PathBuf> {
    let Some(shared) = flatland_core::testing::shared_dir() else { return Vec::new() };
    let files = std::fs::read_dir(shared.join("data/exported")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "pt2" || extension == "onnx")).collect();
    files.sort();
    files
}

/// What PyTorch computed of the network; ONNX files are of networks that come as archives too.
fn reference(path: &Path) -> PathBuf {
    match path.extension() {
        Some(extension) if extension == "onnx" => path.with_file_name(format!("{}.npz", name(path).split('.').next().unwrap())),
        _ => path.with_extension("npz"),
    }
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// Those that must be refused: they say so by their names, were exported for a fixed number of images, or hold other weights than the network.
fn is_refused(name: &str) -> bool {
    name.starts_with("refuse.") || [".static", ".folded_", ".legacy", ".dynamo"].iter().any(|part| name.contains(part))
}

fn load(path: &Path) -> Network {
    let output = (name(path) == "two_outputs").then(|| "linear".to_owned());
    let choice = NetworkChoice { output, ..NetworkChoice::default() };
    Network::load(path, &choice, Device::Cpu).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn tensor(npz: &Npz, key: &str) -> Option<Tensor> {
    let array = npz.get(key)?;
    let shape: Vec<i64> = array.shape.iter().map(|&side| side as i64).collect();
    let flat = match &array.values {
        NpzValues::F32(values) => Tensor::from_slice(values),
        NpzValues::F64(values) => Tensor::from_slice(values),
        NpzValues::I64(values) => Tensor::from_slice(values),
        NpzValues::U8(_) | NpzValues::Text(_) => return None,
    };
    Some(flat.view(shape.as_slice()))
}

/// The largest difference, relative to the largest expected number.
fn difference(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.size(), expected.size());
    let (found, expected) = (found.detach().to_kind(Kind::Double), expected.to_kind(Kind::Double));
    (&found - &expected).abs().max().double_value(&[]) / expected.abs().max().double_value(&[]).max(1e-6)
}

fn assert_close(found: &Tensor, expected: &Tensor, what: &str) {
    let difference = difference(found, expected);
    assert!(difference <= TOLERANCE, "{what}: {difference}");
}

fn loss(network: &Network, tensors: &Tensors, x: &Tensor, y: &Tensor) -> Tensor {
    let logits = network.graph.twice_differentiable().forward(tensors, x, BatchNormMode::Frozen).unwrap().logits;
    logits.cross_entropy_for_logits(y)
}

/// A program in bfloat16 is computed in float32, as every network is; in its own type the graph gives the very numbers of PyTorch.
fn assert_in_bf16(network: &Network, x: &Tensor, expected: &Tensor) {
    let half: Tensors = network.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.to_kind(Kind::BFloat16))).collect();
    let logits = network.graph.forward(&half, &x.to_kind(Kind::BFloat16), BatchNormMode::Frozen).unwrap().logits;
    assert_eq!(logits.to_kind(Kind::Float), *expected);
    assert!(difference(&network.forward(x).unwrap().logits, expected) < 1e-2);
}

#[test]
fn logits_gradients_and_hessian_products_are_those_of_pytorch() {
    for path in archives().into_iter().filter(|path| !is_refused(&name(path)) && reference(path).exists()) {
        let name = name(&path);
        let (network, npz) = (load(&path), Npz::load(&reference(&path)).unwrap());
        let x = tensor(&npz, "x").unwrap();
        if name.contains(".bf16") {
            assert_in_bf16(&network, &x, &tensor(&npz, "logits").unwrap());
            continue;
        }
        assert_close(&network.forward(&x).unwrap().logits, &tensor(&npz, "logits").unwrap(), &format!("{name}: logits"));
        let folded = Folded::new(&network.graph);
        let tensors = tch::no_grad(|| folded.tensors(&network.tensors).unwrap());
        let logits = tch::no_grad(|| folded.graph.forward(&tensors, &x, BatchNormMode::Frozen).unwrap().logits);
        assert_close(&logits, &tensor(&npz, "logits").unwrap(), &format!("{name}: folded logits"));
        let Some(y) = tensor(&npz, "y") else { continue };
        let (names, mut leaves) = (network.parameter_names(), shallow(&network.tensors));
        let parameters: Vec<Tensor> = names.iter().map(|name| leaves[name].detach().set_requires_grad(true)).collect();
        leaves.extend(names.iter().cloned().zip(parameters.iter().map(Tensor::shallow_clone)));
        let total = loss(&network, &leaves, &x, &y);
        let gradients = Tensor::run_backward(&[total], &parameters, true, true);
        let expected: Vec<Tensor> = names.iter().map(|name| tensor(&npz, &format!("grad/{name}")).unwrap()).collect();
        let largest = expected.iter().map(|gradient| gradient.abs().max().double_value(&[])).fold(0.0, f64::max);
        for ((name_of, gradient), expected) in names.iter().zip(&gradients).zip(&expected) {
            let difference = (gradient - expected).abs().max().double_value(&[]);
            assert!(difference <= TOLERANCE * largest, "{name}: gradient of {name_of}: {difference} of {largest}");
        }
        let Some(norms) = npz.f64("hvp_sin_norms") else { continue };
        let wave = |like: &Tensor| Tensor::arange(like.numel() as i64, (Kind::Float, Device::Cpu)).sin().view(like.size().as_slice());
        let along: Tensor = gradients.iter().map(|gradient| (gradient * wave(gradient)).sum(Kind::Float)).sum();
        let second = Tensor::run_backward(&[along], &parameters, false, false);
        let Some(NpzValues::Text(order)) = npz.get("parameters").map(|array| &array.values) else { panic!("no names") };
        let largest = norms.iter().copied().fold(0.0, f64::max);
        for (expected, name_of) in norms.iter().zip(order) {
            let Some(position) = names.iter().position(|name| name == name_of) else { continue };
            let found = second[position].to_kind(Kind::Double).norm().double_value(&[]);
            let is_weight_norm = name == "cosine" && name_of == "c.parametrizations.weight.original1";
            let expected = if is_weight_norm { WEIGHT_NORM_DIRECTION } else { *expected };
            assert!((found - expected).abs() <= TOLERANCE * largest, "{name}: H v of {name_of}: {found} {expected}");
        }
    }
}

#[test]
fn statistics_of_a_batch_and_running_ones_move_as_in_pytorch() {
    for path in archives().into_iter().filter(|path| !is_refused(&name(path)) && reference(path).exists()) {
        let (network, npz) = (load(&path), Npz::load(&reference(&path)).unwrap());
        let Some(expected) = tensor(&npz, "train_logits").filter(|_| !name(&path).contains(".bf16")) else { continue };
        let tensors: Tensors = network.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.copy())).collect();
        let x = tensor(&npz, "x").unwrap();
        let mode = BatchNormMode::Batch { update: true };
        let logits = tch::no_grad(|| network.graph.forward(&tensors, &x, mode).unwrap().logits);
        assert_close(&logits, &expected, &format!("{}: logits in training", name(&path)));
        let after: Vec<&str> = npz.arrays.iter().filter_map(|array| array.name.strip_prefix("after_train/")).collect();
        for buffer in after.into_iter().filter(|buffer| !buffer.ends_with("num_batches_tracked")) {
            let expected = tensor(&npz, &format!("after_train/{buffer}")).unwrap();
            assert_close(&tensors[buffer], &expected, &format!("{}: {buffer}", name(&path)));
        }
    }
}

#[test]
fn what_cannot_be_computed_is_refused_at_once_with_its_reason() {
    let reasons = [
        ("refuse.aoti", "AOTInductor"),
        ("refuse.custom_op", "the operation `mylib.conv.default` is not supported (at nets.py:111"),
        ("refuse.higher_order_cond", "higher_order.cond"),
        // Its operations are read, but it divides by a mean over the batch.
        ("refuse.higher_order_nograd_autocast", "depend on the images beside it"),
        ("refuse.major9", "schema version"),
        ("refuse.negative_stride", "stride"),
        ("refuse.path_escape", "path"),
        ("refuse.use_pickle", "pickle"),
        ("cnn32.static2", "exported for exactly 2 images"),
        ("tinyvit.static1", "exported for exactly 1 image:"),
        ("cnn32.folded_dynamo", "merged BatchNorm into the weights of a `Conv` (`FuseBatchNormIntoConv"),
        ("cnn32.folded_legacy", "computed the tensor `onnx::Conv_38` of the shape [16, 3, 3, 3]"),
        ("tinyvit.dynamo", "parameters of the network are not in it (`blocks.0.f1.weight`)"),
        ("tinyvit.legacy", "computed the tensor `onnx::MatMul_213`"),
    ];
    for path in archives().into_iter().filter(|path| is_refused(&name(path))) {
        let start = Instant::now();
        let error = Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap_err().to_string();
        println!("{}: {error}", name(&path));
        assert!(start.elapsed() < Duration::from_secs(2), "{}: {:?}", name(&path), start.elapsed());
        let (_, reason) = reasons.iter().find(|(known, _)| *known == name(&path)).unwrap();
        assert!(error.contains(reason), "{}: {error}", name(&path));
    }
}

#[test]
fn several_outputs_need_a_choice_that_names_one() {
    for path in archives().into_iter().filter(|path| name(path) == "two_outputs") {
        let error = Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap_err().to_string();
        assert!(error.contains("2 outputs") && error.contains("set output ="), "{error}");
    }
}

fn names(values: &[ProgramValue], is_meant: impl Fn(&ProgramValue) -> bool) -> Vec<&str> {
    values.iter().filter(|value| is_meant(value)).map(|value| value.name.as_str()).collect()
}

#[test]
fn a_report_lists_the_outputs_and_the_values_that_can_be_features_and_marks_what_is_used() {
    for path in archives().into_iter().filter(|path| name(path) == "two_outputs") {
        let refused = inspect(&path, &NetworkChoice::default());
        let program = refused.program.unwrap();
        assert!(refused.error.is_some() && program.outputs.len() == 2, "{:?}", program.outputs);
        assert!(program.outputs.iter().chain(&program.features).all(|value| !value.used && !value.default), "{program:?}");

        let choice = NetworkChoice { output: Some("linear".into()), ..NetworkChoice::default() };
        let program = inspect(&path, &choice).program.unwrap();
        assert_eq!(names(&program.outputs, |value| value.used), ["linear"]);
        let default = names(&program.features, |value| value.used);
        assert_eq!((default.len(), &default), (1, &names(&program.features, |value| value.default)), "{program:?}");
        assert!(names(&program.features, |_| true).iter().all(|name| *name != "linear"), "{program:?}");

        // Every candidate can be chosen, and is the one that is used then.
        for value in &program.features {
            let chosen = NetworkChoice { features: Some(value.name.clone()), ..choice.clone() };
            let report = inspect(&path, &chosen);
            assert_eq!(names(&report.program.unwrap().features, |value| value.used), [value.name.as_str()], "{:?}", report.error);
            let network = Network::load(&path, &chosen, Device::Cpu).unwrap();
            let two = [&[2], network.graph.input.as_slice()].concat();
            let features = network.forward(&Tensor::zeros(two, (Kind::Float, Device::Cpu))).unwrap().features;
            assert_eq!(features.size(), [2, value.width.unwrap()]);
        }
        let wrong = inspect(&path, &NetworkChoice { features: Some("nothing".into()), ..choice });
        let error = wrong.error.unwrap();
        assert!(error.contains("found `nothing`; candidates are ") && wrong.program.is_some(), "{error}");
    }
}

#[test]
fn a_program_is_the_network_of_other_weights_with_its_names() {
    let Some(path) = archives().into_iter().find(|path| name(path) == "cnn32") else { return };
    let (network, folder) = (load(&path), tempfile::tempdir().unwrap());
    let file = |name: &str| folder.path().join(name);
    let x = Tensor::rand([4, 3, 32, 32], (Kind::Float, Device::Cpu));
    let before = network.forward(&x).unwrap();
    let mut tensors = shallow(&network.tensors);
    tensors.insert("fc.bias".into(), &network.tensors["fc.bias"] + 1.0);
    let other = network.with_tensors(tensors);
    other.save(&file("other.safetensors")).unwrap();
    let choice = NetworkChoice::named(path.display().to_string());
    let loaded = Network::load(&file("other.safetensors"), &choice, Device::Cpu).unwrap();
    assert_eq!((loaded.architecture.as_str(), &loaded.graph), ("cnn32.pt2", &network.graph), "read twice, it is the same network");
    assert!(loaded.forward(&x).unwrap().logits.allclose(&(before.logits + 1.0), 0.0, 1e-5, false));
    let head = loaded.with_head(crate::model::Head::Mcd, 3).unwrap();
    assert_eq!(head.forward(&x).unwrap().features, before.features);
    head.save(&file("head.safetensors")).unwrap();
    let choice = NetworkChoice::named(format!("{}+mcd", path.display()));
    let again = Network::load(&file("head.safetensors"), &choice, Device::Cpu).unwrap();
    assert_eq!(again.forward(&x).unwrap().auxiliary.unwrap(), head.forward(&x).unwrap().auxiliary.unwrap());
    let wrong = Network::random("resnet8", 10, 1, Device::Cpu).unwrap();
    wrong.save(&file("wrong.safetensors")).unwrap();
    let choice = NetworkChoice::named(path.display().to_string());
    let error = Network::load(&file("wrong.safetensors"), &choice, Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("not those of cnn32.pt2") && error.contains("wrong.safetensors"), "{error}");
}

#[test]
fn saved_weights_have_all_names_of_the_state_dict_of_the_program() {
    let state_dict = |path: &Path| checkpoint::read(path).unwrap().contents.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved.safetensors");
    let (mut tied, mut unread) = (0, 0);
    for path in archives().into_iter().filter(|path| !is_refused(&name(path))) {
        let network = load(&path);
        let changed = network.tensors.iter().map(|(name, tensor)| (name.clone(), tensor + 1.0)).collect();
        network.with_tensors(changed).save(&saved).unwrap();
        let (before, after) = (state_dict(&path), state_dict(&saved));
        let names = |contents: &Contents| {
            let mut names: Vec<String> = contents.state_dicts[0].entries.iter().map(|entry| entry.name.clone()).collect();
            names.sort();
            names
        };
        assert_eq!(names(&before), names(&after), "{}", name(&path));
        let tensor = |contents: &Contents, name: &str| {
            let entry = contents.state_dicts[0].entries.iter().find(|entry| entry.name == name).unwrap().clone();
            contents.gather(&[entry]).unwrap().remove(0)
        };
        let program = network.program.as_ref().unwrap();
        for (second, first) in &program.tied {
            assert_eq!(tensor(&after, second).data, tensor(&after, first).data, "{}: {second}", name(&path));
            tied += 1;
        }
        for one in program.unread.iter().filter(|one| !program.tied.iter().any(|(second, _)| second == *one)) {
            assert_eq!(tensor(&after, one), tensor(&before, one), "{}: {one}", name(&path));
            unread += 1;
        }
        let choice = NetworkChoice {
            output: (name(&path) == "two_outputs").then(|| "linear".to_owned()),
            ..NetworkChoice::named(path.display().to_string())
        };
        let again = Network::load(&saved, &choice, Device::Cpu).unwrap();
        assert!(again.names.iter().all(|name| again.tensors[name] == &network.tensors[name] + 1.0), "{}", name(&path));
    }
    println!("{tied} tied and {unread} unread tensors");
    assert!(archives().is_empty() || (tied > 0 && unread > 0), "{tied} tied and {unread} unread tensors");
}

#[test]
fn batch_norms_of_a_program_are_folded_as_those_of_a_built_in_network() {
    for path in archives().into_iter().filter(|path| {
        ["cnn32", "cnn32.core", "cnn32.preserved_legacy", "cnn32.unoptimized_dynamo", "tv_densenet"].contains(&name(path).as_str())
    }) {
        let network = load(&path);
        let folds = Folded::new(&network.graph).folds();
        println!("{}: {folds} of {} nodes", name(&path), network.graph.nodes.len());
        assert!(folds >= 3, "{}: {folds}", name(&path));
    }
}

/// Networks of float arrays [N, 7] and [N, 4, 20] (`float_arrays/make.py`).
#[test]
fn networks_of_float_arrays_compute_what_pytorch_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/model/exported/float_arrays");
    let expected: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    for (name, shape) in [("mlp", &[7i64][..]), ("signal", &[4, 20])] {
        let mut network = load(&folder.join(format!("{name}.pt2")));
        assert_eq!((network.graph.input.as_slice(), network.graph.image()), (shape, None));
        let of = &expected[name];
        let tensor = |key: &str| Tensor::from_slice(&serde_json::from_value::<Vec<f32>>(of[key].clone()).unwrap());
        let x = tensor("x").view([&[-1], shape].concat().as_slice());
        let labels = Tensor::from_slice(&serde_json::from_value::<Vec<i64>>(of["y"].clone()).unwrap());
        let parameters: Vec<String> = of["gradient_norms"].as_object().unwrap().keys().cloned().collect();
        for key in &parameters {
            let tensor = network.tensors.remove(key).unwrap().set_requires_grad(true);
            network.tensors.insert(key.clone(), tensor);
        }
        let logits = network.graph.forward(&network.tensors, &x, BatchNormMode::Frozen).unwrap().logits;
        assert!(difference(&logits.flatten(0, -1), &tensor("logits")) < TOLERANCE, "{name}");
        logits.cross_entropy_for_logits(&labels).backward();
        for key in &parameters {
            let norm = network.tensors[key].grad().norm().double_value(&[]);
            let expected = of["gradient_norms"][key].as_f64().unwrap();
            assert!((norm - expected).abs() <= 1e-5 * expected.max(1e-3), "{name} {key}: {norm} {expected}");
        }
    }
}
