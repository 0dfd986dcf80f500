//! The scores against `reference.py` beside this file, against published values, and their properties.

use std::path::Path;
use std::process::Command;

use flatland_core::metric::auroc;
use flatland_core::result::{Npz, NpzValues};
use flatland_core::session::{SCORES, score_info};
use flatland_core::testing::{Need, require};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tch::{Device, Kind, Tensor};

use super::registry::{REGISTRY, find};
use super::*;
use crate::analysis::embedding::Features;
use crate::analysis::test_support::{Recorder, checkpoint, linear_network, shared, small_network};

/// Features with their logits under one head, without a network.
struct Layer {
    head: AffineHead,
    weight: Vec<f32>,
    bias: Vec<f32>,
    dim: usize,
}

impl Layer {
    fn new(weight: Vec<f32>, bias: Vec<f32>) -> Self {
        let classes = bias.len() as i64;
        let f64s = |values: &[f32]| Tensor::from_slice(values).to_kind(Kind::Double);
        let head = AffineHead { weight: f64s(&weight).view([classes, -1]), bias: f64s(&bias) };
        Self { dim: weight.len() / bias.len(), head, weight, bias }
    }

    fn features(&self, features: &[f32]) -> Features {
        let row = |h: &[f32]| -> Vec<f32> {
            let product = |w: &[f32]| w.iter().zip(h).map(|(w, h)| w * h).sum::<f32>();
            self.weight.chunks(self.dim).zip(&self.bias).map(|(w, b)| product(w) + b).collect()
        };
        let logits: Vec<f32> = features.chunks(self.dim).flat_map(row).collect();
        self.with_logits(features, &logits)
    }

    fn with_logits(&self, features: &[f32], logits: &[f32]) -> Features {
        let classes = self.bias.len();
        let largest = |z: &[f32]| (0..classes).max_by(|&a, &b| z[a].total_cmp(&z[b])).unwrap() as i64;
        let prediction = logits.chunks(classes).map(largest).collect();
        Features { features: features.into(), dim: self.dim, logits: logits.into(), classes, prediction, ..Features::default() }
    }

    /// A score of `features`, fitted on `training`, with hyperparameters that differ from the defaults.
    fn score(
        &self,
        key: &str,
        changed: &serde_json::Value,
        training: Option<&Training>,
        features: &Features,
    ) -> Result<Vec<f64>, AnalysisError> {
        let info = score_info(key).unwrap();
        let changed = serde_json::from_value(changed.clone()).unwrap();
        let parameters = info.resolve(&changed).unwrap();
        let setup = Setup { info, parameters, temperature: 1.0, training, head: Some(&self.head) };
        let network = linear_network();
        let x = Tensor::zeros([1, 3, 2, 2], (Kind::Float, Device::Cpu));
        let subject = Subject { network: &network, normalization: Some(&checkpoint().normalization), x: &x, features };
        (find(info)?.build)(&setup)?.of(&subject, &mut Recorder::default())
    }
}

/// A head of 4 classes on 12 features, and 300 training images of these classes with features ≥ 0.
fn example() -> (Layer, Training, Vec<f32>) {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut draw = |n: usize, low: f32, high: f32| (0..n).map(|_| low + (high - low) * rng.random::<f32>()).collect::<Vec<f32>>();
    let layer = Layer::new(draw(48, -1.0, 1.0), draw(4, -0.5, 0.5));
    let labels: Vec<i64> = (0..300).map(|k| k % 4).collect();
    let noise = draw(300 * 12, 0.0, 1.0);
    let shift = |place: usize, noise: f32| noise + if (place % 12) % 4 == (place / 12) % 4 { 1.5 } else { 0.0 };
    let train: Vec<f32> = noise.into_iter().enumerate().map(|(place, noise)| shift(place, noise)).collect();
    let tested = draw(40 * 12, 0.0, 2.0);
    let training = Training::new("train", layer.features(&train), labels, Device::Cpu).unwrap();
    (layer, training, tested)
}

/// The hyperparameters of `reference.py`.
fn referred(key: &str) -> serde_json::Value {
    match key {
        "gen" => json!({ "m": 2 }),
        "react" | "ash_s" | "ash_b" | "ash_p" | "dice" => json!({ "percentile": 60 }),
        "scale" => json!({ "percentile": 45 }),
        "knn" => json!({ "k": 7 }),
        "vim" => json!({ "dim": 5 }),
        _ => json!({}),
    }
}

