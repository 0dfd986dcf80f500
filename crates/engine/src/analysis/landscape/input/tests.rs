#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;

use flatland_core::data::Dataset;
use flatland_core::job::LandscapeJob;
use flatland_core::result::{LossSurface, Npz, Quantity};
use flatland_core::session::{Axes, Normalization, NormalizationPreset, Role};
use tch::{Device, Tensor};

use super::super::super::{AnalysisError, SampleLosses};
use super::super::testing::{LandscapeRecorder, dataset, job, linear, mlp, noise};
use super::run;
use crate::model::{Network, Samples};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/analysis/landscape/input/reference");
/// Of reference.py.
const AXIS: [f64; 5] = [-1.0, -0.5, 0.0, 0.25, 1.0];

/// Images of `dataset` as a job on them reads them.
fn samples(dataset: Dataset, network: &Network) -> Samples {
    Samples::new(Arc::new(dataset), &Normalization::Preset(NormalizationPreset::Imagenet), network).unwrap()
}

/// A job in `out` whose plane is around image 0.
fn around(out: &Path, plane: &str, axis: &[f64]) -> LandscapeJob {
    let mut job = job(out, axis, axis);
    job.plane.axes = toml::from_str::<Axes>(&format!("kind = \"input\"\nimage = 0\n{plane}")).unwrap();
    job
}

fn computed(network: &Network, samples: &Samples, job: &LandscapeJob) -> LossSurface {
    run(network, samples, job, &mut LandscapeRecorder::default()).unwrap();
    LossSurface::load(&job.out).unwrap()
}

fn refused(network: &Network, dataset: Dataset, plane: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let samples = samples(dataset, network);
    run(network, &samples, &around(folder.path(), plane, &[-1.0, 0.0, 1.0]), &mut LandscapeRecorder::default()).unwrap_err().to_string()
}

/// Image `n` of the formula of reference.py.
fn picture(n: u64) -> Vec<u8> {
    (0..3072u64).map(|p| ((p * (7 + n) + (p * p) % 13 * 9 + 40 * n) % 256) as u8).collect()
}

fn pictures(n: u64) -> Dataset {
    dataset("pictures", (0..n).flat_map(picture).collect(), 32, [2, 3, 1][..n as usize].to_vec())
}

/// The ResNet-8 of reference.py.
fn resnet8() -> Network {
    let mut network = Network::random("resnet8", 5, 0, Device::Cpu).unwrap();
    let mut names = network.names.clone();
    names.sort();
    for (t, name) in names.into_iter().enumerate() {
        let shape = network.tensors[&name].size();
        let fan_in = shape[1..].iter().product::<i64>() as f64;
        let value = |k: usize| {
            let wave = (0.37 * (t + 1) as f64 + 1.7 * k as f64).sin();
            let value = match name.rsplit('.').next() {
                Some("running_var") => 1.0 + 0.5 * wave.abs(),
                Some("bias" | "running_mean") => 0.1 * wave,
                _ if shape.len() == 1 => 1.0 + 0.2 * wave,
                _ => wave * (4.0 / fan_in).sqrt(),
            };
            value as f32
        };
        let values: Vec<f32> = (0..network.tensors[&name].numel()).map(value).collect();
        network.tensors.insert(name, Tensor::from_slice(&values).view(shape.as_slice()));
    }
    network
}