#[test]
fn every_score_of_features_equals_a_program_in_numpy() {
    let python = std::env::var_os("ORACLE_PYTHON").unwrap_or_else(|| "python3".into());
    let fits = Command::new(&python).args(["-c", "import numpy"]).output().is_ok_and(|output| output.status.success());
    let missing = || format!("expected a Python with NumPy, found {} (ORACLE_PYTHON names one)", python.display());
    if require(Need::Python, if fits { Ok(()) } else { Err(missing()) }).is_none() {
        return;
    }
    let (layer, training, tested) = example();
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("input.npz"), folder.path().join("output.npz"));
    let mut npz = Npz::default();
    npz.push("train", &[300, 12], NpzValues::F32(training.of.features.clone()));
    npz.push("train_labels", &[300], NpzValues::I64(training.labels.clone()));
    npz.push("features", &[40, 12], NpzValues::F32(tested.clone()));
    npz.push("weight", &[4, 12], NpzValues::F32(layer.weight.clone()));
    npz.push("bias", &[4], NpzValues::F32(layer.bias.clone()));
    npz.save(&input).unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/analysis/score/reference.py");
    let ran = Command::new(&python).arg(program).args([&input, &output]).env("OMP_NUM_THREADS", "1").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let expected = Npz::load(&output).unwrap();
    let features = layer.features(&tested);
    for info in SCORES.iter().filter(|info| !info.gradient) {
        let found = layer.score(info.key, &referred(info.key), Some(&training), &features).unwrap();
        let expected = expected.f64(info.key).unwrap();
        assert_eq!(found.len(), 40);
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{}: {found} against {expected}", info.key);
        }
    }
}

#[test]
fn scores_of_real_features_detect_as_under_the_independent_oracle() {
    let Some(golden) = shared().map(|folder| folder.join("golden")) else { return };
    let array = |file: &str, name: &str| {
        let npz = Npz::load(&golden.join(format!("scores_{file}.npz"))).unwrap();
        npz.f64(name).unwrap().into_iter().map(|x| x as f32).collect::<Vec<f32>>()
    };
    let layer = Layer::new(array("head", "weight"), array("head", "bias"));
    let features = |file: &str| layer.with_logits(&array(file, "features"), &array(file, "logits"));
    let labels = array("train", "labels").into_iter().map(|label| label as i64).collect();
    let training = Training::new("train", features("train"), labels, Device::Cpu).unwrap();
    let text = std::fs::read_to_string(golden.join("scores_resnet20.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    for key in ["gen", "knn", "rmds", "vim"] {
        let score = |file: &str| layer.score(key, &json!({}), Some(&training), &features(file)).unwrap();
        let id = score("id");
        for dataset in ["cifar100", "svhn"] {
            let ood = score(dataset);
            let expected = &expected[format!("scores_{dataset}.npz")][key];
            for (name, found) in [("auroc", auroc(&id, &ood)), ("fpr95", flatland_core::metric::fpr95(&id, &ood))] {
                let (found, expected) = (found.unwrap(), expected[name].as_f64().unwrap());
                assert!((found - expected).abs() < 1e-4, "{key} {dataset} {name}: {found} against {expected}");
            }
        }
    }
}

#[test]
fn with_id_and_ood_exchanged_every_auroc_is_one_minus_what_it_was() {
    let (layer, training, tested) = example();
    let (id, ood) = (layer.features(&training.of.features), layer.features(&tested));
    for info in SCORES.iter().filter(|info| !info.gradient) {
        let score = |of: &Features| layer.score(info.key, &referred(info.key), Some(&training), of).unwrap();
        let (id, ood) = (score(&id), score(&ood));
        let (there, back) = (auroc(&id, &ood).unwrap(), auroc(&ood, &id).unwrap());
        assert!((there + back - 1.0).abs() < 1e-12, "{}: {there} and {back}", info.key);
    }
    // Scores of distances tell uniform features from those of classes: their direction is not turned.
    for key in ["knn", "mds", "rmds"] {
        let score = |of: &Features| layer.score(key, &referred(key), Some(&training), of).unwrap();
        assert!(auroc(&score(&id), &score(&ood)).unwrap() > 0.8, "{key}");
    }
}

#[test]
fn with_nothing_left_out_changed_features_have_the_energy_of_the_logits() {
    let (layer, training, _) = example();
    let features = &training.of;
    let score = |key: &str, percentile: f64| layer.score(key, &json!({ "percentile": percentile }), Some(&training), features).unwrap();
    let energies = layer.score("energy", &json!({}), None, features).unwrap();
    for (key, found) in [("ash_p", score("ash_p", 0.0)), ("react", score("react", 100.0))] {
        assert!(found.iter().zip(&energies).all(|(a, b)| (a - b).abs() < 1e-5), "{key}");
    }
    // exp(Σh/Σh) = e scales all features alike.
    let scaled: Vec<f32> = features.features.iter().map(|h| h * std::f32::consts::E).collect();
    let expected = layer.score("energy", &json!({}), None, &layer.features(&scaled)).unwrap();
    for key in ["ash_s", "scale"] {
        assert!(score(key, 0.0).iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4), "{key}");
    }
}