#[test]
fn losses_predictions_margins_and_gradients_around_an_image_are_pytorchs() {
    let golden = Npz::load(&Path::new(REFERENCE).join("golden.npz")).unwrap();
    let network = resnet8();
    for (case, images, plane, scale) in [
        ("random", 1, "", 120.0),
        ("clamped", 1, "clamp = true", 300.0),
        ("gradient", 1, "axes = \"gradient\"", 6.0),
        ("sign", 1, "axes = \"sign_gradient\"\nclamp = true", 16.0 / 255.0),
        ("linf", 1, "axes = \"random\"\nnorm = \"linf\"", 4.0),
        ("line", 2, "through = [1]", 1.0),
        ("plane", 3, "through = [1, 2]", 1.0),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut job = around(folder.path(), plane, &AXIS.map(|x| scale * x));
        job.save_directions = true;
        let surface = computed(&network, &samples(pictures(images), &network), &job);
        let expected = |name: &str| golden.f64(&format!("{case}/{name}")).unwrap();
        let close = |name: &str, found: &[f64], within: f64| {
            for (k, (found, expected)) in found.iter().zip(expected(name)).enumerate() {
                assert!((found - expected).abs() <= within * expected.abs().max(1.0), "{case} {name} {k}: {found} {expected}");
            }
        };
        close("loss", &surface.loss, 2e-5);
        close("margin", &surface.maps[&Quantity::Margin].value, 2e-5);
        close("confidence", &surface.maps[&Quantity::Confidence].value, 1e-5);
        assert_eq!(surface.maps[&Quantity::Prediction].value, expected("prediction"), "{case}");
        let hits: Vec<f64> = expected("prediction").iter().map(|&class| f64::from(u8::from(class == 2.0))).collect();
        assert_eq!(surface.accuracy, hits, "{case}");
        if golden.get(&format!("{case}/delta")).is_some() {
            let saved = Npz::load(&folder.path().join("directions.npz")).unwrap();
            let (found, expected) = (saved.f64("delta").unwrap(), expected("delta"));
            let off = found.iter().zip(&expected).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            let length = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
            // A sign may turn where the gradient is a rounding error.
            assert!(off <= if case == "sign" { 0.03 } else { 1e-4 } * length, "{case}: the direction is off by {off} of {length}");
            let norm = surface.manifest.input.unwrap().gradient_norm.unwrap();
            assert!((norm / golden.f64("gradient_norm").unwrap()[0] - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn the_cell_at_the_centre_is_the_networks_own_evaluation_of_the_image_bit_for_bit() {
    let network = resnet8();
    let data = samples(pictures(1), &network);
    let own = SampleLosses::of(&network.forward(&data.x).unwrap().logits, &Tensor::from_slice(&[2i64])).unwrap();
    for plane in ["", "clamp = true", "axes = \"gradient\"", "axes = \"sign_gradient\""] {
        let folder = tempfile::tempdir().unwrap();
        let surface = computed(&network, &data, &around(folder.path(), plane, &[-1.0, 0.0, 1.0]));
        assert_eq!((surface.loss[4], surface.manifest.center_loss), (own.loss[0], own.loss[0]), "{plane}");
        assert_eq!(surface.maps[&Quantity::Energy].value[4], own.energy[0], "{plane}");
        assert_ne!(surface.loss[3], surface.loss[4]);
        assert!(surface.loss_std_error.iter().all(|error| error.is_nan()) && surface.count == [1; 9], "one image");
    }
}

#[test]
fn what_is_on_disk_does_not_depend_on_interruptions_and_a_finer_grid_keeps_what_it_shares() {
    let network = resnet8();
    let data = samples(pictures(1), &network);
    let axis: Vec<f64> = (0..33).map(|k| 0.25 * f64::from(k) - 4.0).collect();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| around(&folder.path().join(name), "", &axis);
    computed(&network, &data, &at("whole"));
    let mut recorder = LandscapeRecorder { limit: Some(1), ..LandscapeRecorder::default() };
    assert!(matches!(run(&network, &data, &at("stopped"), &mut recorder), Err(AnalysisError::Cancelled)));
    let part = LossSurface::load(&folder.path().join("stopped")).unwrap().computed();
    assert!(part > 0 && part < 33 * 33, "{part} cells were computed before the stop");
    computed(&network, &data, &at("stopped"));
    for file in ["landscape.npz", "landscape.json", "sample_losses.npy"] {
        let bytes = |name: &str| std::fs::read(folder.path().join(name).join(file)).unwrap();
        assert!(bytes("whole") == bytes("stopped"), "{file}");
    }
    // Every other node was computed already.
    let coarse: Vec<f64> = axis.iter().step_by(2).copied().collect();
    let mut recorder = LandscapeRecorder::default();
    run(&network, &data, &LandscapeJob { alpha: coarse.clone(), beta: coarse, ..at("whole") }, &mut recorder).unwrap();
    assert_eq!(recorder.cells.len(), 17 * 17);
    let surface = LossSurface::load(&folder.path().join("whole")).unwrap();
    let whole = LossSurface::load(&folder.path().join("stopped")).unwrap();
    assert_eq!(surface.loss[17 * 3 + 5], whole.loss[33 * 6 + 10]);
}

#[test]
fn checkpoints_share_random_directions_and_have_gradients_of_their_own() {
    let hash = |seed: u64, plane: &str| {
        let (folder, network) = (tempfile::tempdir().unwrap(), mlp(seed));
        computed(&network, &samples(noise(1, 2), &network), &around(folder.path(), plane, &[0.0, 1.0])).manifest.directions_hash
    };
    assert_eq!(hash(1, ""), hash(2, ""));
    assert_ne!(hash(1, "axes = \"gradient\""), hash(2, "axes = \"gradient\""));
}

#[test]
fn directions_have_their_length_in_the_norm_that_was_asked_for_and_a_right_angle() {
    let network = resnet8();
    for (plane, l2, linf) in [
        ("", [Some(1.0); 2], [None; 2]),
        ("norm = \"linf\"", [None; 2], [Some(1.0); 2]),
        ("axes = \"gradient\"", [Some(1.0); 2], [None; 2]),
        ("axes = \"sign_gradient\"", [Some(3072f64.sqrt()); 2], [Some(1.0); 2]),
        ("axes = \"sign_gradient\"\nnorm = \"l2\"", [Some(1.0); 2], [None; 2]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let surface = computed(&network, &samples(pictures(1), &network), &around(folder.path(), plane, &[0.0]));
        let input = surface.manifest.input.unwrap();
        for (found, expected) in input.l2.iter().zip(l2).chain(input.linf.iter().zip(linf)) {
            assert!(expected.is_none_or(|expected: f64| (found / expected - 1.0).abs() < 1e-6), "{plane}: {input:?}");
        }
        // Signs are random, not orthogonal: 1/√n is what chance gives.
        let within = if plane.contains("sign") { 4.0 / 3072f64.sqrt() } else { 1e-6 };
        assert!(surface.manifest.cosine.abs() < within, "{plane}: {}", surface.manifest.cosine);
    }
}

/// z = W x̂ + b: ∇ₓL = Wᵀ(p − e_y)/std.
#[test]
fn the_gradient_of_softmax_regression_is_what_arithmetic_says() {
    let (folder, network) = (tempfile::tempdir().unwrap(), linear(3));
    let data = samples(noise(1, 2), &network);
    let mut job = around(folder.path(), "axes = \"gradient\"\ntarget = { class = 2 }", &[0.0]);
    job.save_directions = true;
    let surface = computed(&network, &data, &job);
    let logits = network.forward(&data.x).unwrap().logits.to_kind(tch::Kind::Double);
    let p = Vec::<f64>::try_from(logits.softmax(1, tch::Kind::Double).view([-1])).unwrap();
    let weight = Vec::<f64>::try_from(network.tensors["fc.weight"].to_kind(tch::Kind::Double).view([-1])).unwrap();
    let std = [0.229, 0.224, 0.225];
    let gradient = |k: usize| (0..3).map(|c| weight[12 * c + k] * (p[c] - f64::from(u8::from(c == 2)))).sum::<f64>() / std[k / 4];
    let expected: Vec<f64> = (0..12).map(gradient).collect();
    let norm = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
    let found = Npz::load(&folder.path().join("directions.npz")).unwrap().f64("delta").unwrap();
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected / norm).abs() < 1e-5, "{found} {}", expected / norm);
    }
    let input = surface.manifest.input.unwrap();
    assert_eq!((input.target, input.target_from.as_str()), (2, "class"));
    assert!((input.gradient_norm.unwrap() / norm - 1.0).abs() < 1e-5);
}

/// Logits so far apart that the loss is 0 to the last bit.
#[test]
fn a_gradient_of_zero_is_an_error_that_says_so() {
    let mut network = linear(3);
    let bias = Tensor::from_slice(&[5000.0f32, 0.0, 0.0]);
    network.tensors.insert("fc.bias".into(), bias);
    for axes in ["gradient", "sign_gradient"] {
        let error = refused(&network, noise(1, 2), &format!("axes = \"{axes}\""));
        assert!(
            error.contains("found one that is 0 in every pixel (the loss there is 0)") && error.contains("axes = \"random\""),
            "{error}"
        );
    }
    let infinite = Tensor::from_slice(&[f32::INFINITY, 0.0, 0.0]);
    network.tensors.insert("fc.bias".into(), infinite);
    let error = refused(&network, noise(1, 2), "axes = \"gradient\"");
    assert!(error.contains("found one that is not finite"), "{error}");
}

#[test]
fn cells_whose_logits_are_not_finite_have_no_class_no_margin_and_no_accuracy() {
    let mut network = mlp(1);
    // Overflows in f32 once the image moves far enough: ∞ − ∞.
    for name in ["fc1.weight", "fc2.weight"] {
        let large = &network.tensors[name] * 1e19;
        network.tensors.insert(name.into(), large);
    }
    let folder = tempfile::tempdir().unwrap();
    let surface = computed(&network, &samples(noise(1, 2), &network), &around(folder.path(), "target = { class = 1 }", &[0.0, 1e6]));
    let broken: Vec<usize> = (0..4).filter(|&k| !surface.loss[k].is_finite()).collect();
    assert!(!broken.is_empty() && broken.iter().all(|&k| surface.count[k] == 1), "{:?}", surface.loss);
    for k in broken {
        for quantity in Quantity::INPUT {
            assert!(surface.maps[&quantity].value[k].is_nan(), "{quantity:?}");
        }
        assert!(surface.accuracy[k].is_nan());
    }
}

#[test]
fn the_class_that_counts_is_the_label_the_prediction_or_the_one_that_was_said() {
    let network = mlp(1);
    let unlabelled = || Dataset { labels: vec![-1], ..noise(1, 2) };
    let error = refused(&network, unlabelled(), "");
    assert!(
        error.contains("expected a label of image 0 of `noise` among the network's classes, found none")
            && error.contains("target = \"prediction\""),
        "{error}"
    );
    let error = refused(&network, Dataset { labels: vec![7], ..noise(1, 2) }, "");
    assert!(error.contains("from 0 to 2") && error.contains("found 7"), "{error}");
    let error = refused(&network, noise(1, 2), "target = { class = 3 }");
    assert!(error.contains("from 0 to 2") && error.contains("found 3"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let surface = computed(&network, &samples(unlabelled(), &network), &around(folder.path(), "target = \"prediction\"", &[0.0]));
    let input = surface.manifest.input.unwrap();
    assert_eq!((input.label, Some(input.target), surface.accuracy[0]), (None, input.prediction, 1.0));
    assert!(surface.maps[&Quantity::Margin].value[0] > 0.0);
}

#[test]
fn names_and_labels_of_other_classes_are_not_taken_for_the_networks() {
    let network = mlp(1);
    let named = || Dataset { classes: ["brick", "moss", "sand"].map(String::from).into(), ..noise(1, 2) };
    let of = |role| {
        let folder = tempfile::tempdir().unwrap();
        let mut job = around(folder.path(), "target = \"prediction\"", &[0.0]);
        job.dataset.role = role;
        computed(&network, &samples(named(), &network), &job).manifest.input.unwrap()
    };
    let (own, other) = (of(Role::Id), of(Role::Far));
    assert_eq!((own.label, own.class(1)), (Some(0), "moss".into()));
    assert_eq!((other.label, other.class(1)), (None, "class 1".into()), "as many classes, but others");
    let folder = tempfile::tempdir().unwrap();
    let mut job = around(folder.path(), "", &[0.0]);
    job.dataset.role = Role::Far;
    let error = run(&network, &samples(named(), &network), &job, &mut LandscapeRecorder::default()).unwrap_err().to_string();
    assert!(error.contains("among the network's classes, found none"), "{error}");
}

#[test]
fn a_path_to_another_image_ends_at_its_own_loss_and_images_that_span_nothing_are_refused() {
    let network = mlp(1);
    let data = || Dataset { labels: vec![0, 0, 0], ..noise(3, 2) };
    let folder = tempfile::tempdir().unwrap();
    let mut job = around(folder.path(), "through = [1, 2]", &[0.0, 1.0]);
    let surface = computed(&network, &samples(data(), &network), &job);
    let own = SampleLosses::of(&network.forward(&samples(data(), &network).x).unwrap().logits, &Tensor::from_slice(&[0i64; 3])).unwrap();
    for (k, image) in [(0, 0), (2, 1), (1, 2)] {
        assert!((surface.loss[k] - own.loss[image]).abs() < 1e-5 * own.loss[image].max(1.0), "image {image}");
    }
    let points = surface.manifest.plane.unwrap().points;
    assert_eq!(
        points.iter().map(|p| (p.name.as_str(), p.alpha, p.beta)).collect::<Vec<_>>(),
        [("image 1 (class 0)", 1.0, 0.0), ("image 2 (class 0)", 0.0, 1.0)]
    );
    assert!((points[1].loss.unwrap() - own.loss[2]).abs() < 1e-5 * own.loss[2].max(1.0));
    // The second direction of a path is as long as the path.
    (job.plane.axes, job.out) = (around(folder.path(), "through = [1]", &[]).plane.axes, folder.path().join("path"));
    let line = computed(&network, &samples(dataset("two", noise(2, 2).images, 2, vec![0, 0]), &network), &job).manifest;
    let l2 = line.input.unwrap().l2;
    assert!((l2[1] / l2[0] - 1.0).abs() < 1e-6 && line.cosine.abs() < 1e-6);

    let images = |pixels: [u8; 3]| dataset("flat", pixels.iter().flat_map(|&value| [value; 12]).collect(), 2, vec![0, 0, 0]);
    let error = refused(&network, images([10, 10, 90]), "through = [1, 2]");
    assert!(error.contains("found the same in images 0 and 1 of `flat`"), "{error}");
    for pixels in [[10, 90, 50], [10, 90, 90], [10, 90, 10], [200, 90, 3]] {
        let error = refused(&network, images(pixels), "through = [1, 2]");
        assert!(error.contains("images 0, 1 and 2 of `flat` on one line: through = [1]"), "{pixels:?}: {error}");
    }
}

#[test]
fn pixels_are_cut_off_only_where_that_was_asked_for() {
    let network = linear(3);
    let white = || dataset("white", vec![255; 12], 2, vec![0]);
    let surface = |plane: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut job = around(folder.path(), plane, &[0.0, 50.0, 500.0]);
        job.beta = vec![0.0];
        computed(&network, &samples(white(), &network), &job)
    };
    let (free, cut) = (surface(""), surface("clamp = true"));
    let margin = |surface: &LossSurface, k: usize| surface.maps[&Quantity::Margin].value[k];
    assert!((margin(&free, 1) - margin(&free, 2)).abs() > 1.0, "{:?}", free.maps);
    // Every pixel that moves is at 0 or stays at 1.
    assert_eq!(margin(&cut, 1), margin(&cut, 2));
    assert!((margin(&cut, 0) - margin(&cut, 1)).abs() > 1e-3);
    assert!(cut.manifest.input.unwrap().clamp && !free.manifest.input.unwrap().clamp);
}

#[test]
fn grey_networks_move_in_grey() {
    let network = Network::random("oe_mnist", 10, 1, Device::Cpu).unwrap();
    let side = network.graph.input[1] as usize;
    let folder = tempfile::tempdir().unwrap();
    let images = dataset("grey", vec![40; side * side * 3], side, vec![4]);
    let normalization = Normalization::Preset(NormalizationPreset::None);
    let data = Samples::new(Arc::new(images), &normalization, &network).unwrap();
    let mut job = around(folder.path(), "axes = \"gradient\"", &[-1.0, 0.0, 1.0]);
    job.checkpoint.normalization = normalization;
    let surface = computed(&network, &data, &job);
    assert_eq!(surface.manifest.input.unwrap().shape, [1, side, side]);
    assert!(surface.loss[7] > surface.loss[1], "the loss rises along its gradient: {:?}", surface.loss);
}

#[test]
fn a_precision_that_would_move_decisions_is_not_taken_and_that_is_told() {
    let network = mlp(1);
    let folder = tempfile::tempdir().unwrap();
    let mut job = around(folder.path(), "", &[0.0]);
    for precision in [flatland_core::job::Precision::Bf16, flatland_core::job::Precision::Tf32] {
        job.precision = precision;
        let mut recorder = LandscapeRecorder::default();
        run(&network, &samples(noise(1, 2), &network), &job, &mut recorder).unwrap();
        assert!(recorder.warnings[0].contains(&format!("computed in f32 instead of {}", precision.key())), "{:?}", recorder.warnings);
        assert_eq!(LossSurface::load(folder.path()).unwrap().manifest.precision, "f32");
    }
}