#[test]
fn images_without_features_have_finite_scores_by_pruning_and_by_neighbours() {
    let (layer, training, _) = example();
    let none = layer.features(&[0.0; 12]);
    let bias = energy(&layer.bias, 1.0);
    for key in ["ash_s", "ash_b", "ash_p", "scale", "react", "dice"] {
        let found = layer.score(key, &json!({}), Some(&training), &none).unwrap()[0];
        assert!((found - bias).abs() < 1e-6, "{key}: {found} against {bias}");
    }
    assert!((layer.score("knn", &json!({}), Some(&training), &none).unwrap()[0] + 1.0).abs() < 1e-6);
}

#[test]
fn distances_over_several_blocks_are_those_of_a_sorted_list() {
    let (layer, _, _) = example();
    let dim = layer.dim;
    let value = |k: usize| ((k * 7919) % 1000) as f32 / 1000.0 + 0.01;
    let bank: Vec<f32> = (0..2500 * dim).map(value).collect();
    let training = Training::new("train", layer.features(&bank), vec![0; 2500], Device::Cpu).unwrap();
    let query: Vec<f32> = (0..dim).map(|k| value(k * 31 + 5)).collect();
    let unit = |h: &[f32]| {
        let norm = h.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        h.iter().map(|&x| f64::from(x) / norm).collect::<Vec<f64>>()
    };
    let query_unit = unit(&query);
    let distance = |g: &[f32]| unit(g).iter().zip(&query_unit).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let mut distances: Vec<f64> = bank.chunks(dim).map(distance).collect();
    distances.sort_by(f64::total_cmp);
    let found = layer.score("knn", &json!({ "k": 1500 }), Some(&training), &layer.features(&query)).unwrap()[0];
    assert!((found + distances[1499]).abs() < 1e-6, "{found} against {}", distances[1499]);
}

#[test]
fn what_cannot_be_fitted_says_why() {
    let (layer, training, tested) = example();
    let features = layer.features(&tested);
    let refused = |key: &str, changed: serde_json::Value, training: Option<&Training>| {
        layer.score(key, &changed, training, &features).unwrap_err().to_string()
    };
    assert!(refused("knn", json!({ "k": 301 }), Some(&training)).contains("found 301 and 300 images of `train`"));
    assert!(refused("vim", json!({ "dim": 12 }), Some(&training)).contains("found 12 and 12 features"));
    assert!(refused("ash_b", json!({ "percentile": 100 }), None).contains("leaves at least one of 12 features, found 100"));
    let unlabelled = Training::new("train", layer.features(&tested), vec![-1; 40], Device::Cpu).unwrap();
    assert!(refused("mds", json!({}), Some(&unlabelled)).contains("expected labels for all images of `train`, found none for 40 of 40"));
    let broken = Training::new("train", layer.features(&[f32::NAN; 12]), vec![0], Device::Cpu).err().unwrap();
    assert!(broken.to_string().contains("found others for 1 of 1 images"));
}

#[test]
fn the_registry_has_the_scores_of_the_list_and_each_needs_what_it_says() {
    assert_eq!(REGISTRY.iter().map(|registration| registration.key).collect::<Vec<_>>(), SCORES.map(|info| info.key));
    let (layer, training, _) = example();
    for info in &SCORES {
        let build = |training, head| {
            let parameters = info.resolve(&Default::default()).unwrap();
            (find(info).unwrap().build)(&Setup { info, parameters, temperature: 1.0, training, head })
        };
        assert_eq!(build(None, Some(&layer.head)).is_err(), info.fitted, "{}", info.key);
        assert_eq!(build(Some(&training), None).is_err(), info.affine, "{}", info.key);
    }
}

#[test]
fn odin_of_softmax_regression_equals_its_closed_form() {
    let network = linear_network();
    let x = Tensor::arange(96, (Kind::Float, Device::Cpu)).sin().view([2, 3, 4, 4]);
    let (temperature, noise) = (10.0, 0.05);
    let output = network.forward(&x).unwrap();
    let features = Features { classes: output.logits.size()[1] as usize, ..Features::default() };
    let subject = Subject { network: &network, normalization: Some(&checkpoint().normalization), x: &x, features: &features };
    let info = score_info("odin").unwrap();
    let parameters = info.resolve(&serde_json::from_value(json!({ "temperature": temperature, "noise": noise })).unwrap()).unwrap();
    let setup = Setup { info, parameters, temperature: 1.0, training: None, head: None };
    let found = (find(info).unwrap().build)(&setup).unwrap().of(&subject, &mut Recorder::default()).unwrap();
    // ∂CE(z/T)/∂x = Wᵀ(softmax(z/T) − one-hot)/T.
    let head = AffineHead::of(&network, "it").unwrap();
    let (_, std) = checkpoint().normalization.constants();
    let z = output.logits.to_kind(Kind::Double);
    let one_hot = z.argmax(1, false).one_hot(z.size()[1]).to_kind(Kind::Double);
    let gradient = ((&z / temperature).softmax(1, Kind::Double) - one_hot).matmul(&head.weight).view([2, 3, 4, 4]);
    let std = Tensor::from_slice(&std).view([1, 3, 1, 1]);
    let moved = x.to_kind(Kind::Double) - gradient.sign() * noise / std;
    let expected = (head.logits(&moved.view([2, -1])).unwrap() / temperature).softmax(1, Kind::Double).amax([1i64].as_slice(), false);
    let expected = Vec::<f64>::try_from(&expected).unwrap();
    assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {expected:?}");
}

#[test]
fn the_last_layer_is_found_and_a_network_without_one_is_refused() {
    let network = small_network(3, 1);
    let head = AffineHead::of(&network, "the scores `vim`").unwrap();
    let off = |found: &Tensor, name: &str| (found - network.tensors[name].to_kind(Kind::Double)).abs().max().double_value(&[]);
    assert!(off(&head.weight, "fc.weight") < 1e-6 && off(&head.bias, "fc.bias") < 1e-6);
    let network = crate::model::Network::random("resnet8+godin", 3, 1, Device::Cpu).unwrap();
    let message = AffineHead::of(&network, "the scores `vim`").unwrap_err().to_string();
    assert!(
        message.contains("the scores `vim` need logits that are an affine function") && message.contains("`resnet8+godin`"),
        "{message}"
    );
}

#[test]
fn all_scores_of_a_job_are_in_its_files_with_their_hyperparameters_and_what_they_were_fitted_on() {
    use crate::analysis::test_support::{dataset, samples};
    let network = small_network(3, 1);
    let set = |name: &str, n: usize, step: usize| {
        let labels: Vec<i64> = (0..n as i64).map(|k| k % 3).collect();
        samples(&network, dataset(name, &labels, |i, p| (i * 37 + p * step) as u8))
    };
    let data = [(Role::Id, set("id", 9, 3)), (Role::Far, set("far", 7, 11))];
    let train = set("train", 60, 5);
    let out = tempfile::tempdir().unwrap();
    let job = ScoreJob {
        checkpoint: checkpoint(),
        datasets: Vec::new(),
        temperature: 1.0,
        names: SCORES.map(|info| info.key.to_owned()).into(),
        parameters: serde_json::from_value(json!({ "knn": { "k": 5 }, "ash_s": { "percentile": 50 }, "ash_b": { "percentile": 50 } }))
            .unwrap(),
        train: None,
        out: out.path().into(),
        device: flatland_core::job::Device::Cpu,
    };
    run(&network, &data, Some(&train), &job, &mut Recorder::default()).unwrap();
    let table = ScoreTable::load(out.path(), "net").unwrap();
    assert_eq!(table.scores.keys().map(String::as_str).collect::<Vec<_>>(), SCORES.map(|info| info.key));
    for info in &SCORES {
        assert!(table.detection(info.key, "far").is_some(), "{}: {:?}", info.key, table.why_no_detection(info.key, "far"));
    }
    assert_eq!((table.hyperparameters["knn"]["k"], table.hyperparameters["vim"]["dim"]), (5.0, 3.0));
    assert_eq!(table.fitted_on, Some(FittedOn { dataset: "train".into(), images: 60 }));
    let message = run(&network, &data, None, &job, &mut Recorder::default()).unwrap_err().to_string();
    assert!(message.contains("score `react` is fitted on ID training images: expected a dataset of role `train`"), "{message}");
}
